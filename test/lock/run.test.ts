import { describe, expect, test } from '@jest/globals';
import { createLocker, type LockerEvents, type LockerOptions, type ResourceLocker, type RunOptions } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { faultyStore } from '../../src/testing/index.ts';

describe('a run whose signal aborts while the store is asked', () => {
  test.each(['hang-after', 'hang-before'] as const)('does not begin, and lets go (%s)', async (fault) => {
    const backend = memoryStore();
    const store = faultyStore(backend);
    await using here = createLocker({ store });
    await using there = createLocker({ store: backend.connect() });
    const skips: LockerEvents['skipped'][] = [];
    here.on('skipped', (skip) => void skips.push(skip));
    const controller = new AbortController();
    let began = false;
    const asked = store.arm('create', fault);
    const running = here.run(
      'events',
      () => {
        began = true;
      },
      { signal: controller.signal },
    );
    await asked.reached;
    controller.abort(new Error('enough'));
    asked.release();
    expect(await running).toMatchObject({ status: 'skipped', reason: 'aborted', resource: 'events', holders: [] });
    expect(began).toBe(false);
    expect(skips).toMatchObject([{ reason: 'aborted', resource: 'events' }]);
    expect(here.held()).toEqual([]);
    expect(await there.tryLock('events')).toBeDefined();
  });

  test('does not begin unprotected either, when the store turns out to be down', async () => {
    const store = faultyStore(memoryStore());
    await using locker = createLocker({ store });
    const controller = new AbortController();
    store.arm('every', 'reject-before', { times: Number.POSITIVE_INFINITY });
    const running = locker.run('events', () => 'ran', { signal: controller.signal, onStoreDown: 'run' });
    expect(store.calls.create).toBe(1);
    controller.abort();
    expect(await running).toMatchObject({ status: 'skipped', reason: 'aborted' });
  });
});

/** One who holds it there, and one here over a store that can be made to fail. */
function apart(options: Partial<LockerOptions> = {}) {
  const backend = memoryStore();
  const store = faultyStore(backend.connect());
  return { store, there: createLocker({ store: backend, job: 'nightly' }), here: createLocker({ store, ...options }) };
}

describe('a wait that ends before its limit', () => {
  const scope = ['events', 'visits'];

  async function waiting(options: RunOptions, end: (locker: ResourceLocker) => unknown) {
    const sides = apart();
    await using there = sides.there;
    await using here = sides.here;
    const told: LockerEvents['skipped'][] = [];
    here.on('skipped', (skip) => void told.push(skip));
    await there.lock('visits');
    const waits = new Promise<void>((resolve) => here.on('waiting', () => resolve()));
    const running = here.run(scope, () => 'ran', { onBusy: 'retry', ...options });
    await waits;
    end(here);
    return { outcome: await running, told };
  }

  test('says what it waited for, and who has it, when its signal aborts', async () => {
    const leaving = new AbortController();
    const { outcome, told } = await waiting({ signal: leaving.signal }, () => leaving.abort());
    const skip = { reason: 'aborted', resource: 'visits', holders: [{ job: 'nightly', state: 'holding' }] };
    expect(outcome).toMatchObject({ status: 'skipped', ...skip });
    expect(told).toMatchObject([skip]);
  });

  test('says so when the locker closes', async () => {
    const { outcome } = await waiting({}, (locker) => locker.close());
    expect(outcome).toMatchObject({ reason: 'closed', resource: 'visits', holders: [{ job: 'nightly' }] });
  });

  test('says so to whoever called lock(), too', async () => {
    await using there = createLocker({ store: memoryStore() });
    await there.lock('visits');
    const leaving = new AbortController();
    there.on('waiting', () => leaving.abort());
    await expect(there.lock(scope, { signal: leaving.signal })).rejects.toThrow('Waiting for "visits" was aborted');
  });

  test('says so when its signal had aborted before it was told that it must wait', async () => {
    const { store, ...sides } = apart();
    await using there = sides.there;
    await using here = sides.here;
    await there.lock('visits');
    const leaving = new AbortController();
    const asked = store.arm('create', 'hang-after', { key: (key) => key.endsWith('visits') });
    const running = here.run(scope, () => 'ran', { onBusy: 'retry', signal: leaving.signal });
    await asked.reached;
    leaving.abort();
    asked.release();
    expect(await running).toMatchObject({ reason: 'aborted', resource: 'visits', holders: [{ job: 'nightly' }] });
  });
});

test('one table is held, and the store does not answer for another: the skip says who is in the way', async () => {
  const { store, ...sides } = apart({ onStoreDown: 'skip' });
  await using there = sides.there;
  await using here = sides.here;
  await there.lock('events');
  store.arm('every', 'reject-before', { times: Number.POSITIVE_INFINITY, key: (key) => key.endsWith('visits') });
  const outcome = await here.run(['events', 'visits'], () => 'ran', { onBusy: 'retry' });
  expect(outcome).toMatchObject({ status: 'skipped', reason: 'store-down', resource: 'events', holders: [{ job: 'nightly' }] });
});

test("a wait that the store's failure ends, by onStoreDown: 'skip', says who was seen", async () => {
  const { store, ...sides } = apart({ onStoreDown: 'skip' });
  await using there = sides.there;
  await using here = sides.here;
  await there.lock('visits');
  here.on('waiting', () => void store.arm('every', 'reject-before', { times: Number.POSITIVE_INFINITY }));
  const outcome = await here.run('visits', () => 'ran', { onBusy: 'retry' });
  expect(outcome).toMatchObject({ status: 'skipped', reason: 'store-down', resource: 'visits', holders: [{ job: 'nightly' }] });
});
