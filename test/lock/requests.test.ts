import { afterEach, describe, expect, test } from '@jest/globals';
import type { LockScope, ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { type FaultyStore, fakeClock, faultyStore } from '../../src/testing/index.ts';
import { closeAll, fleet, opened, sum } from './fleet.ts';

afterEach(closeAll);

const pair = { read: 0, create: 1, replace: 0, remove: 1 };

describe('two requests where nobody contends', () => {
  const scopes: LockScope[] = ['events', { appends: 'events' }, { reads: 'events' }];
  const ways: [string, (locker: ResourceLocker, scope: LockScope) => Promise<unknown>][] = [
    ['lock and unlock', async (locker, scope) => (await locker.lock(scope)).unlock()],
    ['tryLock and unlock', async (locker, scope) => (await locker.tryLock(scope))?.unlock()],
    ['run', (locker, scope) => locker.run(scope, () => {})],
    ['a run in a run', (locker, scope) => locker.run(scope, () => locker.run(scope, () => {}))],
  ];

  for (const scope of scopes) {
    test.each(ways)(`%s, ${JSON.stringify(scope)}`, async (_, take) => {
      const store = faultyStore(memoryStore());
      const locker = opened({ store });
      for (let round = 0; round < 3; round++) {
        store.resetCalls();
        await take(locker, scope);
        expect(store.calls).toEqual(pair);
      }
    });
  }

  test('for each of several names', async () => {
    const store = faultyStore(memoryStore());
    const locker = opened({ store });
    await locker.run({ writes: 'a', appends: 'b', reads: 'c' }, () => {});
    expect(store.calls).toEqual({ read: 0, create: 3, replace: 0, remove: 3 });
  });

  test('for all who share it in one process at one time', async () => {
    const store = faultyStore(memoryStore());
    const locker = opened({ store });
    await Promise.all(Array.from({ length: 50 }, () => locker.run({ appends: 'events' }, () => {})));
    expect(store.calls).toEqual(pair);
  });

  test.each(['writes', 'appends', 'reads'])('however often it is taken and how long it is held: it %s', async (mode) => {
    const clock = fakeClock();
    const { lockers, stores } = fleet(1, { clock });
    const [locker] = lockers as [ResourceLocker];
    const costs: number[] = [];
    for (let hold = 0; hold < 11; hold++) {
      stores[0]?.resetCalls();
      const lock = await locker.lock({ [mode]: 'events' });
      await clock.advance(101);
      await lock.unlock();
      costs.push(sum((stores[0] as FaultyStore).calls));
    }
    expect(costs).toEqual(Array(11).fill(2));
  });
});

test('whoever found it taken reads first, once', async () => {
  const clock = fakeClock();
  const { lockers, stores } = fleet(2, { clock });
  const [locker, other] = lockers as [ResourceLocker, ResourceLocker];
  await other.run('events', async () => expect(await locker.tryLock('events')).toBeUndefined());
  const costs: FaultyStore['calls'][] = [];
  for (let hold = 0; hold < 3; hold++) {
    stores[0]?.resetCalls();
    const lock = await locker.lock('events');
    await clock.advance(30);
    await lock.unlock();
    costs.push({ ...(stores[0] as FaultyStore).calls });
  }
  expect(costs).toEqual([{ ...pair, read: 1 }, pair, pair]);
});

test('whoever lets go while somebody waits finds out by the refusal, and next time looks first', async () => {
  const clock = fakeClock();
  const { lockers, stores } = fleet(2, { clock }, true);
  const [holder, waiter] = lockers as [ResourceLocker, ResourceLocker];
  const store = stores[0] as FaultyStore;
  const first = await holder.lock('events');
  const waited = waiter.lock('events');
  await clock.advance(1);
  store.resetCalls();
  await first.unlock();
  expect(store.calls).toEqual({ read: 1, create: 0, replace: 1, remove: 1 });
  await (await waited).unlock();
  const second = await holder.lock('events');
  const again = waiter.lock('events');
  await clock.advance(1);
  store.resetCalls();
  await second.unlock();
  expect(store.calls).toEqual({ read: 1, create: 0, replace: 1, remove: 0 });
  await (await again).unlock();
});

test('an attempt that does not wait is judged by what stands there, not by what was seen just before', async () => {
  const clock = fakeClock();
  const { lockers } = fleet(2, { clock });
  const [a, b] = lockers as [ResourceLocker, ResourceLocker];
  // Each has met the other, and turns take 100 ms: what was seen is likely to stand for half as long.
  for (let turn = 0; turn < 6; turn++) {
    const [holder, other] = turn % 2 === 0 ? [a, b] : [b, a];
    const lock = await holder.tryLock('t');
    expect(lock).toBeDefined();
    await clock.advance(100);
    expect(await other.tryLock('t')).toBeUndefined();
    expect(await lock?.unlock()).toBe(true);
  }
});
