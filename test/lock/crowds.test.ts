import { afterEach, describe, expect, test } from '@jest/globals';
import { createLocker, ResourceBusyError, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { closeAll, fleet } from './fleet.ts';

afterEach(closeAll);

describe.each(['writes', 'appends'])('ten thousand that wait in one process: it %s', (mode) => {
  test.each([false, true])('are served, the holder being in another: %s', async (elsewhere) => {
    const { lockers } = fleet(2);
    const [locker, other] = lockers as [ResourceLocker, ResourceLocker];
    const lock = await (elsewhere ? other : locker).lock('events');
    let served = 0;
    const runs = Array.from({ length: 10_000 }, () =>
      locker.run({ [mode]: 'events' }, () => void served++, { onBusy: 'retry', retry: { maxWaitMs: 60_000 } }),
    );
    await lock.unlock();
    const outcomes = await Promise.all(runs);
    expect(outcomes.every(({ status }) => status === 'ran')).toBe(true);
    expect(served).toBe(10_000);
    expect(await other.inspect('events')).toEqual([]);
  });
});

describe('maxWaiters', () => {
  test('may wait for one table; whoever comes then is refused at once, and says so', async () => {
    const { lockers } = fleet(2, { maxWaiters: 2 });
    const [holder, locker] = lockers as [ResourceLocker, ResourceLocker];
    const lock = await holder.lock('events');
    const waiting = [locker.lock('events'), locker.lock('events')];
    await expect(locker.lock('events')).rejects.toBeInstanceOf(ResourceBusyError);
    await expect(locker.run('events', () => {}, { onBusy: 'retry' })).resolves.toMatchObject({ status: 'skipped', reason: 'busy' });
    await (await locker.lock('visits')).unlock();
    await lock.unlock();
    for (const each of waiting) await (await each).unlock();
    expect(await (await locker.lock('events')).unlock()).toBe(true);
  });

  test('whoever is refused for it is told who holds the table, also where that is this process', async () => {
    const { lockers } = fleet(1, { maxWaiters: 1, job: 'rollup' });
    const [locker] = lockers as [ResourceLocker];
    const lock = await locker.lock('events');
    const waiting = locker.lock('events');
    await expect(locker.lock('events')).rejects.toMatchObject({ holders: [{ job: 'rollup', state: 'holding' }] });
    await lock.unlock();
    await (await waiting).unlock();
  });

  test('counts those who wait, and not who may all get in at once', async () => {
    const { lockers } = fleet(1, { maxWaiters: 2 });
    const [locker] = lockers as [ResourceLocker];
    const sharers = Array.from({ length: 6 }, () => locker.lock({ appends: 'events' }));
    for (const each of await Promise.all(sharers)) await each.unlock();
    const alone = Array.from({ length: 4 }, () => locker.lock('visits').then((lock) => lock.unlock()));
    const outcomes = await Promise.allSettled(alone);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
    expect(outcomes[3]).toMatchObject({ reason: { holders: [{ state: 'holding' }] } });
  });

  test.each([0, 1.5, -1, '7', Number.POSITIVE_INFINITY])('P11: %p is refused', (maxWaiters) => {
    expect(() => createLocker({ store: memoryStore(), maxWaiters } as never)).toThrow(
      expect.objectContaining({ name: 'InvalidOptionError', path: 'maxWaiters' }),
    );
  });
});
