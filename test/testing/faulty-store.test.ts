import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { StoreUnavailableError } from '../../src/lock/errors.ts';
import type { LockStore, Version } from '../../src/lock/store.ts';
import { type MemoryStore, memoryStore } from '../../src/stores/memory.ts';
import { type FaultyStore, fakeClock, faultyStore } from '../../src/testing/index.ts';

const ttlMs = 60_000;

describe('faultyStore', () => {
  let inner: MemoryStore;
  let store: FaultyStore;
  beforeEach(() => {
    inner = memoryStore();
    store = faultyStore(inner);
  });

  test('with nothing armed it is the store, and counts the calls', async () => {
    const version = (await store.create('k', 'v', ttlMs)) as Version;
    const next = (await store.replace('k', 'w', version, ttlMs)) as Version;
    expect((await store.read('k'))?.value).toBe('w');
    expect(store.calls).toEqual({ read: 1, create: 1, replace: 1, remove: 0 });
    const last = (await store.append?.('k', 'x', next)) as Version;
    expect(await store.remove('k', last)).toBe(true);
    expect(store.calls).toEqual({ read: 1, create: 1, replace: 1, remove: 1, append: 1 });
    store.resetCalls();
    expect(store.calls).toEqual({ read: 0, create: 0, replace: 0, remove: 0 });
    expect(store.traits).toBe(inner.traits);
  });

  test('keeps the optional methods of a store that is a class, and adds none', async () => {
    class ClassStore implements LockStore {
      readonly traits = inner.traits;
      readonly heard: string[] = [];
      read = inner.read;
      create = inner.create;
      replace = inner.replace;
      remove = inner.remove;
      close = inner.close;
      subscribe(key: string): Disposable {
        this.heard.push(key);
        return { [Symbol.dispose]: () => {} };
      }
    }
    const wrapped = new ClassStore();
    const faulty = faultyStore(wrapped);
    faulty.subscribe?.('k', () => {});
    expect(wrapped.heard).toEqual(['k']);
    expect(faulty).not.toHaveProperty('append');
    expect(faulty).not.toHaveProperty('list');
    expect(faulty).not.toHaveProperty('onNotice');
  });

  test('reject-before: nothing is applied; the next call is well again', async () => {
    store.arm('create', 'reject-before');
    await expect(store.create('k', 'v', ttlMs)).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(await inner.read('k')).toBeUndefined();
    expect(await store.create('k', 'v', ttlMs)).toBeDefined();
    expect(store.calls.create).toBe(2);
  });

  test('reject-after: applied, and the answer lost', async () => {
    store.arm('create', 'reject-after');
    await expect(store.create('k', 'v', ttlMs)).rejects.toBeInstanceOf(StoreUnavailableError);
    expect((await inner.read('k'))?.value).toBe('v');
  });

  test.each(['hang-before', 'hang-after'] as const)('%s: nothing comes back until released', async (fault) => {
    const armed = store.arm('create', fault);
    let answered = false;
    const call = store.create('k', 'v', ttlMs).then((version) => {
      answered = true;
      return version;
    });
    await armed.reached;
    await setImmediate();
    expect(answered).toBe(false);
    expect((await inner.read('k'))?.value).toBe(fault === 'hang-after' ? 'v' : undefined);
    armed.release();
    expect(await call).toBeDefined();
    expect((await inner.read('k'))?.value).toBe('v');
  });

  test('no: a definite no that never reached the backend', async () => {
    const version = (await store.create('k', 'v', ttlMs)) as Version;
    store.arm('every', 'no', { times: 4 });
    expect(await store.read('k')).toBeUndefined();
    expect(await store.create('other', 'v', ttlMs)).toBeUndefined();
    expect(await store.replace('k', 'w', version, ttlMs)).toBeUndefined();
    expect(await store.remove('k', version)).toBe(false);
    expect(await inner.read('other')).toBeUndefined();
    expect(await store.remove('k', version)).toBe(true);
  });

  test('append meets the same faults', async () => {
    const version = (await store.create('k', 'v', ttlMs)) as Version;
    store.arm('append', 'no');
    expect(await store.append?.('k', 'w', version)).toBeUndefined();
    store.arm('every', 'reject-before');
    await expect(store.append?.('k', 'w', version)).rejects.toBeInstanceOf(StoreUnavailableError);
    expect((await inner.read('k'))?.value).toBe('v');
    store.arm('append', 'reject-after');
    await expect(store.append?.('k', 'w', version)).rejects.toBeInstanceOf(StoreUnavailableError);
    expect((await inner.read('k'))?.value).toBe('vw');
  });

  test('a delay is counted on the clock that was passed in', async () => {
    const clock = fakeClock();
    const late = faultyStore(inner, { clock });
    late.arm('create', { delayMs: 250 });
    const call = late.create('k', 'v', ttlMs);
    await clock.advance(249);
    expect(await inner.read('k')).toBeUndefined();
    await clock.advance(1);
    expect(await call).toBeDefined();
  });

  test('faults are used up in the order they were armed, so many times each, for the keys they aim at', async () => {
    store.arm('read', 'reject-before', { key: (key) => key.endsWith(':wish') });
    store.arm('read', 'no', { times: 2 });
    await inner.create('k', 'v', ttlMs);
    expect(await store.read('k')).toBeUndefined();
    await expect(store.read('k:wish')).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(await store.read('k')).toBeUndefined();
    expect((await store.read('k'))?.value).toBe('v');
  });

  test('an outage lasts until it is disarmed, one fault or all of them; calls that hang are let go', async () => {
    const outage = store.arm('every', 'reject-before', { times: Infinity });
    for (let call = 0; call < 5; call += 1) await expect(store.read('k')).rejects.toBeInstanceOf(StoreUnavailableError);
    outage.disarm();
    expect(await store.read('k')).toBeUndefined();
    const hang = store.arm('create', 'hang-before');
    const call = store.create('k', 'v', ttlMs);
    await hang.reached;
    store.disarm();
    expect(await call).toBeDefined();
    expect(await store.create('k', 'v', ttlMs)).toBeUndefined();
  });
});
