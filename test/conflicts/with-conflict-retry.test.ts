import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ConflictRetry, type ConflictRetryOptions, withConflictRetry } from 'giveway/conflicts';
import * as warehouse from 'giveway/warehouse';
import { delayBeforeMs } from '../../src/conflicts/conflict-retry.ts';
import { createLocker, InvalidOptionError, type Lock, LockLostError, ResourceBusyError, type ResourceLocker } from '../../src/index.ts';
import { type MemoryStore, memoryStore } from '../../src/stores/memory.ts';

/** A conflict as node-postgres throws it. */
const conflict = (): Error => Object.assign(new Error('could not serialize access'), { code: '40001' });
const soon = { conflictRetry: { delayMs: 1 } };

let backend: MemoryStore;
let locker: ResourceLocker;
let other: ResourceLocker;

beforeEach(() => {
  backend = memoryStore();
  locker = createLocker({ store: backend.connect(), job: 'mine' });
  other = createLocker({ store: backend.connect(), job: 'rewrite' });
});
afterEach(() => Promise.all([locker.close({ timeoutMs: 500 }), other.close({ timeoutMs: 500 })]));

/** Fails so often with what `failing` makes, then returns what it is given. */
function failingFirst<T>(times: number, value: T, failing = conflict): { work: (lock: Lock) => Promise<T>; locks: Lock[] } {
  const locks: Lock[] = [];
  return {
    locks,
    work: async (lock) => {
      locks.push(lock);
      if (locks.length <= times) throw failing();
      return value;
    },
  };
}

test('giveway/warehouse has the same function', () => expect(warehouse.withConflictRetry).toBe(withConflictRetry));

test('the whole work runs again after a conflict, under one lock, which is gone afterwards', async () => {
  const { work, locks } = failingFirst(2, 'done');
  const told: string[] = [];
  locker.on('acquired', () => told.push('lock'));
  locker.on('conflict', ({ code, attempt, tables, job }) => told.push(`${job} ${code} ${attempt} ${tables}`));
  locker.on('released', () => told.push('unlock'));
  expect(await withConflictRetry(locker, { writes: 'totals', reads: 'events' }, work, soon)).toBe('done');
  expect(told).toEqual(['lock', 'mine 40001 1 totals,events', 'mine 40001 2 totals,events', 'unlock']);
  expect(new Set(locks).size).toBe(1);
  expect(await other.inspect('totals')).toEqual([]);
});

test('a conflict that outlives its retries reaches the caller as it is', async () => {
  const error = conflict();
  const { work, locks } = failingFirst(9, 'done', () => error);
  await expect(withConflictRetry(locker, 'totals', work, { conflictRetry: { delayMs: 1, maxRetries: 2 } })).rejects.toBe(error);
  expect(locks).toHaveLength(3);
});

test.each<[string, Error]>([
  ['what is no conflict', new Error('division by zero')],
  ['a conflict that a retry cannot help', Object.assign(new Error('1018'), { code: 'XX000' })],
])('%s is not run again', async (_what, error) => {
  const { work, locks } = failingFirst(1, 'done', () => error);
  await expect(withConflictRetry(locker, 'totals', work, soon)).rejects.toBe(error);
  expect(locks).toHaveLength(1);
});

test("an ORM's error that has lost its cause is passed on, and told", async () => {
  const notices: string[] = [];
  locker.on('notice', ({ code, message }) => notices.push(`${code}: ${message}`));
  const error = Object.assign(new Error('update failed'), { name: 'QueryFailedError', driverError: undefined });
  const { work, locks } = failingFirst(1, 'done', () => error);
  await expect(withConflictRetry(locker, 'totals', work, soon)).rejects.toBe(error);
  expect(locks).toHaveLength(1);
  expect(notices).toEqual([expect.stringMatching(/^ERR_GIVEWAY_NO_CAUSE: QueryFailedError has lost .+: update failed$/)]);
  // One that has its cause, or is nobody's wrapper, is no news.
  await expect(withConflictRetry(locker, 'totals', () => Promise.reject(new Error('the job failed', { cause: error })))).rejects.toThrow(
    'job',
  );
  expect(notices).toHaveLength(2);
  for (const told of [Object.assign(error, { driverError: new Error('relation "x" does not exist') }), new Error('mine')])
    await expect(withConflictRetry(locker, 'totals', () => Promise.reject(told), soon)).rejects.toBe(told);
  expect(notices).toHaveLength(2);
});

