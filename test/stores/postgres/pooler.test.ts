import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { StoreNotice, Version } from '../../../src/lock/store.ts';
import { postgresStore } from '../../../src/stores/postgres/index.ts';
import { type ProcessServer, postgresServer, query } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';

const minute = 60_000;

/**
 * Does to a connection what PgBouncer does to it: refuses settings in the greeting, and gives out a process id of its own.
 * The rest goes to a real server as it is. One that is `honest` passes the server's own process id on.
 */
async function startPooler(
  server: { host: string; port: number },
  honest = false,
  refusal = errorResponse('08P01', 'unsupported startup parameter: options'),
): Promise<{ listener: Server; url: string; refusals: () => number; said: () => string }> {
  let refusals = 0;
  let said = '';
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    const upstream = connect(server.port, server.host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    client.once('data', (greeting) => {
      if (greeting.includes('options\0')) {
        refusals += 1;
        client.end(refusal);
        return;
      }
      upstream.write(greeting);
      client.on('data', (bytes) => {
        said += bytes.toString('latin1');
      });
      client.pipe(upstream);
    });
    upstream.on('data', (bytes) => {
      const at = bytes.indexOf(Buffer.from([0x4b, 0, 0, 0, 12])); // BackendKeyData
      if (at >= 0 && !honest) bytes.writeUInt32BE(bytes.readUInt32BE(at + 5) ^ 1, at + 5);
      client.write(bytes);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  }).listen(0, '127.0.0.1');
  listener.on('close', () => {
    for (const socket of sockets) socket.destroy();
  });
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  return { listener, url: `postgres://postgres@127.0.0.1:${port}/postgres`, refusals: () => refusals, said: () => said };
}

function errorResponse(code: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`);
  const head = Buffer.from('E\0\0\0\0');
  head.writeUInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}

describeWith('postgres', () => {
  let server: ProcessServer;
  let pooler: Awaited<ReturnType<typeof startPooler>>;
  let pooled: string;
  beforeAll(async () => {
    server = await postgresServer();
    pooler = await startPooler(server);
    pooled = pooler.url;
  }, 90_000);
  afterAll(async () => {
    pooler.listener.close();
    await server.stop();
  });

  test('a pooler that knows no settings gets none, also when many calls find out at once', async () => {
    const store = postgresStore({ connectionString: pooled, createTable: true });
    const versions = await Promise.all(Array.from({ length: 20 }, () => store.create('key', 'value', minute)));
    expect(versions.filter((version) => version !== undefined)).toHaveLength(1);
    expect(pooler.refusals()).toBe(1);
    await store.close();
  });

  test("so does one that refuses settings in RDS Proxy's words", async () => {
    const refusal = errorResponse('0A000', "Feature not supported: RDS Proxy currently doesn't support command-line options.");
    const proxy = await startPooler(server, false, refusal);
    const store = postgresStore({ connectionString: proxy.url, createTable: true, breaker: false });
    expect(await store.create('behind RDS Proxy', 'value', minute)).toBeDefined();
    expect(proxy.refusals()).toBe(1);
    await store.close();
    proxy.listener.close();
  });

  test('statements are prepared on a connection that leads to the server itself, and on no other', async () => {
    const proxy = await startPooler(server, true);
    for (const { url, said } of [pooler, proxy]) {
      const store = postgresStore({ connectionString: url, createTable: true });
      for (const key of ['prepared-1', 'prepared-2']) {
        const version = (await store.create(key, 'value', minute)) as Version;
        expect(await store.remove(key, version)).toBe(true);
      }
      // What is parsed: the name, empty for none, a zero, the text.
      expect(
        said()
          .match(/[a-z]*\0(insert|update)/g)
          ?.slice(-4),
      ).toEqual(url === pooler.url ? ['\0insert', '\0update', '\0insert', '\0update'] : ['\0insert', 'remove\0update', 'create\0insert']);
      await store.close();
    }
    proxy.listener.close();
  });

  test('a statement whose table has another type by now is prepared anew', async () => {
    const store = postgresStore({ connectionString: server.url, table: 'altered_locks', createTable: true });
    await store.create('key', 'value', minute);
    const before = await store.read('key');
    await query(server.url, 'alter table altered_locks alter column value type varchar(8000)');
    expect(await store.read('key')).toEqual(before);
    await store.close();
  });

  test('whoever listens through it is told once that nothing will be heard, and the store polls', async () => {
    const store = postgresStore({ connectionString: pooled, createTable: true });
    const notices: StoreNotice[] = [];
    store.onNotice?.((notice) => notices.push(notice));
    let calls = 0;
    expect(store.traits.pushes).toBe(true);
    store.subscribe?.('key', () => calls++);
    while (notices.length === 0) await sleep(2);
    expect(notices).toMatchObject([{ code: 'ERR_GIVEWAY_NO_PUSH' }]);
    expect({ calls, pushes: store.traits.pushes }).toEqual({ calls: 1, pushes: false });
    await store.close();
  });

  test('with a direct connection string for listen it hears', async () => {
    const store = postgresStore({ connectionString: pooled, listen: server.url, createTable: true });
    const version = (await store.create('direct', 'value', minute)) as Version;
    let calls = 0;
    store.subscribe?.('direct', () => calls++);
    while (calls < 1) await sleep(2);
    await store.remove('direct', version);
    while (calls < 2) await sleep(2);
    expect(store.traits.pushes).toBe(true);
    await store.close();
  });
});
