import { describe, expect, test } from '@jest/globals';
import { createLocker, type LockerOptions, type ResourceLocker, StoreUnavailableError } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { type FakeClock, type FaultyStore, fakeClock, faultyStore } from '../../src/testing/index.ts';

const forever = { times: Number.POSITIVE_INFINITY };

function scene(options: Partial<LockerOptions> = {}): {
  clock: FakeClock;
  store: FaultyStore;
  locker: ResourceLocker;
  holder: ResourceLocker;
} {
  const clock = fakeClock();
  const backend = memoryStore({ clock });
  const store = faultyStore(backend.connect(), { clock });
  return {
    clock,
    store,
    locker: createLocker({ store, clock, ...options }),
    holder: createLocker({ store: backend.connect(), clock, maxHoldMs: 5_000 }),
  };
}

describe('P8: a store that is down', () => {
  test("'run' works unprotected, and says so", async () => {
    const { store, locker } = scene();
    store.arm('every', 'reject-before', forever);
    const outcome = await locker.run(['events', 'visits'], (lock) => lock.isProtected);
    expect(outcome).toMatchObject({ status: 'ran', value: false, release: 'released' });
    const lock = await locker.lock('events');
    expect(lock.isProtected).toBe(false);
    expect(lock.signal.aborted).toBe(false);
    expect(await lock.unlock()).toBe(true);
    await expect((await locker.lock('events')).handOver()).rejects.toMatchObject({ code: 'ERR_GIVEWAY_NOT_TRANSFERABLE' });
  });

  test("'skip' does not run; lock() and tryLock() throw", async () => {
    const { store, locker } = scene({ onStoreDown: 'skip' });
    store.arm('every', 'reject-before', forever);
    await expect(locker.run('events', () => {})).resolves.toMatchObject({ status: 'skipped', reason: 'store-down', resource: 'events' });
    await expect(locker.lock('events')).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(locker.tryLock('events')).rejects.toBeInstanceOf(StoreUnavailableError);
  });

  test("'throw' rejects", async () => {
    const { store, locker } = scene();
    store.arm('every', 'reject-before', forever);
    await expect(locker.run('events', () => {}, { onStoreDown: 'throw' })).rejects.toBeInstanceOf(StoreUnavailableError);
  });

  test('the strictest policy of several tables wins', async () => {
    const { store, locker } = scene({ resources: { a: { onStoreDown: 'run' }, b: { onStoreDown: 'throw' }, c: { onStoreDown: 'skip' } } });
    store.arm('every', 'reject-before', forever);
    await expect(locker.run(['a', 'c'], () => {})).resolves.toMatchObject({ status: 'skipped', reason: 'store-down' });
    await expect(locker.run(['a', 'b', 'c'], () => {})).rejects.toBeInstanceOf(StoreUnavailableError);
  });

  test('is told once when it goes and once when it is back', async () => {
    const { clock, store, locker } = scene();
    const told: string[] = [];
    locker.on('store-down', () => told.push('down'));
    locker.on('store-up', ({ downMs }) => told.push(`up after ${downMs}`));
    const fault = store.arm('every', 'reject-before', forever);
    await locker.run('events', () => {});
    await locker.run('events', () => {});
    expect(await locker.health()).toMatchObject({ ok: false, error: { name: 'StoreUnavailableError' } });
    fault.disarm();
    await clock.advance(700);
    await locker.run('events', () => {});
    expect(told).toEqual(['down', 'up after 700']);
    expect(await locker.health()).toMatchObject({ ok: true, store: 'memory', heldLocks: 0 });
  });

  test('several resources: what was gained before the fault is given back', async () => {
    const { store, locker, holder } = scene({ onStoreDown: 'throw' });
    store.arm('create', 'reject-before', { key: (key) => key.endsWith(':b') });
    await expect(locker.lock(['a', 'b', 'c'])).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(await holder.tryLock(['a', 'b', 'c'])).toBeDefined();
  });

  test('a waiter that has just seen a live holder does not run before that holder must have ended', async () => {
    const { clock, store, locker, holder } = scene();
    await holder.lock('events');
    const started: number[] = [];
    const run = locker.run('events', (lock) => void started.push(clock.monotonicMs(), lock.isProtected ? 1 : 0), {
      onBusy: 'retry',
      retry: { maxWaitMs: 60_000 },
    });
    await clock.advance(100);
    store.arm('every', 'reject-before', forever);
    await clock.advance(4_800);
    expect(started).toEqual([]);
    expect(await locker.tryLock('events', { retry: {} })).toBeUndefined();
    await clock.advance(40_000);
    await run;
    expect(started[0]).toBeGreaterThanOrEqual(5_000);
    expect(started[1]).toBe(0);
  });

  test('a waiter whose look failed after it was called looks again, though it will not be called again', async () => {
    const { clock, store, locker, holder } = scene();
    const held = await holder.lock('events');
    const waiting = locker.lock('events', { retry: { maxWaitMs: 60_000 } });
    await clock.advance(100);
    store.arm('every', 'reject-before', { times: 2 });
    await held.unlock();
    await clock.advance(1_500);
    const lock = await waiting;
    expect(lock.isProtected).toBe(true);
    await lock.unlock();
  });

  test('an acquisition whose answer was lost is taken over by our next attempt, and by nobody else before its TTL', async () => {
    const { clock, store, locker, holder } = scene({ onStoreDown: 'throw', ttlMs: 1_000 });
    store.arm('create', 'reject-after');
    await expect(locker.lock('events')).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(await holder.tryLock('events')).toBeUndefined();
    expect(await (await locker.lock('events')).unlock()).toBe(true);
    store.arm('create', 'reject-after');
    await expect(locker.lock('events')).rejects.toBeInstanceOf(StoreUnavailableError);
    await clock.advance(1_000);
    expect(await holder.tryLock('events')).toBeDefined();
  });
});

describe('a record that cannot be read', () => {
  test.each(['garbage', '{"v":2,"holders":[]}'])('%s is busy, told, and never overwritten', async (text) => {
    const { store, locker } = scene();
    const notices: string[] = [];
    locker.on('notice', ({ code, resource }) => notices.push(`${code} ${resource}`));
    await store.create('giveway:events', text, 60_000);
    expect(await locker.tryLock('events')).toBeUndefined();
    await expect(locker.run({ appends: 'events' }, () => {})).resolves.toMatchObject({ status: 'skipped', reason: 'busy', holders: [] });
    expect((await store.read('giveway:events'))?.value).toBe(text);
    expect(notices).toContain('ERR_GIVEWAY_RECORD events');
    expect(await locker.inspect('events')).toEqual([]);
  });

  test('that appears while we hold is a loss, and stays', async () => {
    const { clock, store, locker } = scene({ ttlMs: 3_000 });
    const lock = await locker.lock('events');
    const entry = await store.read('giveway:events');
    if (entry !== undefined) await store.replace('giveway:events', 'garbage', entry.version, 60_000);
    await clock.advance(1_050);
    expect(lock.signal.aborted).toBe(true);
    expect(await lock.unlock()).toBe(false);
    expect((await store.read('giveway:events'))?.value).toBe('garbage');
  });
});

describe('P7: no call hangs', () => {
  test('a wait has a limit, whatever the store does', async () => {
    const { clock, locker, holder } = scene();
    await holder.lock('events', { maxHoldMs: 600_000 });
    const waiting = locker.lock('events', { retry: { maxWaitMs: 30_000 } }).catch((error: unknown) => error);
    await clock.advance(30_001);
    expect(await waiting).toMatchObject({ name: 'ResourceBusyError' });
  });
});
