import { describe, expect, test } from '@jest/globals';
import { createLocker, type Lock, type LockerOptions, type ResourceLocker, type SerializedLock } from '../../src/index.ts';
import { type MemoryStore, memoryStore } from '../../src/stores/memory.ts';
import { type FakeClock, type FaultyStore, fakeClock, faultyStore } from '../../src/testing/index.ts';

interface Scene {
  readonly clock: FakeClock;
  readonly backend: MemoryStore;
  readonly store: FaultyStore;
  /** Over `store`. */
  readonly here: ResourceLocker;
  readonly there: ResourceLocker;
}

function scene(options: Partial<LockerOptions> = {}): Scene {
  const clock = fakeClock();
  const backend = memoryStore({ clock });
  const store = faultyStore(backend.connect(), { clock });
  return {
    clock,
    backend,
    store,
    here: createLocker({ store, clock, ...options }),
    there: createLocker({ store: backend.connect(), clock, ...options }),
  };
}

describe('restore', () => {
  test('is refused by a locker that is closed', async () => {
    const { clock, backend, here, there } = scene();
    const handed = await (await there.lock('a')).handOver();
    await here.close();
    await expect(here.restore(handed)).rejects.toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
    await clock.advance(31_000);
    expect(await backend.read('giveway:a')).toBeUndefined();
  });

  test('that fails halfway keeps nothing', async () => {
    const { backend, store, here, there } = scene();
    const handed = await (await there.lock(['a', 'b'])).handOver();
    store.arm('read', 'reject-before', { key: (key) => key.endsWith('b') });
    await expect(here.restore(handed)).rejects.toMatchObject({ code: 'ERR_GIVEWAY_STORE_UNAVAILABLE' });
    expect(await backend.read('giveway:a')).toBeUndefined();
  });

  test("into a share that is there already keeps the lock's own end", async () => {
    const { clock, here, there } = scene({ maxHoldMs: 10_000 });
    const lock = await there.lock({ appends: 'a' });
    await clock.advance(8_000);
    await here.lock({ appends: 'a' });
    const restored = await here.restore(await lock.handOver());
    expect(restored?.remainingMs()).toBeLessThanOrEqual(2_000);
  });

  test('a share whose record is gone is lost, not handed over', async () => {
    const { backend, store, here } = scene({ heartbeat: false, ttlMs: 2_000 });
    await here.lock({ appends: 'a' });
    const lock = await here.lock({ appends: 'a' });
    const entry = await backend.read('giveway:a');
    if (entry !== undefined) await backend.remove('giveway:a', entry.version);
    await expect(lock.handOver()).rejects.toMatchObject({ code: 'ERR_GIVEWAY_LOCK_LOST' });
    expect(store.calls.read).toBeLessThan(10);
  });

  test.each<[string, (handed: SerializedLock) => object]>([
    ['no entries', (handed) => ({ ...handed, entries: [] })],
    ['an entry too few', (handed) => ({ ...handed, entries: handed.entries.slice(1) })],
    ['no entry at all', (handed) => ({ ...handed, entries: [null, ...handed.entries] })],
    ['a ttlMs that is none', (handed) => ({ ...handed, ttlMs: '30s' })],
    ['a maxHoldMs that is none', (handed) => ({ ...handed, maxHoldMs: 'long' })],
    ['a time that is none', (handed) => ({ ...handed, since: '2026' })],
  ])('P11: %s is refused', async (_, spoil) => {
    const { store, here, there } = scene();
    const handed = await (await there.lock(['a', 'b'])).handOver();
    await expect(here.restore(spoil(handed) as SerializedLock)).rejects.toMatchObject({ code: 'ERR_GIVEWAY_INVALID_OPTION' });
    expect(store.calls.read).toBe(0);
  });
});

describe('close', () => {
  test('lets go of what a request under way gets', async () => {
    const { backend, store, here } = scene();
    const sent = store.arm('create', 'hang-after');
    const refused = expect(here.lock('a')).rejects.toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
    await sent.reached;
    const closing = here.close();
    sent.release();
    await closing;
    expect(await backend.read('giveway:a')).toBeUndefined();
    await refused;
  });

  test.each<[string, string | string[]]>([
    ['one resource', 'b'],
    ['several', ['a', 'b']],
  ])('lets nobody join the queue whose request was under way: %s', async (_, scope) => {
    const { clock, backend, store, here, there } = scene();
    const held = await there.lock('b');
    const sent = store.arm('create', 'hang-after', { key: (key) => key.endsWith(Array.isArray(scope) ? 'a' : 'b') });
    const locking = here.lock(scope);
    const refused = expect(locking).rejects.toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
    await sent.reached;
    const closing = here.close();
    sent.release();
    await closing;
    await refused;
    await held.unlock();
    expect(await backend.read('giveway:a')).toBeUndefined();
    expect(clock.keepAliveTimers).toBe(0);
  });

  test('refuses whoever asks again as soon as a lock is lost', async () => {
    const { backend, here } = scene();
    const lock = await here.lock('a');
    let again: Promise<Lock | undefined> | undefined;
    lock.signal.addEventListener('abort', () => {
      again = here.tryLock('b');
      again.catch(() => {});
    });
    await here.close();
    await expect(again).rejects.toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
    expect(await backend.read('giveway:b')).toBeUndefined();
  });
});
