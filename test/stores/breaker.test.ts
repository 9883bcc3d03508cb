import { createHook } from 'node:async_hooks';
import { describe, expect, test } from '@jest/globals';
import { InvalidOptionError, StoreUnavailableError } from '../../src/lock/errors.ts';
import type { LockStore } from '../../src/lock/store.ts';
import { type BreakerOptions, withBreaker } from '../../src/stores/breaker.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { fakeClock, faultyStore } from '../../src/testing/index.ts';

const ttlMs = 30_000;

function stage(options: Partial<BreakerOptions> = {}) {
  const clock = fakeClock();
  const backend = faultyStore(memoryStore({ clock }), { clock });
  return { clock, backend, store: withBreaker(backend, { clock, ...options }) };
}

async function fail(store: LockStore, times: number, key = 'a'): Promise<void> {
  for (let time = 0; time < times; time += 1) await expect(store.read(key)).rejects.toThrow('never sent');
}

describe('P8: a dead store does not slow those who insert', () => {
  test('after three failures in a row create and read are refused without asking, with the last failure as cause', async () => {
    const { backend, store } = stage();
    backend.arm('every', 'reject-before', { times: Number.POSITIVE_INFINITY });
    await fail(store, 3);
    backend.resetCalls();
    for (const refused of [store.read('a'), store.create('b', 'v', ttlMs)]) {
      const error: unknown = await refused.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(error).toMatchObject({ code: 'ERR_GIVEWAY_STORE_UNAVAILABLE', cause: { message: expect.stringContaining('never sent') } });
    }
    expect(backend.calls).toMatchObject({ read: 0, create: 0 });
  });

  test('two failures are not enough, and a success starts the count again', async () => {
    const { backend, store } = stage();
    backend.arm('read', 'reject-before', { times: 2 });
    await fail(store, 2);
    expect(await store.read('a')).toBeUndefined();
    backend.arm('read', 'reject-before', { times: 2 });
    await fail(store, 2);
    expect(await store.read('a')).toBeUndefined();
  });

  test('"no" is an answer, not a failure', async () => {
    const { backend, store } = stage({ failures: 1 });
    backend.arm('create', 'no', { times: 5 });
    for (let time = 0; time < 5; time += 1) expect(await store.create('a', 'v', ttlMs)).toBeUndefined();
  });

  test('after a while one call goes to see, the others are still refused; its success lets all through', async () => {
    const { backend, store, clock } = stage();
    backend.arm('read', 'reject-before', { times: 3 });
    await fail(store, 3);
    await clock.advance(1_000);
    backend.resetCalls();
    const slow = backend.arm('read', 'hang-before');
    const probe = store.read('a');
    await slow.reached;
    await expect(store.read('a')).rejects.toThrow('Not asked');
    slow.release();
    expect(await probe).toBeUndefined();
    expect(await store.read('a')).toBeUndefined();
    expect(backend.calls.read).toBe(2);
  });

  test('a call that went to see and failed keeps the breaker open for as long again', async () => {
    const { backend, store, clock } = stage({ halfOpenAfterMs: 200 });
    backend.arm('read', 'reject-before', { times: 4 });
    await fail(store, 3);
    await clock.advance(200);
    await fail(store, 1);
    await clock.advance(199);
    await expect(store.read('a')).rejects.toThrow('Not asked');
    await clock.advance(1);
    expect(await store.read('a')).toBeUndefined();
  });

  test('a look that never ends does not keep the breaker open for ever', async () => {
    const { backend, store, clock } = stage();
    backend.arm('read', 'reject-before', { times: 3 });
    await fail(store, 3);
    await clock.advance(1_000);
    const stuck = backend.arm('read', 'hang-before');
    const probe = store.read('a');
    await stuck.reached;
    await clock.advance(1_000);
    expect(await store.read('a')).toBeUndefined();
    stuck.release();
    await probe;
  });
});

