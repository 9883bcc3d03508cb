import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocker } from '../../src/lock/api/locker.ts';
import type { Version } from '../../src/lock/store.ts';
import { memoryStore, nullStore } from '../../src/stores/memory.ts';
import { fakeClock, storeSuite } from '../../src/testing/index.ts';

const backend = memoryStore();

storeSuite({ name: 'memory', test: { describe, test, beforeAll, afterAll }, create: () => backend.connect() });

describe('memoryStore', () => {
  test('judges expiry on the monotonic clock that was passed in, to the millisecond', async () => {
    const clock = fakeClock();
    const store = memoryStore({ clock });
    await store.create('k', 'v', 30_000);
    await clock.advance(29_999);
    clock.jumpWall(3_600_000);
    expect(await store.read('k')).toMatchObject({ value: 'v' });
    await clock.advance(1);
    expect(await store.read('k')).toBeUndefined();
  });

  test('sets no timer, so an idle store never keeps the process alive', async () => {
    const clock = fakeClock();
    const store = memoryStore({ clock });
    await store.create('k', 'v', 30_000);
    expect(clock.pendingTimers).toBe(0);
  });

  test('entries that expired do not pile up', async () => {
    const clock = fakeClock();
    let looks = 0;
    const monotonicMs = (): number => {
      looks += 1;
      return clock.monotonicMs();
    };
    const store = memoryStore({ clock: { ...clock, monotonicMs } });
    for (let round = 0; round < 1_000; round += 1) {
      await store.create(`k${round}`, 'v', 10);
      clock.block(1);
    }
    // `list` looks at the clock once for each entry that is kept, dead or alive.
    looks = 0;
    const alive = [];
    for await (const { key } of store.list?.('k') ?? []) alive.push(key);
    expect(alive).toHaveLength(9);
    expect(looks).toBeLessThan(80);
  });

  test('tells its listeners after the write, never inside it, and none that was disposed meanwhile', async () => {
    const store = memoryStore();
    const heard: string[] = [];
    const version = (await store.create('k', 'v', 1_000)) as Version;
    const first = store.subscribe?.('k', () => heard.push('first'));
    store.subscribe?.('k', () => heard.push('second'));
    const removal = store.remove('k', version);
    expect(heard).toEqual([]);
    first?.[Symbol.dispose]();
    await removal;
    await Promise.resolve();
    expect(heard).toEqual(['second']);
  });

  test('a listener that throws harms neither the writer nor the next listener', async () => {
    const store = memoryStore();
    const heard: string[] = [];
    const version = (await store.create('k', 'v', 1_000)) as Version;
    store.subscribe?.('k', () => {
      throw new Error('a listener of the caller');
    });
    store.subscribe?.('k', () => heard.push('second'));
    expect(await store.remove('k', version)).toBe(true);
    await new Promise((resolve) => setImmediate(resolve)); // thrown from a microtask, it would end the process
    expect(heard).toEqual(['second']);
  });

  test('an hour of heartbeats, a suspend and the loss it brings, on a fake clock', async () => {
    const clock = fakeClock();
    const store = memoryStore({ clock });
    const locker = createLocker({ store, clock, maxHoldMs: 7_200_000 });
    const lock = await locker.lock('events');
    await clock.advance(3_600_000);
    expect(lock.signal.aborted).toBe(false);
    expect(clock.keepAliveTimers).toBe(0);
    clock.suspend(60_000);
    expect(lock.signal.aborted).toBe(true);
    expect(lock.signal.reason).toMatchObject({ reason: 'expired' });
    await locker.close();
    expect(clock.pendingTimers).toBe(0);
  });

  test('two stores share nothing; two connections of one share all but their end', async () => {
    const [one, other] = [memoryStore(), memoryStore()];
    expect(await one.create('k', 'v', 1_000)).toBeDefined();
    expect(await other.create('k', 'v', 1_000)).toBeDefined();
    const second = one.connect();
    let calls = 0;
    one.subscribe?.('k', () => calls++);
    await one.close();
    const seen = await second.read('k');
    expect(seen?.value).toBe('v');
    expect(await second.remove('k', seen?.version as Version)).toBe(true);
    expect(calls).toBe(0);
  });
});

describe('nullStore', () => {
  test('grants everything and remembers nothing', async () => {
    const store = nullStore();
    const first = await store.create('k', 'v', 1_000);
    const second = await store.create('k', 'v', 1_000);
    expect(first).toBeDefined();
    expect(second).toBeDefined();
    expect(await store.read('k')).toBeUndefined();
    expect(await store.replace('k', 'w', first as Version, 1_000)).toBeDefined();
    expect(await store.remove('k', second as Version)).toBe(true);
    expect(await store.remove('k', second as Version)).toBe(true);
    await store.close();
    expect(store.traits.mayForget).toBe(true);
  });

  test('lets every locker have every lock, in every mode, and lose none', async () => {
    const clock = fakeClock();
    const locker = createLocker({ store: nullStore(), clock });
    const other = createLocker({ store: nullStore(), clock });
    const locks = [await locker.lock('events'), await other.lock('events'), await other.lock({ appends: 'visits', reads: 'airports' })];
    await clock.advance(60_000);
    expect(locks.map(({ signal }) => signal.aborted)).toEqual([false, false, false]);
    expect(await Promise.all(locks.map((lock) => lock.unlock()))).toEqual([true, true, true]);
    await Promise.all([locker.close(), other.close()]);
  });
});
