import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import { Pool } from 'pg';
import type { Version } from '../../../src/lock/store.ts';
import { type PgPool, type PostgresStore, postgresStore } from '../../../src/stores/postgres/index.ts';
import { type FaultProxy, startProxy } from '../../support/proxy.ts';
import { type ProcessServer, postgresServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';

const unavailable = { name: 'StoreUnavailableError' };
const minute = 60_000;
const timeoutMs = 600;

// A server of our own: it is paused and killed.
describeWith('postgres', () => {
  let server: ProcessServer;
  let proxy: FaultProxy;
  let store: PostgresStore;
  /** Another process, with a connection that never breaks. */
  let other: PostgresStore;
  let key: string;
  let serial = 0;

  const throughProxy = (): string => server.url.replace(String(server.port), String(proxy.port));

  beforeAll(async () => {
    server = await postgresServer();
    proxy = await startProxy(server, { protocol: 'postgres' });
    store = postgresStore({ connectionString: throughProxy(), createTable: true, timeoutMs, breaker: false });
    other = postgresStore({ connectionString: server.url, timeoutMs });
    await store.createTable();
  }, 90_000);
  beforeEach(async () => {
    key = `key-${serial++}`;
    await store.read(key);
    await other.read(key);
    proxy.forget();
  });
  afterEach(() => proxy.heal());
  afterAll(async () => {
    await Promise.all([store.close(), other.close()]);
    await proxy.close();
    await server.stop();
  });

  async function created(value = 'mine'): Promise<Version> {
    const version = await store.create(key, value, minute);
    if (version === undefined) throw new Error('not created');
    return version;
  }

  test('create and remove are one request each', async () => {
    expect(await store.remove(key, await created())).toBe(true);
    expect(proxy.operations).toEqual(['execute', 'execute']);
  });

  test('however many calls there are at once, the store has two connections', async () => {
    const fresh = postgresStore({ connectionString: throughProxy(), timeoutMs: 5_000 });
    await Promise.all(Array.from({ length: 50 }, (_, index) => fresh.read(`${key} ${index}`)));
    expect(proxy.connections).toBe(2);
    await fresh.close();
  });

  test('a refused create and the look at who has it are one request each', async () => {
    await other.create(key, 'theirs', minute);
    expect(await store.create(key, 'mine', minute)).toBeUndefined();
    expect(await store.read(key)).toMatchObject({ value: 'theirs' });
    expect(proxy.operations).toEqual(['execute', 'execute']);
  });

  const losses: [string, (times?: number) => void][] = [
    ['a reset', (times) => proxy.resetAfterApply(times)],
    ['a close', (times) => proxy.closeAfterApply(times)],
    ['a partial reply', (times) => proxy.cutReply(7, times)],
  ];

  test.each(losses)('after %s the write is read back: it was ours', async (_, lose) => {
    lose();
    const first = await created('1');
    expect(await other.read(key)).toEqual({ value: '1', version: first });
    lose();
    const second = (await store.replace(key, '2', first, minute)) as Version;
    expect(await other.read(key)).toEqual({ value: '2', version: second });
    lose();
    const third = (await store.append?.(key, ' +é', second)) as Version;
    expect(await other.read(key)).toEqual({ value: '2 +é', version: third });
    lose();
    expect(await store.remove(key, third)).toBe(true);
    expect(await other.read(key)).toBeUndefined();
    expect(await store.remove(key, third)).toBe(false);
  });

  test.each(losses)('after %s the write is read back: it is theirs', async (_, lose) => {
    const stale = await created();
    expect(await other.remove(key, stale)).toBe(true);
    const theirs = await other.create(key, 'theirs', minute);
    lose();
    expect(await store.create(key, 'mine', minute)).toBeUndefined();
    lose();
    expect(await store.replace(key, 'mine', stale, minute)).toBeUndefined();
    lose();
    expect(await store.append?.(key, ' mine', stale)).toBeUndefined();
    lose();
    // Whether it was this call that removed the old one cannot be told any more. Theirs stands in any case.
    await expect(store.remove(key, stale)).rejects.toMatchObject(unavailable);
    expect(await other.read(key)).toEqual({ value: 'theirs', version: theirs });
  });

  test.each(losses)('%s of the connection, and of the next one too, is an error, and the next call works', async (_, lose) => {
    lose(2);
    await expect(store.create(key, 'mine', minute)).rejects.toMatchObject(unavailable);
    expect(await store.read(key)).toMatchObject({ value: 'mine' });
  });

  test('a removal that was not done because the entry had expired is a no, also after a lost reply', async () => {
    const version = (await store.create(key, 'short', 1)) as Version;
    while ((await other.read(key)) !== undefined);
    proxy.resetAfterApply();
    expect(await store.remove(key, version)).toBe(false);
  });

  test.each([
    ['a black hole', () => proxy.blackHole()],
    ['a reply that comes too late', () => proxy.lateReply(timeoutMs + 200)],
    ['requests that vanish', () => proxy.dropRequests()],
  ] as [string, () => void][])('%s is an error at the deadline, and the next call works', async (_, breakIt) => {
    const version = await created();
    breakIt();
    const { error, awakeMs } = await timed(store.remove(key, version));
    expect(error).toMatchObject({ ...unavailable, code: 'ERR_GIVEWAY_STORE_TIMEOUT' });
    expect(awakeMs).toBeLessThan(timeoutMs + 300);
    proxy.heal();
    expect(await store.read(`${key} another`)).toBeUndefined();
  });

  test('a reply that came while the process was blocked beyond the deadline is believed', async () => {
    const version = await created();
    // Not through the proxy, which would be blocked too.
    const removal = other.remove(key, version);
    await new Promise((resolve) => setImmediate(resolve)); // it is sent
    const until = performance.now() + timeoutMs + 200;
    while (performance.now() < until);
    expect(await removal).toBe(true);
  });

  test('connections that the server ends while idle are replaced, and nothing crashes', async () => {
    const version = await created();
    const pool = new Pool({ connectionString: server.url });
    await pool.query('select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and application_name = $1', [
      'giveway',
    ]);
    await pool.end();
    expect(await store.remove(key, version)).toBe(true);
  });

  test('a connection that somebody gave back in the middle of a transaction is not written on, but thrown away', async () => {
    const pool = new Pool({ connectionString: server.url, max: 2 });
    const lent = postgresStore({ pool, timeoutMs });
    const leave = async (statement: string): Promise<void> => {
      const client = await pool.connect();
      await client.query('begin');
      await client.query(statement).catch(() => {});
      client.release();
    };
    await leave('select 1');
    const version = await lent.create(key, 'mine', minute);
    expect(await other.read(key)).toEqual({ value: 'mine', version });
    await leave('select 1 / 0');
    expect(await lent.remove(key, version as Version)).toBe(true);
    expect(await other.read(key)).toBeUndefined();
    // Of a client that does not tell, what the server says counts.
    const client = await pool.connect();
    Object.assign(client, { getTransactionStatus: undefined });
    client.release();
    await leave('select 1 / 0');
    expect(await lent.create(key, 'mine', minute)).toBeDefined();
    await pool.end();
  });

  test('connections that lead to a replica since a fail-over are replaced', async () => {
    const admin = new Pool({ connectionString: server.url, max: 1 });
    // A role's settings are read when a session begins: those that are there stay read-only, the next is not.
    await admin.query('alter role postgres set default_transaction_read_only = on');
    const failedOver = postgresStore({ connectionString: server.url, timeoutMs, listen: false });
    await Promise.all([failedOver.read(key), failedOver.read(key)]);
    await expect(failedOver.create(key, 'too early', minute)).rejects.toThrow('is read-only here');
    await Promise.all([failedOver.read(key), failedOver.read(key)]);
    await admin.query('alter role postgres reset default_transaction_read_only');
    expect(await failedOver.create(key, 'mine', minute)).toBeDefined();
    await failedOver.close();
    await admin.end();
  });

  test('a row that somebody keeps locked is an error in time, and what was given up does not happen later', async () => {
    const version = await created();
    const pool = new Pool({ connectionString: server.url });
    const client = await pool.connect();
    await client.query('begin');
    await client.query('select from giveway_locks where key = $1 for update', [key]);
    await expect(store.replace(key, 'late', version, minute)).rejects.toMatchObject(unavailable);
    await expect(store.remove(key, version)).rejects.toMatchObject(unavailable);
    // Until the server itself has given up both.
    const waiting = `select from pg_stat_activity where application_name = 'giveway' and wait_event_type = 'Lock'`;
    while ((await pool.query(waiting)).rowCount !== 0);
    await client.query('rollback');
    expect(await store.read(key)).toEqual({ value: 'mine', version });
    client.release();
    await pool.end();
  });

  test('a server that is stopped for three seconds is an error each time, within the deadline, and works when it goes on', async () => {
    const version = await created();
    const pool = new Pool({ connectionString: server.url });
    const { rows } = await pool.query<{ pid: number }>('select pid from pg_stat_activity where client_port is not null');
    const signal = (name: NodeJS.Signals): void => {
      for (const pid of [server.pid, ...rows.map((row) => row.pid)]) process.kill(pid, name);
    };
    signal('SIGSTOP');
    try {
      const end = performance.now() + 3_000;
      while (performance.now() < end) {
        const { error, awakeMs } = await timed(store.remove(key, version));
        expect(error).toMatchObject(unavailable);
        expect(awakeMs).toBeLessThan(timeoutMs + 300);
      }
    } finally {
      signal('SIGCONT');
    }
    const fresh = await store.create(`${key} afterwards`, 'mine', minute);
    expect(await store.read(`${key} afterwards`)).toEqual({ value: 'mine', version: fresh });
    await pool.end();
  });

  test('a call that gets a connection only after its deadline sends nothing', async () => {
    const pool = new Pool({ connectionString: server.url });
    const client = await pool.connect();
    const query = jest.spyOn(client, 'query');
    const released = jest.spyOn(client, 'release').mockReturnValue(undefined);
    let lend = (): void => {};
    const slowPool: PgPool = {
      connect: () =>
        new Promise((resolve) => {
          lend = () => resolve(client);
        }),
    };
    const late = postgresStore({ pool: slowPool, timeoutMs: 50 });
    await expect(late.create(key, 'late', minute)).rejects.toMatchObject({
      message: 'Postgres gave no connection within 50 ms',
      code: 'ERR_GIVEWAY_STORE_TIMEOUT',
    });
    lend();
    await new Promise((resolve) => setImmediate(resolve));
    expect(released).toHaveBeenCalledTimes(1);
    expect(query).not.toHaveBeenCalled();
    released.mockRestore();
    client.release();
    await pool.end();
  });
});