describe('P8: renewals and releases are never held back', () => {
  test('replace and remove go through while the breaker is open, and their success closes it', async () => {
    for (const method of ['replace', 'remove'] as const) {
      const { backend, store } = stage();
      const version = await store.create('a', 'v', ttlMs);
      backend.arm('read', 'reject-before', { times: 3 });
      await fail(store, 3);
      if (method === 'replace') expect(await store.replace('a', 'w', version ?? {}, ttlMs)).toBeDefined();
      else expect(await store.remove('a', version ?? {})).toBe(true);
      await expect(store.read('a')).resolves.not.toThrow();
    }
  });

  test('their failures count', async () => {
    const { backend, store } = stage();
    const version = (await store.create('a', 'v', ttlMs)) ?? {};
    backend.arm('remove', 'reject-before', { times: 3 });
    for (let time = 0; time < 3; time += 1) await expect(store.remove('a', version)).rejects.toThrow('never sent');
    await expect(store.read('a')).rejects.toThrow('Not asked');
    expect(await store.remove('a', version)).toBe(true);
  });
});

describe('what is not a failure', () => {
  test.each(['ERR_GIVEWAY_NO_CAS', 'ERR_GIVEWAY_QUARANTINE'] as const)('%s is an answer of a living server', async (code) => {
    const store = withBreaker(
      { ...memoryStore(), create: () => Promise.reject(new StoreUnavailableError('no', { code })) },
      { failures: 1 },
    );
    for (let time = 0; time < 3; time += 1) await expect(store.create('a', 'v', ttlMs)).rejects.toMatchObject({ code });
    expect(await store.read('a')).toBeUndefined();
  });

  test('an argument that was refused neither opens nor closes', async () => {
    const refusing = { ...memoryStore(), create: () => Promise.reject(new InvalidOptionError('key', '', 'more')) };
    const { clock, backend } = stage();
    const store = withBreaker({ ...refusing, read: backend.read }, { failures: 2, clock });
    for (let time = 0; time < 3; time += 1) await expect(store.create('', 'v', ttlMs)).rejects.toBeInstanceOf(InvalidOptionError);
    backend.arm('read', 'reject-before', { times: 2 });
    await fail(store, 1);
    await expect(store.create('', 'v', ttlMs)).rejects.toBeInstanceOf(InvalidOptionError);
    await fail(store, 1);
    await expect(store.read('a')).rejects.toThrow('Not asked');
  });
});

test('each server has a breaker of its own', async () => {
  const { backend, store } = stage({ serverOf: (key) => key.slice(0, 1) });
  backend.arm('read', 'reject-before', { times: Number.POSITIVE_INFINITY, key: (key) => key.startsWith('a') });
  await fail(store, 3, 'a1');
  await expect(store.read('a2')).rejects.toThrow('Not asked');
  expect(await store.read('b1')).toBeUndefined();
});

test('abilities of the store stay as they are, and those it lacks stay absent', async () => {
  const memory = memoryStore();
  const store = withBreaker(memory);
  expect(store.traits).toBe(memory.traits);
  expect([store.subscribe, store.list, store.onNotice].map((ability) => typeof ability)).toEqual(['function', 'function', 'undefined']);
  await store.close();
  await expect(store.read('a')).rejects.toThrow('closed');
});

test('it costs one promise per call', async () => {
  const answer = Promise.resolve(undefined);
  const store = withBreaker({ ...memoryStore(), read: () => answer, append: () => answer });
  let made = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === 'PROMISE') made += 1;
    },
  });
  hook.enable();
  for (let time = 0; time < 10; time += 1) store.read('a');
  for (let time = 0; time < 10; time += 1) store.append?.('a', 'text', {});
  hook.disable();
  expect(made).toBe(20);
});

test.each([
  [{ failures: 0 }, 'breaker.failures'],
  [{ failures: 1.5 }, 'breaker.failures'],
  [{ halfOpenAfterMs: Number.NaN }, 'breaker.halfOpenAfterMs'],
])('P11: %p is refused', (options, path) => {
  expect(() => withBreaker(memoryStore(), options)).toThrow(expect.objectContaining({ path }));
});

test('P11: a name that does not exist is refused with all that do', () => {
  const store = memoryStore();
  expect(() => withBreaker(store, { serverof: () => '' } as never)).toThrow(
    'breaker.serverof: received a function; there is no such option; did you mean "serverOf"? Allowed: failures, halfOpenAfterMs, serverOf, clock',
  );
  expect(() => withBreaker(store, { serverOf: () => '' })).not.toThrow();
});
