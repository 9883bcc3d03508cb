import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { type FaultProxy, startProxy } from './proxy.ts';
import { memcachedServer, type ProcessServer, postgresServer, query, redisServer } from './services.ts';
import { describeWith } from './shared.ts';

/** What became of one request on the wire. */
type Outcome = { status: number } | 'reset' | 'closed' | { partial: number } | 'silent';

const opcode = { get: 0x00, add: 0x02, delete: 0x04 };

function request(operation: keyof typeof opcode, key: string, value = ''): Buffer {
  const extras = operation === 'add' ? Buffer.alloc(8) : Buffer.alloc(0);
  const body = Buffer.concat([extras, Buffer.from(key), Buffer.from(value)]);
  const header = Buffer.alloc(24);
  header.writeUInt8(0x80, 0);
  header.writeUInt8(opcode[operation], 1);
  header.writeUInt16BE(key.length, 2);
  header.writeUInt8(extras.length, 4);
  header.writeUInt32BE(body.length, 8);
  return Buffer.concat([header, body]);
}

/** Sends `bytes` on a new connection and watches it for at most `withinMs`. */
function send(to: { host: string; port: number }, bytes: Buffer, withinMs = 300): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect(to.port, to.host, () => socket.write(bytes));
    let heard = Buffer.alloc(0);
    const done = (outcome: Outcome): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    const timer = setTimeout(() => done('silent'), withinMs);
    socket.on('data', (chunk) => {
      heard = Buffer.concat([heard, chunk]);
      if (heard.length >= 24) done({ status: heard.readUInt16BE(6) });
    });
    socket.on('end', () => done('closed'));
    socket.on('error', () => done(heard.length > 0 ? { partial: heard.length } : 'reset'));
  });
}

const stored = { status: 0 };
const exists = { status: 2 };

describeWith('memcached', () => {
  let server: ProcessServer;
  let proxy: FaultProxy;
  let key: string;
  let serial = 0;

  beforeAll(async () => {
    server = await memcachedServer();
    proxy = await startProxy(server);
  });
  afterEach(() => proxy.heal());
  afterAll(async () => {
    await proxy.close();
    await server.stop();
  });

  const add = (): Promise<Outcome> => send(proxy, request('add', key, 'me'));
  const isStored = async (): Promise<boolean> => {
    const outcome = await send(server, request('get', key));
    if (typeof outcome !== 'object' || !('status' in outcome)) throw new Error(`the server itself: ${JSON.stringify(outcome)}`);
    return outcome.status === stored.status;
  };

  test('passes requests and replies through, and counts them', async () => {
    key = `k${serial++}`;
    proxy.forget();
    expect(await add()).toEqual(stored);
    expect(await add()).toEqual(exists);
    expect(await send(proxy, request('delete', key))).toEqual(stored);
    expect(proxy.operations).toEqual(['add', 'add', 'delete']);
    expect(proxy.requests).toBe(3);
    expect(proxy.connections).toBe(3);
  });

  test('counts requests that come in one piece, and in many pieces, once each', async () => {
    key = `k${serial++}`;
    proxy.forget();
    const socket: Socket = connect(proxy.port, proxy.host);
    const bytes = Buffer.concat([request('add', key, 'x'.repeat(100)), request('get', key), request('delete', key)]);
    for (let at = 0; at < 60; at += 7) {
      socket.write(bytes.subarray(at, Math.min(at + 7, 60)));
      await sleep(2);
    }
    socket.write(bytes.subarray(60));
    let heard = 0;
    while (heard < 24 * 3 + 4 + 100) heard += ((await once(socket, 'data')) as [Buffer])[0].length;
    socket.destroy();
    expect(proxy.operations).toEqual(['add', 'get', 'delete']);
  });

  test.each<[string, (proxy: FaultProxy) => void, Outcome]>([
    ['a RST after the request was applied', (proxy) => proxy.resetAfterApply(), 'reset'],
    ['a FIN after the request was applied', (proxy) => proxy.closeAfterApply(), 'closed'],
    ['a part of the reply, then a RST', (proxy) => proxy.cutReply(10), { partial: 10 }],
    ['a black hole after the request was applied', (proxy) => proxy.blackHole(1), 'silent'],
    ['a reply that comes too late', (proxy) => proxy.lateReply(600), 'silent'],
  ])('%s: the server has the value, and the next reply comes', async (_name, arm, outcome) => {
    key = `k${serial++}`;
    arm(proxy);
    expect(await add()).toEqual(outcome);
    expect(await isStored()).toBe(true);
    expect(await add()).toEqual(exists);
  });

  test('dropped requests never reach the server', async () => {
    key = `k${serial++}`;
    proxy.dropRequests();
    expect(await add()).toBe('silent');
    expect(await isStored()).toBe(false);
    proxy.heal();
    expect(await add()).toEqual(stored);
  });

  test('faults queue up, each for its number of replies', async () => {
    key = `k${serial++}`;
    proxy.resetAfterApply(2);
    proxy.closeAfterApply();
    expect([await add(), await add(), await add(), await add()]).toEqual(['reset', 'reset', 'closed', exists]);
  });

  test('a delay holds every reply back until it is healed', async () => {
    key = `k${serial++}`;
    proxy.delayMs = 120;
    const start = performance.now();
    expect(await add()).toEqual(stored);
    expect(performance.now() - start).toBeGreaterThanOrEqual(119);
    proxy.heal();
    expect(proxy.delayMs).toBe(0);
  });

  test('open connections can be reset at any time', async () => {
    const socket = connect(proxy.port, proxy.host);
    await once(socket, 'connect');
    const failed = once(socket, 'error');
    await send(proxy, request('get', 'k')); // the proxy has accepted both by now
    proxy.resetConnections();
    expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET' });
  });

  test('a server that is down resets the client, and works again after a restart', async () => {
    key = `k${serial++}`;
    await server.kill();
    expect(await add()).toBe('reset');
    await server.start();
    expect(await add()).toEqual(stored);
  });

  test('a server that is paused is silent, and answers when resumed', async () => {
    key = `k${serial++}`;
    server.pause();
    expect(await add()).toBe('silent');
    server.resume();
    expect(await add()).toEqual(exists);
  });
});

describeWith('redis', () => {
  test('commands are named', async () => {
    const server = await redisServer();
    const proxy = await startProxy(server, { protocol: 'redis' });
    const socket = connect(proxy.port, proxy.host);
    socket.write('*3\r\n$3\r\nset\r\n$1\r\nk\r\n$4\r\n\r\n\r\n\r\n*1\r\n$4\r\nping\r\n');
    let heard = '';
    while (!heard.includes('PONG')) heard += String(((await once(socket, 'data')) as [Buffer])[0]);
    socket.destroy();
    expect(proxy.operations).toEqual(['SET', 'PING']);
    await proxy.close();
    await server.stop();
  });
});

describeWith('postgres', () => {
  test('statements are counted, the handshake is not', async () => {
    const server = await postgresServer();
    const proxy = await startProxy(server, { protocol: 'postgres' });
    await query(server.url.replace(String(server.port), String(proxy.port)), 'select 1');
    expect(proxy.operations).toEqual(['query']);
    await proxy.close();
    await server.stop();
  });
});
