import { describe, expect, test } from '@jest/globals';
import { createLocker, type LockerEvents } from '../../src/index.ts';
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
