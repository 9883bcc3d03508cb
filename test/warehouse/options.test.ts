import { getEventListeners } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { createWarehouse, type TransactionOptions } from '../../src/warehouse/index.ts';
import { describeWith } from '../support/shared.ts';

/** As callers without types have it: a setting that is not set. */
const none = (name: keyof TransactionOptions): TransactionOptions => ({ [name]: undefined });

describeWith('postgres', (service) => {
  let pool: pg.Pool;
  let locker: ResourceLocker;
  let other: ResourceLocker;

  beforeAll(async () => {
    pool = new pg.Pool({ connectionString: service.url, max: 3 });
    await pool.query('create table events (id int)');
  });
  afterAll(() => pool.end());
  beforeEach(() => {
    const backend = memoryStore();
    locker = createLocker({ store: backend.connect() });
    other = createLocker({ store: backend.connect() });
  });
  afterEach(() => Promise.all([locker.close({ timeoutMs: 500 }), other.close()]));

  test('an option without a value hides none of the warehouse', async () => {
    const abort = new AbortController();
    const strict = createWarehouse({ pool, locker, isolation: 'serializable', audit: 'throw', signal: abort.signal, onBusy: 'skip' });
    const level = await strict.transaction('events', (client) => client.query('show transaction_isolation'), none('isolation'));
    expect(level).toMatchObject({ value: { rows: [{ transaction_isolation: 'serializable' }] } });
    const unlocked = strict.transaction({ reads: 'events' }, (client) => client.query('delete from events'), none('audit'));
    await expect(unlocked).rejects.toMatchObject({ code: 'ERR_GIVEWAY_UNLOCKED_WRITE' });
    const lock = await other.lock('events');
    expect(await strict.transaction('events', () => 'in', none('onBusy'))).toMatchObject({ status: 'skipped', reason: 'busy' });
    await lock.unlock();
    abort.abort();
    expect(await strict.transaction('events', () => 'in', none('signal'))).toMatchObject({ status: 'skipped', reason: 'aborted' });
  });

  test('a signal that lives as long as the process keeps nothing of what it was given to, and may be given to many at once', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error): number => warnings.push(warning);
    process.on('warning', warn);
    const { signal } = new AbortController();
    const lasting = createWarehouse({ pool, locker, signal, onLost: 'continue' });
    const inserts = Array.from({ length: 20 }, (_, id) => lasting.insertBatches('events', [{ id }], { resource: `events/${id}` }));
    const transactions = Array.from({ length: 20 }, (_, id) => lasting.transaction(`totals/${id}`, (client) => client.query('select 1')));
    await Promise.all([...inserts, ...transactions]);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', warn);
    expect(warnings).toEqual([]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    // As `AbortSignal.any` keeps them.
    const kept = Object.getOwnPropertySymbols(signal).filter((symbol) => symbol.description === 'kDependantSignals');
    expect(kept.map((symbol) => (signal as unknown as Record<symbol, Set<unknown>>)[symbol]?.size)).not.toContain(20);
  });

  test('of `retry` and `conflictRetry` a call may set one field, and the warehouse has the others', async () => {
    const warehouse = createWarehouse({ pool, locker, retry: { maxWaitMs: 30 }, conflictRetry: { maxRetries: 1, delayMs: 1 } });
    let runs = 0;
    const conflict = (): Promise<never> => {
      runs++;
      return Promise.reject(Object.assign(new Error('conflict'), { code: '40001' }));
    };
    await expect(warehouse.transaction('events', conflict, { conflictRetry: { delayMs: 2 } })).rejects.toThrow('conflict');
    await expect(
      warehouse.transaction('events', conflict, { conflictRetry: { maxRetries: undefined } as unknown as { maxRetries: number } }),
    ).rejects.toThrow('conflict');
    expect(runs).toBe(4);
    await other.lock('events');
    await expect(warehouse.transaction('events', () => 'in', { retry: { delayMs: 5 } })).rejects.toMatchObject({
      code: 'ERR_GIVEWAY_BUSY',
    });
  });
});
