import { expect, jest, test } from '@jest/globals';
import { Pool } from 'pg';
import type { Version } from '../../../src/lock/store.ts';
import { type PgPool, postgresStore } from '../../../src/stores/postgres/index.ts';
import { postgresServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';
import { minute, setFaultStage, testLateReply, unavailable } from '../fault-stage.ts';

const timeoutMs = 600;

describeWith('postgres', () => {
  const stage = setFaultStage({
    protocol: 'postgres',
    start: postgresServer,
    async open(server, proxy) {
      const connectionString = server.url.replace(String(server.port), String(proxy.port));
      const store = postgresStore({ connectionString, createTable: true, timeoutMs, breaker: false });
      await store.createTable();
      return [store, postgresStore({ connectionString: server.url, timeoutMs })];
    },
  });
  const throughProxy = (): string => stage.server.url.replace(String(stage.server.port), String(stage.proxy.port));

  test('create and remove are one request each', async () => {
    expect(await stage.store.remove(stage.key, await stage.created())).toBe(true);
    expect(stage.proxy.operations).toEqual(['execute', 'execute']);
  });

  test('however many calls there are at once, the store has two connections', async () => {
    const fresh = postgresStore({ connectionString: throughProxy(), timeoutMs: 5_000 });
    await Promise.all(Array.from({ length: 50 }, (_, index) => fresh.read(`${stage.key} ${index}`)));
    expect(stage.proxy.connections).toBe(2);
    await fresh.close();
  });

  test('a refused create and the look at who has it are one request each', async () => {
    await stage.other.create(stage.key, 'theirs', minute);
    expect(await stage.store.create(stage.key, 'mine', minute)).toBeUndefined();
    expect(await stage.store.read(stage.key)).toMatchObject({ value: 'theirs' });
    expect(stage.proxy.operations).toEqual(['execute', 'execute']);
  });

  const losses: [string, (times?: number) => void][] = [
    ['a reset', (times) => stage.proxy.resetAfterApply(times)],
    ['a close', (times) => stage.proxy.closeAfterApply(times)],
    ['a partial reply', (times) => stage.proxy.cutReply(7, times)],
  ];

  test.each(losses)('after %s the write is read back: it was ours', async (_, lose) => {
    lose();
    const first = await stage.created('1');
    expect(await stage.other.read(stage.key)).toEqual({ value: '1', version: first });
    lose();
    const second = (await stage.store.replace(stage.key, '2', first, minute)) as Version;
    expect(await stage.other.read(stage.key)).toEqual({ value: '2', version: second });
    lose();
    const third = (await stage.store.append?.(stage.key, ' +é', second)) as Version;
    expect(await stage.other.read(stage.key)).toEqual({ value: '2 +é', version: third });
    lose();
    expect(await stage.store.remove(stage.key, third)).toBe(true);
    expect(await stage.other.read(stage.key)).toBeUndefined();
    expect(await stage.store.remove(stage.key, third)).toBe(false);
  });

  test.each(losses)('after %s the write is read back: it is theirs', async (_, lose) => {
    const stale = await stage.created();
    expect(await stage.other.remove(stage.key, stale)).toBe(true);
    const theirs = await stage.other.create(stage.key, 'theirs', minute);
    lose();
    expect(await stage.store.create(stage.key, 'mine', minute)).toBeUndefined();
    lose();
    expect(await stage.store.replace(stage.key, 'mine', stale, minute)).toBeUndefined();
    lose();
    expect(await stage.store.append?.(stage.key, ' mine', stale)).toBeUndefined();
    lose();
    // Whether it was this call that removed the old one cannot be told any more. Theirs stands in any case.
    await expect(stage.store.remove(stage.key, stale)).rejects.toMatchObject(unavailable);
    expect(await stage.other.read(stage.key)).toEqual({ value: 'theirs', version: theirs });
  });

  test.each(losses)('%s of the connection, and of the next one too, is an error, and the next call works', async (_, lose) => {
    lose(2);
    await expect(stage.store.create(stage.key, 'mine', minute)).rejects.toMatchObject(unavailable);
    expect(await stage.store.read(stage.key)).toMatchObject({ value: 'mine' });
  });

  test('a removal that was not done because the entry had expired is a no, also after a lost reply', async () => {
    const version = (await stage.store.create(stage.key, 'short', 1)) as Version;
    while ((await stage.other.read(stage.key)) !== undefined);
    stage.proxy.resetAfterApply();
    expect(await stage.store.remove(stage.key, version)).toBe(false);
  });

  test.each([
    ['a black hole', () => stage.proxy.blackHole()],
    ['a reply that comes too late', () => stage.proxy.lateReply(timeoutMs + 200)],
    ['requests that vanish', () => stage.proxy.dropRequests()],
  ] as [string, () => void][])('%s is an error at the deadline, and the next call works', async (_, breakIt) => {
    const version = await stage.created();
    breakIt();
    const { error, awakeMs } = await timed(stage.store.remove(stage.key, version));
    expect(error).toMatchObject({ ...unavailable, code: 'ERR_GIVEWAY_STORE_TIMEOUT' });
    expect(awakeMs).toBeLessThan(timeoutMs + 300);
    stage.proxy.heal();
    expect(await stage.store.read(`${stage.key} another`)).toBeUndefined();
  });

  testLateReply(stage, timeoutMs);

  test('connections that the server ends while idle are replaced, and nothing crashes', async () => {
    const version = await stage.created();
    const pool = new Pool({ connectionString: stage.server.url });
    await pool.query('select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and application_name = $1', [
      'giveway',
    ]);
    await pool.end();
    expect(await stage.store.remove(stage.key, version)).toBe(true);
  });

  test('a connection that somebody gave back in the middle of a transaction is not written on, but thrown away', async () => {
    const pool = new Pool({ connectionString: stage.server.url, max: 2 });
    const lent = postgresStore({ pool, timeoutMs });
    const leave = async (statement: string): Promise<void> => {
      const client = await pool.connect();
      await client.query('begin');
      await client.query(statement).catch(() => {});
      client.release();
    };
    await leave('select 1');
    const version = await lent.create(stage.key, 'mine', minute);
    expect(await stage.other.read(stage.key)).toEqual({ value: 'mine', version });
    await leave('select 1 / 0');
    expect(await lent.remove(stage.key, version as Version)).toBe(true);
    expect(await stage.other.read(stage.key)).toBeUndefined();
    // Of a client that does not tell, what the server says counts.
    const client = await pool.connect();
    Object.assign(client, { getTransactionStatus: undefined });
    client.release();
    await leave('select 1 / 0');
    expect(await lent.create(stage.key, 'mine', minute)).toBeDefined();
    await pool.end();
  });

  test('connections that lead to a replica since a fail-over are replaced', async () => {
    const admin = new Pool({ connectionString: stage.server.url, max: 1 });
    // A role's settings are read when a session begins: those that are there stay read-only, the next is not.
    await admin.query('alter role postgres set default_transaction_read_only = on');
    const failedOver = postgresStore({ connectionString: stage.server.url, timeoutMs, listen: false });
    await Promise.all([failedOver.read(stage.key), failedOver.read(stage.key)]);
    await expect(failedOver.create(stage.key, 'too early', minute)).rejects.toThrow('is read-only here');
    await Promise.all([failedOver.read(stage.key), failedOver.read(stage.key)]);
    await admin.query('alter role postgres reset default_transaction_read_only');
    expect(await failedOver.create(stage.key, 'mine', minute)).toBeDefined();
    await failedOver.close();
    await admin.end();
  });

  test('a row that somebody keeps locked is an error in time, and what was given up does not happen later', async () => {
    const version = await stage.created();
    const pool = new Pool({ connectionString: stage.server.url });
    const client = await pool.connect();
    await client.query('begin');
    await client.query('select from giveway_locks where key = $1 for update', [stage.key]);
    await expect(stage.store.replace(stage.key, 'late', version, minute)).rejects.toMatchObject(unavailable);
    await expect(stage.store.remove(stage.key, version)).rejects.toMatchObject(unavailable);
    // Until the server itself has given up both.
    const waiting = `select from pg_stat_activity where application_name = 'giveway' and wait_event_type = 'Lock'`;
    while ((await pool.query(waiting)).rowCount !== 0);
    await client.query('rollback');
    expect(await stage.store.read(stage.key)).toEqual({ value: 'mine', version });
    client.release();
    await pool.end();
  });

  test('a server that is stopped for three seconds is an error each time, within the deadline, and works when it goes on', async () => {
    const version = await stage.created();
    const pool = new Pool({ connectionString: stage.server.url });
    const { rows } = await pool.query<{ pid: number }>('select pid from pg_stat_activity where client_port is not null');
    const signal = (name: NodeJS.Signals): void => {
      for (const pid of [stage.server.pid, ...rows.map((row) => row.pid)]) process.kill(pid, name);
    };
    signal('SIGSTOP');
    try {
      const end = performance.now() + 3_000;
      while (performance.now() < end) {
        const { error, awakeMs } = await timed(stage.store.remove(stage.key, version));
        expect(error).toMatchObject(unavailable);
        expect(awakeMs).toBeLessThan(timeoutMs + 300);
      }
    } finally {
      signal('SIGCONT');
    }
    const fresh = await stage.store.create(`${stage.key} afterwards`, 'mine', minute);
    expect(await stage.store.read(`${stage.key} afterwards`)).toEqual({ value: 'mine', version: fresh });
    await pool.end();
  });

  test('a call that gets a connection only after its deadline sends nothing', async () => {
    const pool = new Pool({ connectionString: stage.server.url });
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
    await expect(late.create(stage.key, 'late', minute)).rejects.toMatchObject({
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
