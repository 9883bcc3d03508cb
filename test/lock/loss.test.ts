import { describe, expect, test } from '@jest/globals';
import { createLocker, type Lock, type LockerOptions, LockLostError, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { type FakeClock, type FaultyStore, fakeClock, faultyStore } from '../../src/testing/index.ts';

interface Scene {
  clock: FakeClock;
  store: FaultyStore;
  locker: ResourceLocker;
  other: ResourceLocker;
  lost: string[];
}

/** Two lockers over one store, in a time that stands still. */
function scene(options: Partial<LockerOptions> = {}): Scene {
  const clock = fakeClock();
  const backend = memoryStore({ clock });
  const store = faultyStore(backend.connect(), { clock });
  const locker = createLocker({ store, clock, ttlMs: 3_000, ...options });
  const other = createLocker({ store: backend.connect(), clock, ttlMs: 3_000 });
  const lost: string[] = [];
  locker.on('lost', ({ reason }) => lost.push(reason));
  return { clock, store, locker, other, lost };
}

function reasonOf(lock: Lock): string | undefined {
  return (lock.signal.reason as LockLostError | undefined)?.reason;
}

describe('heartbeats', () => {
  test('keep a lock for as long as the work takes, a third of the TTL apart', async () => {
    const { clock, store, locker, other, lost } = scene();
    const lock = await locker.lock('events');
    await clock.advance(30_000);
    expect(store.calls.replace).toBeGreaterThanOrEqual(29);
    expect(store.calls.replace).toBeLessThanOrEqual(31);
    expect(await other.tryLock('events')).toBeUndefined();
    expect(lock.signal.aborted).toBe(false);
    expect(await lock.unlock()).toBe(true);
    expect(lost).toEqual([]);
    // One for each locker.
    expect(clock.pendingTimers).toBeLessThanOrEqual(2);
    expect(clock.keepAliveTimers).toBe(0);
  });

  test('without one the lock ends by itself', async () => {
    const { clock, locker, other } = scene({ heartbeat: false });
    const lock = await locker.lock('events');
    await clock.advance(2_999);
    expect(lock.signal.aborted).toBe(false);
    await clock.advance(25);
    expect(reasonOf(lock)).toBe('expired');
    expect(await other.tryLock('events')).toBeDefined();
    expect(await lock.unlock()).toBe(false);
  });

  test('one lock whose renewals fail does not stop the others', async () => {
    const { clock, store, locker } = scene();
    const fails = await locker.lock('a');
    const stays = await locker.lock('b');
    store.arm('replace', 'reject-before', { times: Number.POSITIVE_INFINITY, key: (key) => key.endsWith(':a') });
    await clock.advance(10_000);
    expect(reasonOf(fails)).toBe('unreachable');
    expect(stays.signal.aborted).toBe(false);
  });

  test('an unanswered renewal is tried again, and is no loss before the deadline', async () => {
    const { clock, store, locker, lost } = scene();
    const lock = await locker.lock('events');
    store.arm('replace', 'reject-before', { times: 3 });
    await clock.advance(10_000);
    expect(lock.signal.aborted).toBe(false);
    expect(lost).toEqual([]);
  });

  test('a renewal whose answer was lost is no loss: the token is still there', async () => {
    const { clock, store, locker, other, lost } = scene();
    const lock = await locker.lock('events');
    store.arm('replace', 'reject-after', { times: 2 });
    await clock.advance(6_000);
    expect(lost).toEqual([]);
    expect(await other.tryLock('events')).toBeUndefined();
    expect(await lock.unlock()).toBe(true);
    expect(await other.inspect('events')).toEqual([]);
  });

  test('ten thousand locks need one timer', async () => {
    const { clock, locker } = scene();
    await Promise.all(Array.from({ length: 10_000 }, (_, index) => locker.lock(`t${index}`)));
    expect(clock.pendingTimers).toBe(1);
  });
});

describe('P6: a holder learns of a lost lock no later than its own deadline', () => {
  test('vanished: the key was evicted, flushed or lost in a restart; it is never put back', async () => {
    const { clock, store, locker, other, lost } = scene();
    const lock = await locker.lock('events');
    const entry = await store.read('giveway:events');
    if (entry !== undefined) await store.remove('giveway:events', entry.version);
    await clock.advance(1_050);
    expect(reasonOf(lock)).toBe('vanished');
    expect(lost).toEqual(['vanished']);
    expect(() => lock.throwIfLost()).toThrow(LockLostError);
    expect(lock.remainingMs()).toBe(0);
    expect(await other.inspect('events')).toEqual([]);
    expect(await lock.unlock()).toBe(false);
  });

  test('stolen: another token is there; it stays untouched (P4)', async () => {
    const { clock, store, locker, other } = scene();
    const lock = await locker.lock('events');
    const entry = await store.read('giveway:events');
    if (entry !== undefined) await store.remove('giveway:events', entry.version);
    const thief = await other.lock('events');
    await clock.advance(1_050);
    expect(reasonOf(lock)).toBe('stolen');
    expect(await lock.unlock()).toBe(false);
    expect(await other.inspect('events')).toMatchObject([{ token: thief.token }]);
  });

  test('unreachable: no renewal was answered before the deadline', async () => {
    const { clock, store, locker } = scene();
    const lock = await locker.lock('events');
    const { signal } = lock;
    store.arm('every', 'reject-before', { times: Number.POSITIVE_INFINITY });
    await clock.advance(2_999);
    expect(signal.aborted).toBe(false);
    await clock.advance(25);
    expect(reasonOf(lock)).toBe('unreachable');
    expect((signal.reason as Error).cause).toMatchObject({ name: 'StoreUnavailableError' });
  });

  test('a renewal that hangs is no renewal', async () => {
    const { clock, store, locker } = scene();
    const lock = await locker.lock('events');
    store.arm('replace', 'hang-before');
    await clock.advance(3_025);
    expect(lock.signal.aborted).toBe(true);
  });

  test('a process that was stopped: whoever reads first is told, before any timer', async () => {
    const { clock, locker, lost } = scene();
    const lock = await locker.lock('events');
    const { signal } = lock;
    clock.block(3_000);
    expect(signal.aborted).toBe(true);
    expect(() => signal.throwIfAborted()).toThrow(LockLostError);
    expect(reasonOf(lock)).toBe('expired');
    expect(lost).toEqual(['expired']);
  });

  test('a machine that slept: the wall clock counts as well', async () => {
    const { clock, locker } = scene();
    const lock = await locker.lock('events');
    clock.suspend(3_000);
    expect(lock.remainingMs()).toBe(0);
    expect(() => lock.throwIfLost()).toThrow(LockLostError);
  });

  test('a wall clock set back changes nothing', async () => {
    const { clock, locker, other } = scene();
    const lock = await locker.lock('events');
    clock.jumpWall(-3_600_000);
    await clock.advance(2_000);
    expect(lock.signal.aborted).toBe(false);
    expect(await other.tryLock('events')).toBeUndefined();
    clock.block(3_000);
    expect(lock.signal.aborted).toBe(true);
  });

  test('max-hold: the signal aborts, the record is left to its TTL', async () => {
    const { clock, locker, other } = scene({ maxHoldMs: 5_000 });
    const lock = await locker.lock('events');
    await clock.advance(4_990);
    expect(lock.signal.aborted).toBe(false);
    await clock.advance(30);
    expect(reasonOf(lock)).toBe('max-hold');
    await clock.advance(3_000);
    expect(await other.tryLock('events')).toBeDefined();
  });

  test('Infinity holds for days', async () => {
    const { clock, locker } = scene({ maxHoldMs: Number.POSITIVE_INFINITY, ttlMs: 86_400_000 });
    const lock = await locker.lock('events');
    await clock.advance(30 * 86_400_000);
    expect(lock.signal.aborted).toBe(false);
  });

  test('run reports the loss beside the result', async () => {
    const { clock, locker } = scene();
    const outcome = await locker.run('events', () => {
      clock.block(5_000);
      return 'late';
    });
    expect(outcome).toMatchObject({ status: 'ran', value: 'late', lost: { reason: 'expired' }, release: 'not-ours' });
  });

  test("the caller's own signal aborts lock.signal with its own reason, and is no loss", async () => {
    const { locker } = scene();
    const controller = new AbortController();
    const lock = await locker.lock('events', { signal: controller.signal });
    const { signal } = lock;
    controller.abort(new Error('deploy'));
    expect(signal.reason).toEqual(new Error('deploy'));
    expect(() => lock.throwIfLost()).not.toThrow();
    expect(await lock.unlock()).toBe(true);
  });
});

describe('P4: extend', () => {
  test('sets the TTL from now until it is changed again, capped by maxHoldMs', async () => {
    const { clock, locker } = scene({ maxHoldMs: 60_000 });
    const lock = await locker.lock('events');
    await clock.advance(500);
    expect(await lock.extend(20_000)).toBe(true);
    expect(lock.remainingMs()).toBe(20_000);
    await clock.advance(30_000);
    expect(lock.signal.aborted).toBe(false);
    expect(await lock.extend(60_000)).toBe(true);
    expect(lock.remainingMs()).toBe(29_500);
    await expect(lock.extend(0)).rejects.toMatchObject({ name: 'InvalidOptionError' });
  });

  test('of a lock that has passed to somebody else changes nothing', async () => {
    const { clock, locker, other } = scene({ heartbeat: false });
    const lock = await locker.lock('events');
    await clock.advance(3_100);
    const successor = await other.lock('events');
    expect(await lock.extend(60_000)).toBe(false);
    expect(Math.round(successor.remainingMs())).toBe(3_000);
    expect(await other.inspect('events')).toMatchObject([{ token: successor.token }]);
  });

  test('rejects when the store does not answer', async () => {
    const { store, locker } = scene();
    const lock = await locker.lock('events');
    store.arm('replace', 'reject-before');
    await expect(lock.extend()).rejects.toMatchObject({ name: 'StoreUnavailableError' });
  });
});

describe('P3: what a dead holder leaves', () => {
  test('is free within the TTL', async () => {
    const { clock, locker, other } = scene();
    await locker.lock('events');
    clock.block(3_000);
    expect(await other.tryLock('events')).toBeDefined();
  });

  test('does not keep sharers out for longer than the TTL and the clock skew', async () => {
    const clock = fakeClock();
    const backend = memoryStore({ clock });
    const dies = faultyStore(backend.connect(), { clock });
    const dead = createLocker({ store: dies, clock, ttlMs: 3_000 });
    const alive = createLocker({ store: backend.connect(), clock, ttlMs: 3_000 });
    const writer = createLocker({ store: backend.connect(), clock, ttlMs: 3_000 });
    await dead.lock({ appends: 'events' });
    const lock = await alive.lock({ appends: 'events' });
    dies.arm('every', 'reject-before', { times: Number.POSITIVE_INFINITY });
    await clock.advance(4_000);
    await lock.unlock();
    expect(await writer.tryLock('events')).toBeUndefined();
    await clock.advance(1_100);
    expect(await writer.tryLock('events')).toBeDefined();
  });

  test('min-hold: let go, and still kept from others for a while', async () => {
    const { clock, locker, other } = scene({ minHoldMs: 2_000 });
    const lock = await locker.lock('events');
    await clock.advance(500);
    expect(await lock.unlock()).toBe(true);
    expect(await other.inspect('events')).toMatchObject([{ state: 'min-hold' }]);
    expect(await other.tryLock('events')).toBeUndefined();
    expect(await locker.tryLock('events')).toBeUndefined();
    await clock.advance(1_500);
    expect(await other.tryLock('events')).toBeDefined();
  });
});

describe('heartbeat and release', () => {
  test('never overtake each other: a beat under way does not bring a released lock back', async () => {
    const { clock, store, locker, other } = scene();
    const lock = await locker.lock('events');
    const beat = store.arm('replace', 'hang-after');
    await clock.advance(1_020);
    await beat.reached;
    const unlocked = lock.unlock();
    beat.release();
    expect(await unlocked).toBe(true);
    await clock.advance(5_000);
    expect(await other.inspect('events')).toEqual([]);
  });

  test('a hand-over waits for the beat under way: at no moment can both renew', async () => {
    const { clock, store, locker, other } = scene();
    const lock = await locker.lock('events');
    const beat = store.arm('replace', 'hang-after');
    await clock.advance(1_020);
    await beat.reached;
    const handing = lock.handOver();
    beat.release();
    const restored = await other.restore(await handing);
    store.resetCalls();
    await clock.advance(10_000);
    expect(store.calls).toEqual({ read: 0, create: 0, replace: 0, remove: 0 });
    expect(restored.signal.aborted).toBe(false);
  });
});
