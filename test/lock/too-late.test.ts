import { describe, expect, test } from '@jest/globals';
import { createLocker, type LockerEvents } from '../../src/index.ts';
import { type MemoryStore, memoryStore } from '../../src/stores/memory.ts';
import { type ArmedFault, type FaultyStore, fakeClock, faultyStore } from '../../src/testing/index.ts';

interface Asked {
  readonly backend: MemoryStore;
  readonly store: FaultyStore;
  readonly asked: ArmedFault;
}

function asking(method: 'create' | 'read'): Asked {
  const backend = memoryStore();
  const store = faultyStore(backend.connect());
  return { backend, store, asked: store.arm(method, 'hang-after') };
}

describe.each(['lock', 'tryLock'] as const)('a lock that comes too late for %s is let go, and not given', (method) => {
  test('the caller gave up while the store was asked', async () => {
    const { backend, store, asked } = asking('create');
    await using locker = createLocker({ store });
    const controller = new AbortController();
    const taken = locker[method]('events', { signal: controller.signal });
    await asked.reached;
    controller.abort(new Error('enough'));
    asked.release();
    await expect(taken).rejects.toMatchObject({ name: 'AbortError', cause: { message: 'enough' } });
    expect(await backend.read('giveway:events')).toBeUndefined();
  });

  test('the locker was closed while the store was asked', async () => {
    const { backend, store, asked } = asking('create');
    const locker = createLocker({ store });
    const taken = locker[method]('events').catch((error: unknown) => error);
    await asked.reached;
    const closed = locker.close();
    asked.release();
    await closed;
    expect(await taken).toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
    expect(await backend.read('giveway:events')).toBeUndefined();
  });
});

test('a lock that gave up while the store was asked is told as skipped', async () => {
  const { store, asked } = asking('create');
  await using locker = createLocker({ store });
  const told: LockerEvents['skipped'][] = [];
  locker.on('skipped', (event) => void told.push(event));
  const controller = new AbortController();
  const taken = locker.lock('events', { signal: controller.signal });
  await asked.reached;
  controller.abort();
  asked.release();
  await expect(taken).rejects.toMatchObject({ name: 'AbortError' });
  expect(told).toMatchObject([{ reason: 'aborted', resource: 'events' }]);
});

test('a lock that is restored while its locker closes is let go, and not given', async () => {
  const { backend, store, asked } = asking('read');
  const locker = createLocker({ store });
  const handed = await (await locker.lock('events')).handOver();
  const restored = locker.restore(handed).catch((error: unknown) => error);
  await asked.reached;
  const closed = locker.close();
  asked.release();
  await closed;
  expect(await restored).toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
  expect(await backend.read('giveway:events')).toBeUndefined();
});

test('what was lost is no longer held', async () => {
  const clock = fakeClock();
  const locker = createLocker({ store: memoryStore({ clock }), clock });
  const lost = await locker.lock('events', { maxHoldMs: 1_000 });
  const kept = await locker.lock('visits');
  await clock.advance(1_001);
  expect(locker.held()).toEqual([kept]);
  await expect(locker.health()).resolves.toMatchObject({ heldLocks: 1 });
  await lost.unlock();
  expect(locker.held()).toEqual([kept]);
  await locker.close();
});

test('`extend` without a time keeps the one that was set last, and a lock that is handed over takes it along', async () => {
  const clock = fakeClock();
  const locker = createLocker({ store: memoryStore({ clock }), clock, minHoldMs: 5_000 });
  const lock = await locker.lock('events');
  await lock.extend(60_000);
  await clock.advance(1_000);
  await lock.extend();
  expect(lock.remainingMs()).toBe(60_000);
  const restored = await locker.restore(await lock.handOver());
  await restored.extend();
  expect(restored.remainingMs()).toBe(60_000);
  // Shorter than `minHoldMs`, which no option may be.
  await restored.extend(1_000);
  await expect((await locker.restore(await restored.handOver())).extend()).resolves.toBe(true);
});

test('what was let go is not said to be of a closed locker', async () => {
  await using locker = createLocker({ store: memoryStore() });
  const lock = await locker.lock('events');
  await lock.unlock();
  expect(() => lock.throwIfLost()).toThrow('it was let go, or its locker was closed');
});

test('a wait of no time at all is one attempt: refused at once, and never in line', async () => {
  const clock = fakeClock();
  const backend = memoryStore({ clock });
  const store = faultyStore(backend.connect(), { clock });
  const [holder, other] = [createLocker({ store: backend.connect(), clock }), createLocker({ store, clock })];
  await holder.lock('events');
  const retry = { maxWaitMs: 0 };
  await expect(other.lock('events', { retry })).rejects.toMatchObject({
    code: 'ERR_GIVEWAY_BUSY',
    holders: [{ state: 'holding' }],
    waitedMs: 0,
  });
  await expect(other.run('events', () => {}, { onBusy: 'retry', retry })).resolves.toMatchObject({ reason: 'busy', holders: [{}] });
  expect(store.calls.append).toBeUndefined();
});

test('what a listener does to the scope it is told changes no lock', async () => {
  await using locker = createLocker({ store: memoryStore() });
  locker.on('acquired', ({ scope }) => void (scope.writes as string[]).pop());
  const first = await locker.lock('events');
  await first.unlock();
  expect((await locker.lock('events')).scope).toEqual({ writes: ['events'], appends: [], reads: [] });
});
