import { afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { type MemoryStore, memoryStore } from '../../src/stores/memory.ts';
import { createWarehouse, type InsertError, type Warehouse } from '../../src/warehouse/index.ts';
import { type FaultProxy, startProxy } from '../support/proxy.ts';
import { query } from '../support/services.ts';
import { describeWith } from '../support/shared.ts';

describeWith('postgres', (service) => {
  let proxy: FaultProxy;
  let direct: pg.Pool;
  /** Through the proxy. */
  let pool: pg.Pool;
  let backend: MemoryStore;
  let locker: ResourceLocker;
  let warehouse: Warehouse;
  /** Called with each statement before it is sent; may answer in the server's place. */
  let onStatement: (text: string) => unknown;

  beforeAll(() => query(service.url, 'create table events (id int, note text)'));
  beforeEach(async () => {
    onStatement = () => undefined;
    const address = new URL(service.url);
    proxy = await startProxy({ host: address.hostname, port: Number(address.port) }, { protocol: 'postgres' });
    address.port = String(proxy.port);
    direct = new pg.Pool({ connectionString: service.url, max: 2 });
    pool = new pg.Pool({ connectionString: address.href, max: 3 });
    pool.on('error', () => {});
    pool.on('connect', (client) => {
      const send = client.query.bind(client) as (...args: unknown[]) => unknown;
      const watched = (...args: unknown[]): unknown => {
        const [statement] = args as [string | { text: string }];
        return onStatement(typeof statement === 'string' ? statement : statement.text) ?? send(...args);
      };
      Object.assign(client, { query: watched });
    });
    backend = memoryStore();
    locker = createLocker({ store: backend.connect(), ttlMs: 1_000 });
    warehouse = createWarehouse({ pool, locker });
    await direct.query('truncate events');
  });
  afterEach(async () => {
    proxy.heal();
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(locker.held()).toEqual([]);
    await locker.close();
    await Promise.all([pool.end(), direct.end()]);
    await proxy.close();
  });

  const numbered = (from: number, to: number): { id: number; note: string }[] =>
    Array.from({ length: to - from }, (_, index) => ({ id: from + index, note: 'x'.repeat(100) }));
  const ids = async (): Promise<number[]> => (await direct.query('select id from events order by id')).rows.map(({ id }) => id);
  const failureOf = (promise: Promise<unknown>): Promise<InsertError> =>
    promise.then(
      () => Promise.reject(new Error('it went through')),
      (error: InsertError) => error,
    );
  /** Does `act` when the next COMMIT is about to be sent. */
  const atNextCommit = (act: () => void): void => {
    onStatement = (text) => {
      if (text !== 'COMMIT') return undefined;
      onStatement = () => undefined;
      act();
      return undefined;
    };
  };
  /** What the proxy sees from here on goes nowhere; then the connection breaks. */
  const loseRequest = (): void => {
    proxy.forget();
    proxy.dropRequests();
    const look = setInterval(() => {
      if (proxy.requests === 0) return;
      clearInterval(look);
      proxy.resetConnections();
      proxy.heal();
    }, 5);
  };
  const asRedshift = (text: string): unknown =>
    text === 'select version()'
      ? Promise.resolve({
          rows: [{ version: 'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2, Redshift 1.0.77467' }],
        })
      : undefined;

  test("COMMIT's answer is lost: the database says that the rows are in, and the insert goes on", async () => {
    atNextCommit(() => proxy.resetAfterApply());
    await expect(warehouse.insertBatches('events', numbered(0, 10), { batchRows: 5 })).resolves.toMatchObject({ rows: 10 });
    expect((await ids()).length).toBe(10);
  });

  test('COMMIT never arrives: the database says that the rows are not in', async () => {
    await warehouse.insertBatches('events', numbered(0, 5));
    atNextCommit(loseRequest);
    const error = await failureOf(warehouse.insertBatches('events', numbered(5, 10)));
    expect(error).toMatchObject({ inserted: [], unknown: [], resumeFrom: 0, cause: { code: 'ERR_GIVEWAY_COMMIT_UNKNOWN' } });
    expect((await ids()).length).toBe(5);
  });

  test('COMMIT never arrives and the server keeps its session: it is ended, then the rows are not in', async () => {
    // The client's connection ends, the server's does not.
    const cutOff = createWarehouse({ pool, locker, maxHoldMs: 1_000 });
    let sessions = 0;
    atNextCommit(() => {
      proxy.forget();
      proxy.dropRequests();
      const look = setInterval(async () => {
        if (proxy.requests === 0) return;
        clearInterval(look);
        sessions = (
          await direct.query(`
            select from pg_stat_activity where state = 'idle in transaction' and query like 'select pg_current%'
            and pid in (select pid from pg_locks where relation = 'events'::regclass)`)
        ).rowCount as number;
        proxy.heal();
      }, 5);
    });
    const error = await failureOf(cutOff.insertBatches('events', numbered(0, 5)));
    expect(sessions).toBe(1);
    expect(error).toMatchObject({ resumeFrom: 0 });
    expect(await ids()).toEqual([]);
  });

  test('an error of the socket is no answer to a COMMIT, though its code looks like one of the server', async () => {
    onStatement = (text) => (text === 'COMMIT' ? Promise.reject(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })) : undefined);
    const error = await failureOf(warehouse.insertBatches('events', numbered(0, 5)));
    expect(error).toMatchObject({ resumeFrom: 0, cause: { code: 'ERR_GIVEWAY_COMMIT_UNKNOWN' } });
  });

  test('an answer to a COMMIT that does not know it either (CockroachDB: 40003) is none', async () => {
    const error = Object.assign(new Error('result is ambiguous'), { code: '40003', severity: 'ERROR' });
    onStatement = (text) => (text === 'COMMIT' ? Promise.reject(error) : undefined);
    expect(await failureOf(warehouse.insertBatches('events', numbered(0, 5)))).toMatchObject({
      cause: { code: 'ERR_GIVEWAY_COMMIT_UNKNOWN', cause: error },
    });
  });

  test('the connection dies while the catalogue is asked: an error, and the process lives', async () => {
    onStatement = (text) => {
      if (text.includes('pg_attribute')) proxy.resetConnections();
      return undefined;
    };
    const crashes: unknown[] = [];
    const crash = (error: unknown): number => crashes.push(error);
    process.on('uncaughtException', crash);
    const error = await failureOf(warehouse.insertBatches('events', [{ id: 1, note: ['x'] }]));
    onStatement = () => undefined;
    process.off('uncaughtException', crash);
    expect(error).toMatchObject({ resumeFrom: 0, cause: { message: expect.stringMatching(/terminated|ECONNRESET/) } });
    expect(crashes).toEqual([]);
  });

  test.each([
    ['is lost', true, () => proxy.resetAfterApply()],
    ['never comes', false, loseRequest],
  ] as const)("COMMIT's answer %s, on a database that cannot be asked: unknown, and never tried again", async (_, isIn, fault) => {
    const commits: string[] = [];
    onStatement = (text) => {
      if (text === 'COMMIT' && commits.push(text) === 1) fault();
      return asRedshift(text);
    };
    const error = await failureOf(warehouse.insertBatches('events', numbered(0, 100), { batchRows: 5 }));
    // The first transaction took one batch or, merged, several.
    const to = error.unknown[0]?.to as number;
    expect(error).toMatchObject({ inserted: [], unknown: [{ from: 0, to }], resumeFrom: undefined });
    expect([0, to - 1, to, 99].map((index) => error.statusOf(index))).toEqual(['unknown', 'unknown', 'not-in', 'not-in']);
    expect(error.message).toContain(`It is unknown whether rows 0 to ${to - 1} are in`);
    expect(commits.length).toBe(1);
    expect((await ids()).length).toBe(isIn ? to : 0);
  });

  test('the database is away after the COMMIT: unknown, in bounded time', async () => {
    atNextCommit(() => {
      proxy.resetAfterApply();
      proxy.blackHole();
    });
    const startMs = Date.now();
    const error = await failureOf(warehouse.insertBatches('events', numbered(0, 5)));
    expect(error.statusOf(0)).toBe('unknown');
    expect(Date.now() - startMs).toBeLessThan(8_000);
    proxy.heal();
    proxy.resetConnections();
  });

  test.each(['copy', 'insert'] as const)('a connection that breaks in the middle of a batch (%s): nothing of it is in', async (method) => {
    await warehouse.insertBatches('events', numbered(0, 5));
    const rows = (function* () {
      yield* numbered(5, 10);
      yield* numbered(10, 5_000);
    })();
    let writes = 0;
    onStatement = (text) => {
      if (/^(COPY|INSERT)/.test(text) && ++writes === 2) setImmediate(() => proxy.resetConnections());
      return undefined;
    };
    const error = await failureOf(warehouse.insertBatches('events', rows, { batchRows: 5, method }));
    expect(error.unknown).toEqual([]);
    expect(await ids()).toEqual([...numbered(0, 5), ...numbered(5, 5 + (error.resumeFrom as number))].map(({ id }) => id));
  });

  test.each(['copy', 'insert'] as const)('a lock lost in the middle of a batch (%s): nothing of it is in', async (method) => {
    const entry = async (): Promise<void> => {
      const found = await backend.read('giveway:events');
      if (found !== undefined) await backend.remove('giveway:events', found.version);
    };
    // Somebody else's open transaction keeps the insert waiting in the database.
    const blocker = await direct.connect();
    await blocker.query('begin');
    await blocker.query('lock table events in exclusive mode');
    onStatement = (text) => {
      if (/^(COPY|INSERT)/.test(text)) void entry();
      return undefined;
    };
    const error = await failureOf(warehouse.insertBatches('events', numbered(0, 5), { method }));
    await blocker.query('rollback');
    blocker.release();
    expect(error).toMatchObject({ resumeFrom: 0, cause: { name: 'LockLostError', reason: 'vanished' } });
    expect(await ids()).toEqual([]);
  });
});
