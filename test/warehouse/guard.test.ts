import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { type MemoryStore, memoryStore } from '../../src/stores/memory.ts';
import { type FaultyStore, faultyStore } from '../../src/testing/index.ts';
import { createWarehouse, loadSqlParser, type Warehouse } from '../../src/warehouse/index.ts';
import { describeWith } from '../support/shared.ts';

describeWith('postgres', (service) => {
  let pool: pg.Pool;
  let backend: MemoryStore;
  let store: FaultyStore;
  let locker: ResourceLocker;
  let other: ResourceLocker;
  let warehouse: Warehouse;
  let guarded: pg.Pool;
  let acquired: object[];
  let late: { sql: string; tables: readonly string[]; job: string | undefined }[];

  beforeAll(async () => {
    await loadSqlParser();
    pool = new pg.Pool({ connectionString: service.url, max: 4 });
    await pool.query('create table events (id int); create table totals (n bigint); create table countries (code text)');
  });
  afterAll(() => pool.end());
  beforeEach(async () => {
    backend = memoryStore();
    store = faultyStore(backend.connect());
    locker = createLocker({ store, job: 'api', resources: ['events', 'totals'] });
    other = createLocker({ store: backend.connect(), job: 'rewrite' });
    warehouse = createWarehouse({ pool, locker });
    guarded = warehouse.guard();
    acquired = [];
    late = [];
    locker.on('acquired', ({ scope }) => acquired.push(scope));
    locker.on('late-lock', (event) => late.push(event));
    await pool.query('truncate events, totals');
  });
  afterEach(async () => {
    await locker.close({ timeoutMs: 500 });
    await other.close();
    expect(pool.idleCount).toBe(pool.totalCount);
  });

  const requests = (): number => Object.values(store.calls).reduce((sum, calls) => sum + calls, 0);
  const count = async (): Promise<number> => (await pool.query('select from events')).rowCount as number;

  test('P2: reads ask nothing of the lock store, even while somebody rewrites the table', async () => {
    const lock = await other.lock('events');
    await guarded.query('select count(*) from events join totals on n = id');
    await guarded.query({ text: 'select $1::int', values: [1] });
    await guarded.query('with e as (select * from events) select * from e');
    const client = await guarded.connect();
    await client.query('begin isolation level serializable');
    await client.query('select * from events');
    await client.query('commit');
    client.release();
    expect(requests()).toBe(0);
    expect(late).toEqual([]);
    await lock.unlock();
  });

  test('a write takes its table, in the mode it needs, and lets go', async () => {
    expect(await guarded.query('insert into events values ($1)', [1])).toMatchObject({ rowCount: 1 });
    await guarded.query('update Events set id = 2');
    await guarded.query({ text: 'insert into totals select count(*) from events' });
    expect(acquired).toEqual([
      { writes: [], appends: ['events'], reads: [] },
      { writes: ['events'], appends: [], reads: [] },
      { writes: [], appends: ['totals'], reads: ['events'] },
    ]);
    expect(locker.held()).toEqual([]);
  });

  test('a write waits while the table is taken, and says who holds it when the wait runs out', async () => {
    const lock = await other.lock('events');
    const waits = new Promise<void>((resolve) => locker.on('waiting', () => resolve()));
    const insert = guarded.query('insert into events values (1)');
    await waits;
    expect(await count()).toBe(0);
    await lock.unlock();
    await insert;
    expect(await count()).toBe(1);
    const again = await other.lock('events');
    const hurried = createWarehouse({ pool, locker, retry: { maxWaitMs: 20 } }).guard();
    await expect(hurried.query('delete from events')).rejects.toMatchObject({ name: 'ResourceBusyError', holders: [{ job: 'rewrite' }] });
    await again.unlock();
  });

  test('a table nobody listed: refused when it is written, left alone when it is read beside', async () => {
    await guarded.query('insert into totals select count(*) from countries');
    await guarded.query('insert into totals select count(*) from countries');
    expect(acquired).toEqual([
      { writes: [], appends: ['totals'], reads: [] },
      { writes: [], appends: ['totals'], reads: [] },
    ]);
    await expect(guarded.query("insert into countries values ('fr')")).rejects.toMatchObject({ name: 'UnknownResourceError' });
  });

  test('callbacks, and the statement’s own error', async () => {
    const result = await new Promise((resolve, reject) =>
      guarded.query('insert into events values (1)', (error, answer) => (error ? reject(error) : resolve(answer.rowCount))),
    );
    expect(result).toBe(1);
    const failed = await new Promise((resolve) => guarded.query('insert into events values ($1)', ['x'], (error) => resolve(error)));
    expect(failed).toMatchObject({ code: '22P02' });
    await expect(guarded.query("insert into events values ('x')")).rejects.toMatchObject({ code: '22P02' });
    expect(locker.held()).toEqual([]);
  });

  test('clients of connect() do the same, and keep the order of their statements', async () => {
    const lock = await other.lock('events');
    const waits = new Promise<void>((resolve) => locker.on('waiting', () => resolve()));
    const client = await guarded.connect();
    const insert = client.query('insert into events values (1)');
    const seen = client.query('select from events');
    await waits;
    await lock.unlock();
    await insert;
    expect((await seen).rowCount).toBe(1);
    client.release();
    await new Promise<void>((resolve, reject) =>
      guarded.connect((error, connected, release) => {
        if (error !== undefined || connected === undefined) return reject(error);
        connected.query('insert into events values (2)').then(() => resolve(release()), reject);
      }),
    );
    expect(acquired.length).toBe(2);
  });

  test('inside an explicit transaction a write without a lock is reported once for each table, and sent', async () => {
    const client = await guarded.connect();
    await client.query('BEGIN');
    await client.query('select count(*) from events');
    await client.query('insert into events values (1)');
    await client.query('insert into events values (2)');
    await client.query('/* end */ COMMIT');
    expect(late).toEqual([{ sql: 'insert into events values (1)', tables: ['events'], job: undefined }]);
    expect(requests()).toBe(0);
    await client.query('insert into events values (3)');
    expect(acquired.length).toBe(1);
    await client.query('begin; delete from events where id = 3');
    expect(late.length).toBe(2);
    await client.query('rollback');
    client.release();
    expect(await count()).toBe(3);
  });

  test('a lock taken before the transaction counts; one taken after its snapshot is too late', async () => {
    await locker.run('events', async () => {
      const client = await guarded.connect();
      await client.query('begin');
      await client.query('delete from events');
      await client.query('commit');
      await client.query('delete from events');
      client.release();
    });
    expect(late).toEqual([]);
    expect(acquired.length).toBe(1); // the guard's own joined it
    const client = await guarded.connect();
    await client.query('begin');
    await client.query('select from events');
    await new Promise((resolve) => setTimeout(resolve, 5));
    await locker.run('events', () => client.query('delete from events'));
    await client.query('commit');
    client.release();
    expect(late).toMatchObject([{ tables: ['events'] }]);
  });

  test('temporary tables are nobody else’s; what cannot be read is told once', async () => {
    const client = await guarded.connect();
    await client.query('create temporary table stage (id int)');
    await client.query('insert into stage values (1)');
    client.release(true);
    expect(requests()).toBe(0);
    const notices: unknown[] = [];
    locker.on('notice', ({ code }) => notices.push(code));
    await guarded.query('do $$ begin perform 1; end $$');
    await guarded.query('do $$ begin perform 1; end $$');
    expect(notices).toEqual(['ERR_GIVEWAY_UNREAD_SQL']);
    await guarded.query('/* giveway: writes=events */ do $$ begin perform 1; end $$');
    expect(acquired).toMatchObject([{ writes: ['events'] }]);
  });

  test('a conflict is tried again under the lock', async () => {
    const conflicts: unknown[] = [];
    locker.on('conflict', ({ code }) => conflicts.push(code));
    const flaky = { ...pool, connect: pool.connect.bind(pool) } as unknown as pg.Pool;
    let calls = 0;
    flaky.query = ((...args: [string]) =>
      ++calls === 1 ? Promise.reject(Object.assign(new Error('busy'), { code: '40001' })) : pool.query(...args)) as never;
    await warehouse.guard(flaky).query('insert into events values (1)');
    expect(conflicts).toEqual(['40001']);
    expect(await count()).toBe(1);
  });

  test('a text that commits in its middle is not tried again: what is in would be in twice', async () => {
    const text = `insert into events values (1); commit; /* giveway: writes=events */ do $$ begin raise sqlstate '40001'; end $$`;
    await expect(guarded.query(text)).rejects.toMatchObject({ code: '40001' });
    expect(await count()).toBe(1);
  });

  test('a write that waits when its client is released does not come among the statements of the next', async () => {
    const single = new pg.Pool({ connectionString: service.url, max: 1 });
    const shared = warehouse.guard(single);
    const lock = await other.lock('events');
    const waits = new Promise<void>((resolve) => locker.on('waiting', () => resolve()));
    const first = await shared.connect();
    const insert = first.query('insert into events values (1)');
    first.release();
    const begun = new Promise<() => Promise<void>>((resolve, reject) =>
      shared.connect((error, client, release) => {
        if (client === undefined) return reject(error);
        const rollBack = (): Promise<void> => client.query('rollback').then(() => release());
        client.query('begin').then(() => resolve(rollBack), reject);
      }),
    );
    await waits;
    // It has the client now, if it is to be had so early.
    await Promise.race([begun, new Promise((resolve) => setTimeout(resolve, 50))]);
    await lock.unlock();
    await insert;
    await (await begun)();
    expect(await count()).toBe(1);
    await single.end();
  });

  test('messages show no secrets', async () => {
    const told: string[] = [];
    locker.on('notice', ({ message }) => told.push(message));
    const secret = "select my_copy('AKIA' , E'k\\'ey', $$word$$) from events";
    await guarded.query(secret).catch(() => {});
    await guarded.query(`do $$ begin perform 'word'; end $$`);
    const strict = warehouse.transaction(
      { reads: 'events' },
      (client) => client.query(`copy events from 's3://b' credentials 'AKIA;word'`),
      {
        audit: 'throw',
      },
    );
    told.push(String(await strict.catch((error: Error) => error.message)));
    for (const pool of ['postgres://me:word@host/db', undefined])
      expect(() => createWarehouse({ pool: pool as never, locker })).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('word') }),
      );
    expect(told.length).toBe(3);
    expect(told.join()).not.toMatch(/AKIA|ey'|word/);
    expect(told[2]).toContain(`copy events from '…' credentials '…'`);
  });

  test('it is a pool all the same', async () => {
    expect(guarded).toBeInstanceOf(pg.Pool);
    expect(guarded.totalCount).toBe(pool.totalCount);
    expect(() => warehouse.guard({} as never)).toThrow(expect.objectContaining({ path: 'pool' }));
  });
});
