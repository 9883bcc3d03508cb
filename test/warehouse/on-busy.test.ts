import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { createLocker, ResourceBusyError, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { createWarehouse, type Warehouse } from '../../src/warehouse/index.ts';
import { describeWith } from '../support/shared.ts';

describeWith('postgres', (service) => {
  let pool: pg.Pool;
  let locker: ResourceLocker;
  let other: ResourceLocker;
  let warehouse: Warehouse;

  beforeAll(async () => {
    pool = new pg.Pool({ connectionString: service.url, max: 4 });
    await pool.query('create table events (id int, note text)');
  });
  afterAll(() => pool.end());
  beforeEach(async () => {
    const backend = memoryStore();
    locker = createLocker({ store: backend.connect(), job: 'test' });
    other = createLocker({ store: backend.connect(), job: 'rewrite' });
    warehouse = createWarehouse({ pool, locker, isolation: 'serializable' });
    await pool.query('truncate events');
  });
  afterEach(() => Promise.all([locker.close({ timeoutMs: 500 }), other.close({ timeoutMs: 500 })]));

  test("with onBusy 'skip' a taken scope is an outcome, and a free one too", async () => {
    const lock = await other.lock('events');
    let runs = 0;
    const insert = (client: pg.PoolClient): Promise<number | null> => {
      runs++;
      return client.query('insert into events values (1)').then(({ rowCount }) => rowCount);
    };
    const skipped = await warehouse.transaction('events', insert, { onBusy: 'skip' });
    expect(skipped).toMatchObject({ status: 'skipped', reason: 'busy', resource: 'events', holders: [{ job: 'rewrite' }] });
    expect(runs).toBe(0);
    await lock.unlock();
    expect(await warehouse.transaction('events', insert, { onBusy: 'skip' })).toMatchObject({
      status: 'ran',
      value: 1,
      release: 'released',
    });
    expect((await pool.query('select from events')).rowCount).toBe(1);
  });

  test("onBusy 'skip' of the warehouse counts for its transactions; a call may say otherwise", async () => {
    const skipping = createWarehouse({ pool, locker, onBusy: 'skip', nested: 'savepoint' });
    const lock = await other.lock('events');
    expect(await skipping.transaction('events', () => 1)).toMatchObject({ status: 'skipped', reason: 'busy' });
    await expect(skipping.insertBatches('events', [{ id: 1 }])).rejects.toBeInstanceOf(ResourceBusyError);
    await expect(skipping.guard().query('insert into events values (1)')).rejects.toBeInstanceOf(ResourceBusyError);
    const waits = skipping.transaction('events', () => 'in', { onBusy: 'retry' });
    await lock.unlock();
    expect(await waits).toBe('in');
    const joined = await skipping.transaction('events', () => skipping.transaction('events', () => 'inner'));
    expect(joined).toMatchObject({ status: 'ran', value: { status: 'ran', value: 'inner', release: 'kept' } });
  });

  test('a work that is no function is refused before anything is asked for', async () => {
    const taken: unknown[] = [];
    locker.on('acquired', (event) => taken.push(event));
    const error = await warehouse.transaction('events', 'select 1' as never).catch((refused: unknown) => refused);
    expect(error).toMatchObject({ code: 'ERR_GIVEWAY_INVALID_OPTION', path: 'work' });
    expect(taken).toEqual([]);
  });
});
