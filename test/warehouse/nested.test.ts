import { AsyncResource } from 'node:async_hooks';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { type FaultyStore, faultyStore } from '../../src/testing/index.ts';
import { createWarehouse, type InsertError, loadSqlParser, type Warehouse } from '../../src/warehouse/index.ts';
import { describeWith } from '../support/shared.ts';

/** Runs `work` outside the transactions that surround its call. */
const detached = AsyncResource.bind(<T>(work: () => T): T => work());

describeWith('postgres', (service) => {
  let pool: pg.Pool;
  let locker: ResourceLocker;
  let warehouse: Warehouse;
  let joining: Warehouse;
  let store: FaultyStore;

  beforeAll(async () => {
    await loadSqlParser();
    // One connection: whatever took a second one would hang.
    pool = new pg.Pool({ connectionString: service.url, max: 1 });
    await pool.query('create table events (id int, tags jsonb); create table totals (n int); create table keyed (id int primary key)');
  });
  afterAll(() => pool.end());
  beforeEach(async () => {
    store = faultyStore(memoryStore());
    locker = createLocker({ store });
    warehouse = createWarehouse({ pool, locker });
    joining = createWarehouse({ pool, locker, nested: 'savepoint', audit: 'throw' });
    await pool.query('truncate events, totals, keyed');
  });
  afterEach(async () => {
    await locker.close();
    expect(pool.idleCount).toBe(pool.totalCount);
  });

  const ids = async (): Promise<number[]> => (await pool.query('select id from events order by id')).rows.map(({ id }) => id);
  const refused = expect.objectContaining({ code: 'ERR_GIVEWAY_NESTED_TRANSACTION' });

  test.each<[string, (inside: pg.PoolClient) => unknown]>([
    ['a transaction', () => warehouse.transaction('events', () => {})],
    ['a transaction on another table', () => warehouse.transaction('totals', () => {})],
    [
      'a transaction, deep inside',
      () => locker.run('zebra', () => Promise.resolve().then(() => warehouse.transaction('events', () => {}))),
    ],
    ['batches', () => warehouse.insertBatches('events', [{ id: 2 }])],
    ['a guarded statement', () => warehouse.guard().query('insert into events values (2)')],
    [
      'a guarded statement with a callback',
      () => new Promise((_, reject) => warehouse.guard().query('insert into events values (2)', reject)),
    ],
    ['a guarded statement with a protocol of its own', async () => warehouse.guard().query(new pg.Query('insert into events values (2)'))],
  ])('%s inside a transaction is refused at once, and that one can go on', async (_what, act) => {
    await warehouse.transaction('events', async (client) => {
      await client.query('insert into events values (1)');
      await expect(Promise.resolve(act(client))).rejects.toEqual(refused);
      await client.query('insert into events values (3)');
    });
    expect(await ids()).toEqual([1, 3]);
    await warehouse.transaction('events', (client) => client.query('insert into events values (4)'));
    await warehouse.guard().query('insert into events values (5)');
    expect(await ids()).toEqual([1, 3, 4, 5]);
  });

  test('a statement of a guarded client inside a transaction is refused, a read is not', async () => {
    const own = new pg.Pool({ connectionString: service.url, max: 1 });
    await warehouse.transaction('events', async () => {
      const client = await warehouse.guard(own).connect();
      for (const text of ['insert into events values (2)', 'begin; insert into events values (2)'])
        await expect(client.query(text)).rejects.toEqual(refused);
      await client.query('select from events');
      client.release();
    });
    await own.end();
    expect(await ids()).toEqual([]);
  });

  test('what is beside a transaction, or after it, is not inside', async () => {
    let later: Promise<unknown> | undefined;
    await warehouse.transaction('events', async () => {
      later = detached(() => warehouse.transaction('totals', (client) => client.query('insert into totals values (1)')));
    });
    await later;
    let go = (): void => {};
    const ended = new Promise<void>((resolve) => {
      go = resolve;
    });
    let after: Promise<unknown> | undefined;
    await warehouse.transaction('events', async () => {
      after = ended.then(() => warehouse.transaction('events', (client) => client.query('insert into events values (1)')));
    });
    go();
    await after;
    expect(await ids()).toEqual([1]);
  });

  test('where nesting is explicit the context is not believed, and nothing is refused', async () => {
    const own = new pg.Pool({ connectionString: service.url, max: 2 });
    const explicit = createLocker({ store: memoryStore(), nesting: 'explicit' });
    const beside = createWarehouse({ pool: own, locker: explicit });
    await beside.transaction('events', () => beside.transaction('totals', (client) => client.query('insert into totals values (1)')));
    await explicit.close();
    await own.end();
  });

  test("nested: 'savepoint' joins: one lock, one COMMIT, and an error rolls back its own part", async () => {
    await joining.transaction({ writes: 'events', reads: 'totals' }, async (client) => {
      await client.query('insert into events values (1)');
      const value = await joining.transaction({ reads: 'totals', writes: 'Events' }, async (inner, lock) => {
        await inner.query('insert into events values (2)');
        await joining.transaction('events', (third) => third.query('insert into events values (3)'));
        expect(lock.scope.writes).toEqual(['events']);
        return 'done';
      });
      expect(value).toBe('done');
      const failing = joining.transaction('events', async (inner) => {
        await inner.query('insert into events values (4)');
        await inner.query('select 1/0');
      });
      await expect(failing).rejects.toMatchObject({ code: '22012' });
      await client.query('insert into events values (5)');
    });
    expect(await ids()).toEqual([1, 2, 3, 5]);
    expect(Object.values(store.calls).reduce((sum, calls) => sum + calls, 0)).toBe(4);
    const outer = joining.transaction('events', async () => {
      await joining.transaction('events', (inner) => inner.query('delete from events'));
      throw new Error('mine');
    });
    await expect(outer).rejects.toThrow('mine');
    expect(await ids()).toEqual([1, 2, 3, 5]);
  });

  /** Ends the lock of a transaction on "events", as its heartbeat would when the record has gone. */
  const lose = async (): Promise<void> => {
    const [lock] = locker.held();
    const entry = await store.read('giveway:events');
    if (entry !== undefined) await store.remove('giveway:events', entry.version);
    await lock?.extend();
    expect(lock?.signal.aborted).toBe(true);
  };

  test('a transaction that has lost its lock is around what is inside all the same: nothing of it goes by itself', async () => {
    const roomy = new pg.Pool({ connectionString: service.url, max: 4 });
    const inside = async (which: Warehouse): Promise<string[]> => {
      await lose();
      const acts = [
        () => which.insertBatches('events', [{ id: 1 }]),
        () => which.transaction('events', (client) => client.query('insert into events values (2)')),
        () => which.guard().query('insert into events values (3)'),
      ];
      const ends = await Promise.allSettled(acts.map((act) => act()));
      return ends.map((end) => (end.status === 'fulfilled' ? 'in' : (end.reason.cause ?? end.reason).code));
    };
    const lost = { code: 'ERR_GIVEWAY_LOCK_LOST' };
    for (const nested of ['savepoint', 'refuse'] as const) {
      const which = createWarehouse({ pool: roomy, locker, nested });
      let codes: string[] = [];
      await expect(which.transaction('events', () => inside(which).then((found) => (codes = found)))).rejects.toMatchObject(lost);
      expect(new Set(codes)).toEqual(new Set([nested === 'savepoint' ? lost.code : 'ERR_GIVEWAY_NESTED_TRANSACTION']));
    }
    expect(await ids()).toEqual([]);
    const going = createWarehouse({ pool: roomy, locker, nested: 'savepoint', onLost: 'continue' });
    expect(await going.transaction('events', () => inside(going))).toEqual(['in', 'in', 'in']);
    expect(await ids()).toEqual([1, 2, 3]);
    await roomy.end();
  });

  test('a lock that is lost while BEGIN is sent begins no work', async () => {
    let runs = 0;
    pool.once('acquire', (client) => {
      const send = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
      Object.assign(client, {
        query: (...args: unknown[]) => (args[0] === 'BEGIN' ? send(...args).then((result) => lose().then(() => result)) : send(...args)),
      });
    });
    await expect(warehouse.transaction('events', () => ++runs)).rejects.toMatchObject({ code: 'ERR_GIVEWAY_LOCK_LOST' });
    expect(runs).toBe(0);
  });

  test('nested transactions that are asked for together go one after the other', async () => {
    await joining.transaction('events', async () => {
      const nested = Array.from({ length: 6 }, (_, id) =>
        joining.transaction('events', async (client) => {
          await client.query('insert into events values ($1)', [id]);
          if (id % 2 === 1) throw new Error('odd');
        }),
      );
      await Promise.allSettled(nested);
    });
    expect(await ids()).toEqual([0, 2, 4]);
  });

  test('what joins must be covered by the outer scope, since locks last until the COMMIT', async () => {
    await joining.transaction({ appends: 'events' }, async () => {
      const other = joining.transaction({ writes: 'totals' }, () => {});
      await expect(other).rejects.toMatchObject({ code: 'ERR_GIVEWAY_NESTED_TRANSACTION', message: expect.stringContaining('"totals"') });
      const taken = locker.run('zebra', () => joining.transaction('zebra', () => {}));
      await expect(taken).rejects.toEqual(refused);
      await expect(joining.transaction('events', () => {})).rejects.toMatchObject({ code: 'ERR_GIVEWAY_UPGRADE' });
    });
  });

  test('batches and guarded statements join too', async () => {
    const guarded = joining.guard();
    await joining.transaction({ writes: 'events', appends: 'keyed' }, async () => {
      await guarded.query('insert into events values ($1)', [1]);
      expect(
        await joining.insertBatches(
          'events',
          [
            { id: 2, tags: [] },
            { id: 3, tags: null },
          ],
          { batchRows: 1 },
        ),
      ).toMatchObject({ rows: 2 });
      const rows = [{ id: 1 }, { id: 2 }, { id: 1 }];
      const failed = await joining.insertBatches('keyed', rows, { batchRows: 2 }).catch((error: InsertError) => error);
      expect(failed).toMatchObject({ name: 'InsertError', resumeFrom: 2, cause: { code: '23505' } });
      await expect(guarded.query('insert into totals values (1)')).rejects.toEqual(refused);
      await expect(joining.insertBatches('totals', [{ n: 1 }])).rejects.toMatchObject({ cause: refused });
    });
    expect(await ids()).toEqual([1, 2, 3]);
    expect((await pool.query('select tags from events where id = 2')).rows).toEqual([{ tags: [] }]);
    expect((await pool.query('select id from keyed order by id')).rows).toEqual([{ id: 1 }, { id: 2 }]);
    const outer = joining.transaction('events', async () => {
      await joining.insertBatches('events', [{ id: 4, tags: null }]);
      await guarded.query('insert into events values (5)');
      throw new Error('mine');
    });
    await expect(outer).rejects.toThrow('mine');
    expect(await ids()).toEqual([1, 2, 3]);
  });

  test('a wrong word for it is refused by name', () => {
    expect(() => createWarehouse({ pool, locker, nested: 'join' as never })).toThrow(expect.objectContaining({ path: 'nested' }));
  });
});
