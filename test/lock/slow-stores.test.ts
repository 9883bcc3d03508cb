/** A call ends by its limit, its signal and `close()`, also where the store is slower than a lock lives, or contradicts itself. */
import { describe, expect, test } from '@jest/globals';
import { createLocker, type LockStore, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { type FakeClock, fakeClock, faultyStore } from '../../src/testing/index.ts';

interface World {
  readonly clock: FakeClock;
  readonly locker: ResourceLocker;
  readonly calls: () => number;
}

/** Each call takes so long, by the clock. */
function slowWorld(latencyMs: number, change: (store: LockStore) => LockStore = (store) => store): World {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  let calls = 0;
  const late =
    <A extends unknown[], R>(method: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      calls++;
      await new Promise<void>((resolve) => clock.setTimer(resolve, latencyMs, true));
      return method(...args);
    };
  const slow: LockStore = {
    traits: store.traits,
    read: late((key) => store.read(key)),
    create: late((key, value, ttlMs) => store.create(key, value, ttlMs)),
    replace: late((key, value, version, ttlMs) => store.replace(key, value, version, ttlMs)),
    remove: late((key, version) => store.remove(key, version)),
    close: () => store.close(),
  };
  return { clock, locker: createLocker({ store: change(slow), clock, onStoreDown: 'skip' }), calls: () => calls };
}

/** What became of it by then, by the clock. */
async function outcomeBy(clock: FakeClock, inMs: number, promise: Promise<unknown>): Promise<unknown> {
  let outcome: unknown = 'pending';
  promise.then(
    (value) => {
      outcome = value;
    },
    (error: unknown) => {
      outcome = error;
    },
  );
  for (let passedMs = 0; passedMs < inMs && outcome === 'pending'; passedMs += 50) await clock.advance(50);
  return outcome;
}

describe('the store takes longer than a lock lives', () => {
  const ttlMs = 1_000;

  test('a lock that waits gives up by its limit', async () => {
    const { clock, locker } = slowWorld(1_200);
    const outcome = await outcomeBy(clock, 8_000, locker.lock('events', { ttlMs, retry: { maxWaitMs: 2_000 } }));
    expect(outcome).toMatchObject({ code: 'ERR_GIVEWAY_BUSY' });
  });

  test('a lock that waits gives up by its signal', async () => {
    const { clock, locker } = slowWorld(1_200);
    const controller = new AbortController();
    const waiting = locker.lock('events', { ttlMs, signal: controller.signal, retry: { maxWaitMs: 60_000 } });
    expect(await outcomeBy(clock, 3_000, waiting)).toBe('pending');
    controller.abort();
    expect(await outcomeBy(clock, 3_000, waiting)).toMatchObject({ name: 'AbortError' });
  });

  test('one attempt fails, and says why', async () => {
    const { clock, locker } = slowWorld(1_200);
    const outcome = await outcomeBy(clock, 8_000, locker.tryLock('events', { ttlMs }));
    expect(outcome).toMatchObject({ code: 'ERR_GIVEWAY_STORE_UNAVAILABLE', message: 'The store took longer than ttlMs to answer' });
  });

  test('it closes', async () => {
    const { clock, locker } = slowWorld(1_200);
    const waiting = locker.lock('events', { ttlMs, retry: { maxWaitMs: 60_000 } }).catch((error: unknown) => error);
    await clock.advance(3_000);
    expect(await outcomeBy(clock, 8_000, locker.close({ timeoutMs: 0 }))).toBeUndefined();
    expect(await waiting).toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
  });
});

describe.each([
  ['a lock is over before its store has answered', (): World => slowWorld(100), { maxHoldMs: 50 }],
  ['the store says that something is there, and that nothing is', (): World => slowWorld(1, refusing), {}],
] as const)('%s', (_what, world, options) => {
  test('its limit counts', async () => {
    const { clock, locker } = world();
    const outcome = await outcomeBy(clock, 3_000, locker.lock('events', { ...options, retry: { maxWaitMs: 300 } }));
    expect(outcome).toMatchObject({ code: 'ERR_GIVEWAY_BUSY' });
  });

  test('its signal counts', async () => {
    const { clock, locker, calls } = world();
    const controller = new AbortController();
    const waiting = locker.lock('events', { ...options, signal: controller.signal, retry: { maxWaitMs: 60_000 } });
    expect(await outcomeBy(clock, 1_000, waiting)).toBe('pending');
    controller.abort();
    expect(await outcomeBy(clock, 1_000, waiting)).toMatchObject({ name: 'AbortError' });
    // Some 170 with the pauses between races, which are drawn; 1,000 without.
    expect(calls()).toBeLessThan(400);
  });

  test('it closes', async () => {
    const { clock, locker } = world();
    const waiting = locker.lock('events', { ...options, retry: { maxWaitMs: 60_000 } }).catch((error: unknown) => error);
    await clock.advance(500);
    expect(await outcomeBy(clock, 2_000, locker.close({ timeoutMs: 0 }))).toBeUndefined();
    expect(await waiting).toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
  });
});

function refusing(store: LockStore): LockStore {
  return { ...store, create: async (...args) => void (await store.read(args[0])) };
}

describe('whoever gives up while the first request is under way', () => {
  test.each(['lock', 'run'] as const)('is heard once it is busy: %s', async (method) => {
    const backend = memoryStore();
    await using other = createLocker({ store: backend.connect() });
    await other.lock('events');
    const store = faultyStore(backend.connect());
    const asked = store.arm('create', 'hang-before');
    await using locker = createLocker({ store });
    const controller = new AbortController();
    const options = { signal: controller.signal, retry: { maxWaitMs: 600_000 } };
    const taken = method === 'lock' ? locker.lock('events', options) : locker.run('events', () => {}, { ...options, onBusy: 'retry' });
    await asked.reached;
    controller.abort();
    asked.release();
    if (method === 'lock') await expect(taken).rejects.toMatchObject({ name: 'AbortError' });
    else await expect(taken).resolves.toMatchObject({ status: 'skipped', reason: 'aborted' });
  });
});

test('a hand-over that failed leaves nothing behind', async () => {
  const clock = fakeClock();
  const backend = memoryStore({ clock });
  const store = faultyStore(backend.connect(), { clock });
  const [locker, other] = [createLocker({ store, clock }), createLocker({ store: backend.connect(), clock })];
  const first = await locker.lock({ reads: 'events' }, { maxHoldMs: 200 });
  const second = await locker.lock({ reads: 'events' });
  const renewal = store.arm('replace', 'hang-before');
  const extended = second.extend();
  await renewal.reached;
  const handedOver = first.handOver();
  await clock.advance(300);
  renewal.release();
  await expect(handedOver).rejects.toMatchObject({ code: 'ERR_GIVEWAY_LOCK_LOST', reason: 'max-hold' });
  await extended;
  await expect(second.unlock()).resolves.toBe(true);
  await expect(other.tryLock('events')).resolves.toBeDefined();
  await Promise.all([locker.close(), other.close()]);
});
