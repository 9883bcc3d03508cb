import { describe, expect, test } from '@jest/globals';
import { createLocker, type LockerOptions, type LostReason, type ResourceLocker } from '../../src/index.ts';
import { type MemoryStore, memoryStore } from '../../src/stores/memory.ts';
import { type FakeClock, fakeClock, faultyStore } from '../../src/testing/index.ts';

function scene(options: Partial<LockerOptions> = {}): { clock: FakeClock; store: MemoryStore; locker: ResourceLocker } {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  return { clock, store, locker: createLocker({ store, clock, ...options }) };
}

async function evict(store: MemoryStore, key: string): Promise<void> {
  const entry = await store.read(key);
  if (entry !== undefined) await store.remove(key, entry.version);
}

describe('a lock that joined outer runs', () => {
  test('is lost with any of those it joined', async () => {
    const { clock, store, locker } = scene();
    let reason: LostReason | undefined;
    await locker.run('a', () =>
      locker.run('b', () =>
        locker.run(['a', 'b'], async ({ signal }) => {
          signal.addEventListener('abort', () => {
            reason = signal.reason.reason;
          });
          await evict(store, 'giveway:b');
          await clock.advance(11_000);
          expect(reason).toBe('vanished');
        }),
      ),
    );
  });

  test('is told when the one it joined is let go before it', async () => {
    const { locker } = scene();
    await locker.run('a', (outer) =>
      locker.run('a', async ({ signal }) => {
        let told = false;
        signal.addEventListener('abort', () => {
          told = true;
        });
        await outer.unlock();
        expect(told).toBe(true);
      }),
    );
  });

  test('ends by its own maxHoldMs', async () => {
    const { clock, locker } = scene();
    await locker.run('a', (outer) =>
      locker.run(
        'a',
        async ({ signal }) => {
          let told = false;
          signal.addEventListener('abort', () => {
            told = true;
          });
          await clock.advance(2_100);
          expect(told).toBe(true);
          expect(outer.signal.aborted).toBe(false);
        },
        { maxHoldMs: 2_000 },
      ),
    );
    expect(clock.keepAliveTimers).toBe(0);
  });

  test('extends what it joined', async () => {
    const { clock, locker } = scene({ heartbeat: false, ttlMs: 5_000 });
    await locker.run('a', async (outer) => {
      await clock.advance(3_000);
      await locker.run('a', async (inner) => {
        expect(await inner.extend(20_000)).toBe(true);
        expect(await inner.extend(2_000)).toBe(true);
        expect(outer.remainingMs()).toBe(20_000);
      });
    });
  });
});

test('an unprotected lock ends by its maxHoldMs too', async () => {
  const { clock, store } = scene();
  const down = faultyStore(store);
  down.arm('every', 'reject-before', { times: Number.POSITIVE_INFINITY });
  const lock = await createLocker({ store: down, clock, maxHoldMs: 2_000 }).lock('a');
  let reason: LostReason | undefined;
  lock.signal.addEventListener('abort', () => {
    reason = lock.signal.reason.reason;
  });
  await clock.advance(2_100);
  expect(reason).toBe('max-hold');
});

test('what joined an unprotected lock is kept by it', async () => {
  const { clock, store } = scene();
  const down = faultyStore(store);
  down.arm('every', 'reject-before', { times: Number.POSITIVE_INFINITY });
  const locker = createLocker({ store: down, clock });
  const outcome = await locker.run('a', () => locker.run('a', (lock) => lock.isProtected));
  expect(outcome).toMatchObject({ release: 'released', value: { value: false, release: 'kept' } });
});

test("a lock that is over leaves nothing on the caller's signal", async () => {
  const { locker } = scene();
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  signal.addEventListener = (_: string, listener: unknown): void => void listeners.add(listener);
  signal.removeEventListener = (_: string, listener: unknown): void => void listeners.delete(listener);
  const lock = await locker.lock('a', { signal });
  expect(lock.signal.aborted).toBe(false);
  expect(listeners.size).toBe(1);
  await lock.unlock();
  const late = await locker.lock('a', { signal });
  await late.unlock();
  expect(late.signal.aborted).toBe(false);
  expect(listeners.size).toBe(0);
});

test('a store that is down within a lock that was lost meanwhile: nothing begins under what is over', async () => {
  const clock = fakeClock();
  const backend = memoryStore({ clock });
  const store = faultyStore(backend.connect(), { clock });
  const locker = createLocker({ store, clock, ttlMs: 3_000, heartbeat: false, onStoreDown: 'run', onBusy: 'retry' });
  const other = createLocker({ store: backend.connect(), clock, maxHoldMs: 5_000 });
  await other.lock('b');
  const begun: boolean[] = [];
  const run = locker.run('a', () =>
    locker.run(['a', 'b'], (lock) => {
      begun.push(lock.signal.aborted);
    }),
  );
  await clock.advance(3_500);
  store.arm('every', 'reject-before', { times: Number.POSITIVE_INFINITY });
  await clock.advance(20_000);
  await run;
  expect(begun).toEqual([false]);
});
