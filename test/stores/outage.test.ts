/** A server that says that it cannot serve: that is an outage, so the breaker opens, and each resource does what its config says. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { createLocker, type LockStore } from '../../src/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { postgresStore } from '../../src/stores/postgres/index.ts';
import { redisStore } from '../../src/stores/redis/index.ts';
import { freePort } from '../support/free-port.ts';
import { type ProcessServer, postgresServer, redisNode, redisServer } from '../support/services.ts';
import { describeWith, uniqueName } from '../support/shared.ts';

const minute = 60_000;
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function opensTheBreaker(store: LockStore, message: RegExp): Promise<void> {
  ends.push(() => store.close());
  const outage = { name: 'StoreUnavailableError', concerns: 'server' };
  for (let time = 0; time < 3; time++) {
    const failure: unknown = await store.create(uniqueName(), 'value', minute).catch((error: unknown) => error);
    expect(failure).toMatchObject({ ...outage, message: expect.stringMatching(message) });
  }
  await expect(store.create(uniqueName(), 'value', minute)).rejects.toMatchObject({
    ...outage,
    message: expect.stringMatching(/^Not asked/),
  });
  const locker = createLocker({ store });
  expect((await locker.tryLock(uniqueName()))?.isProtected).toBe(false);
  expect(await locker.run(uniqueName(), () => 'ran', { onStoreDown: 'skip' })).toMatchObject({ status: 'skipped', reason: 'store-down' });
}

describeWith('redis', () => {
  const server = (...args: string[]): Promise<ProcessServer> => kept(redisServer(args));
  async function kept(starting: Promise<ProcessServer>): Promise<ProcessServer> {
    const started = await starting;
    ends.push(() => started.stop());
    return started;
  }
  function over({ url }: ProcessServer): Redis {
    const client = new Redis(url);
    client.on('error', () => {});
    ends.push(() => client.disconnect());
    return client;
  }

  test('READONLY: a replica', async () => {
    const primary = await server();
    const replica = await server('--replicaof', primary.host, String(primary.port));
    await opensTheBreaker(redisStore({ client: over(replica) }), /^Redis is a read-only replica/);
  });

  test('MASTERDOWN: a replica that has lost its primary', async () => {
    const replica = await server('--replicaof', '127.0.0.1', String(await freePort()));
    const client = over(replica);
    await client.config('SET', 'replica-serve-stale-data', 'no');
    await opensTheBreaker(redisStore({ client }), /^Redis cannot serve the key now \(MASTERDOWN/);
  });

  test('CLUSTERDOWN: a node without slots', async () => {
    await opensTheBreaker(redisStore({ client: over(await kept(redisNode())) }), /^Redis cannot serve the key now \(CLUSTERDOWN/);
  });

  test('OOM: a server that is full', async () => {
    await opensTheBreaker(redisStore({ client: over(await server('--maxmemory', '1')) }), /^Redis is full/);
  });

  test('LOADING: a server that reads its data', async () => {
    const loading = await server(
      '--enable-debug-command',
      'yes',
      '--key-load-delay',
      '100000',
      '--rdbcompression',
      'no',
      '--loading-process-events-interval-bytes',
      '1024',
    );
    const [admin, client] = [over(loading), over(loading)];
    for (let key = 0; key < 200; key++) await admin.set(`key ${key}`, 'x'.repeat(2_000));
    await client.ping();
    const loaded = admin.call('DEBUG', 'RELOAD');
    loaded.catch(() => {});
    const isLoading = (): Promise<boolean> =>
      client.get('key 1').then(
        () => false,
        (error: Error) => error.message.startsWith('LOADING'),
      );
    while (!(await isLoading()));
    await opensTheBreaker(redisStore({ client }), /^Redis is still loading its data/);
  });
});

describeWith('postgres', () => {
  async function server(...args: string[]): Promise<ProcessServer> {
    const started = await postgresServer(args);
    ends.push(() => started.stop());
    await postgresStore({ connectionString: started.url, listen: false }).createTable();
    return started;
  }

  test('25006: a server that only reads', async () => {
    const { url } = await server();
    const connectionString = `${url}?options=${encodeURIComponent('-c default_transaction_read_only=on')}`;
    await opensTheBreaker(postgresStore({ connectionString, listen: false }), /is read-only here/);
  });

  test('57P03: a server that shuts down', async () => {
    const { url, pid } = await server();
    const held = new Client({ connectionString: url });
    held.on('error', () => {});
    await held.connect();
    process.kill(pid, 'SIGTERM'); // waits for whoever is connected
    const isRefused = async (): Promise<boolean> => {
      const client = new Client({ connectionString: url });
      client.on('error', () => {});
      const error: unknown = await client.connect().catch((reason: unknown) => reason);
      await client.end().catch(() => {});
      return (error as { code?: string } | undefined)?.code === '57P03';
    };
    while (!(await isRefused()));
    await opensTheBreaker(postgresStore({ connectionString: url, listen: false }), /is starting up or shutting down/);
    await held.end();
  });

  test('53300: a server without a free slot', async () => {
    const { url } = await server();
    const admin = new Client({ connectionString: url });
    await admin.connect();
    await admin.query('create role crowd login connection limit 0');
    await admin.end();
    await opensTheBreaker(
      postgresStore({ connectionString: url.replace('//postgres@', '//crowd@'), listen: false }),
      /has no connection slot left/,
    );
  });
});

describe('connection refused', () => {
  test('memcached', async () => {
    await opensTheBreaker(memcachedStore({ servers: `127.0.0.1:${await freePort()}` }), /ECONNREFUSED/);
  });

  test('redis', async () => {
    const client = new Redis(`redis://127.0.0.1:${await freePort()}`);
    client.on('error', () => {});
    ends.push(() => client.disconnect());
    await opensTheBreaker(redisStore({ client, timeoutMs: 300 }), /refuses connections/);
  });

  test('postgres', async () => {
    const connectionString = `postgres://postgres@127.0.0.1:${await freePort()}/postgres`;
    await opensTheBreaker(postgresStore({ connectionString, listen: false }), /refuses connections/);
  });
});