describe('while somebody else holds it', () => {
  test('waits, and throws when the wait runs out', async () => {
    const lock = await other.lock('totals');
    await expect(withConflictRetry(locker, 'totals', () => 'in', { retry: { maxWaitMs: 30 } })).rejects.toBeInstanceOf(ResourceBusyError);
    const waits = withConflictRetry(locker, 'totals', () => 'in');
    await lock.unlock();
    await expect(waits).resolves.toBe('in');
  });

  test("with onBusy 'skip' it is an outcome", async () => {
    const lock = await other.lock('totals');
    const skipped = await withConflictRetry(locker, 'totals', () => 'in', { onBusy: 'skip' });
    expect(skipped).toMatchObject({ status: 'skipped', reason: 'busy', resource: 'totals', holders: [{ job: 'rewrite' }] });
    await lock.unlock();
    const { work } = failingFirst(1, 'in');
    expect(await withConflictRetry(locker, 'totals', work, { onBusy: 'skip', ...soon })).toMatchObject({ status: 'ran', value: 'in' });
  });

  test('an option without a value is none', async () => {
    const lock = await other.lock('totals');
    const waiting = new Promise((resolve) => locker.on('waiting', resolve));
    const waits = withConflictRetry(locker, 'totals', () => 'in', { onBusy: undefined } as unknown as ConflictRetryOptions);
    await Promise.race([waiting, waits]);
    await lock.unlock();
    await expect(waits).resolves.toBe('in');
  });
});

test('a retry without a number is made as often as without a word, and never after more than the longest pause', async () => {
  const settings = { maxRetries: undefined, delayMs: 1, maxDelayMs: undefined } as unknown as ConflictRetry;
  const { work, locks } = failingFirst(Number.POSITIVE_INFINITY, 'done');
  await expect(withConflictRetry(locker, 'totals', work, { conflictRetry: settings })).rejects.toMatchObject({ code: '40001' });
  expect(locks).toHaveLength(6);
  for (const [attempts, most] of [
    [1, 20],
    [2, 40],
    [3, 50],
    [99, 50],
  ] as const) {
    const pauses = Array.from({ length: 100 }, () => delayBeforeMs(attempts, { maxRetries: 99, delayMs: 20, maxDelayMs: 50 }));
    expect(Math.max(...pauses)).toBeLessThanOrEqual(most);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(most / 2);
  }
});

test('is not begun again once the lock is lost', async () => {
  let runs = 0;
  const work = async (): Promise<never> => {
    runs++;
    void locker.close({ timeoutMs: 500 });
    throw conflict();
  };
  const slowly = { conflictRetry: { delayMs: 60_000, maxDelayMs: 60_000 } };
  const error = await withConflictRetry(locker, 'totals', work, slowly).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(LockLostError);
  expect(error).toMatchObject({ resource: 'totals', reason: 'closed', cause: { code: '40001' } });
  expect(runs).toBe(1);
});

test('an abort ends the pause after a conflict', async () => {
  const abort = new AbortController();
  const waits = withConflictRetry(
    locker,
    'totals',
    () => {
      setImmediate(() => abort.abort(new Error('enough')));
      return Promise.reject(conflict());
    },
    { signal: abort.signal, conflictRetry: { delayMs: 60_000, maxDelayMs: 60_000 } },
  );
  await expect(waits).rejects.toMatchObject({ name: 'AbortError', cause: { message: 'enough' } });
});

test.each<[string, unknown[]]>([
  ['locker', [undefined, 'totals', () => {}]],
  ['work', [() => locker, 'totals', 'select 1']],
  ['work', [() => locker, 'totals', undefined]],
  ['conflictRetry.maxRetries', [() => locker, 'totals', () => {}, { conflictRetry: { maxRetries: -1 } }]],
  ['conflictRetry.delayMs', [() => locker, 'totals', () => {}, { conflictRetry: { delayMs: 2 ** 31 } }]],
  ['conflictRetry.delay', [() => locker, 'totals', () => {}, { conflictRetry: { delay: 1 } }]],
  ['onBusy', [() => locker, 'totals', () => {}, { onBusy: 'wait' }]],
  ['isolation', [() => locker, 'totals', () => {}, { isolation: 'serializable' }]],
])('refuses a wrong %s by name, and takes no lock', async (path, [given, ...rest]) => {
  const taken: unknown[] = [];
  locker.on('acquired', (event) => taken.push(event));
  const call = Reflect.apply(withConflictRetry, undefined, [typeof given === 'function' ? given() : given, ...rest]) as Promise<unknown>;
  const error = await call.catch((refused: unknown) => refused);
  expect(error).toBeInstanceOf(InvalidOptionError);
  expect(error).toMatchObject({ path });
  expect(taken).toEqual([]);
});
