import { afterEach, expect, test } from '@jest/globals';
import type { Lock, ResourceLocker } from '../../src/index.ts';
import { type FakeClock, type FaultyStore, fakeClock } from '../../src/testing/index.ts';
import { closeAll, fleet, untilInLine } from './fleet.ts';

afterEach(closeAll);

interface Scene {
  readonly clock: FakeClock;
  readonly waiter: ResourceLocker;
  readonly heir: ResourceLocker;
  /** Of the waiter, from its grant on. */
  readonly calls: FaultyStore['calls'];
  readonly granted: Lock;
}

/** A lock whose holder was let in by the one before, with a life of two seconds. */
async function scene(options: object): Promise<Scene> {
  const clock = fakeClock();
  const { lockers, stores } = fleet(3, { clock }, true);
  const [holder, waiter, heir] = lockers as [ResourceLocker, ResourceLocker, ResourceLocker];
  const lock = await holder.lock('t');
  const waiting = waiter.lock('t', { ttlMs: 30_000, ...options });
  await clock.advance(20);
  await untilInLine(holder, 't', 1);
  stores[1]?.resetCalls();
  await lock.unlock();
  await clock.advance(0);
  return { clock, waiter, heir, calls: (stores[1] as FaultyStore).calls, granted: await waiting };
}

test('who was let in by another and wants no heartbeat has its whole ttlMs, by one write', async () => {
  const { clock, granted, calls } = await scene({ heartbeat: false });
  await clock.advance(29_000);
  expect(granted.signal.aborted).toBe(false);
  expect(calls.replace).toBe(1);
  await clock.advance(2_000);
  expect(granted.signal.reason).toMatchObject({ reason: 'expired' });
});

test('who was let in by another and hands over at once leaves ttlMs to whoever carries it on', async () => {
  const { clock, granted, heir } = await scene({});
  const handed = await granted.handOver();
  await clock.advance(29_000);
  expect(await (await heir.restore(handed)).unlock()).toBe(true);
});

test('so does who follows one of a shorter ttlMs in its process', async () => {
  const clock = fakeClock();
  const [locker] = fleet(1, { clock }).lockers as [ResourceLocker];
  const before = await locker.lock('t', { ttlMs: 1_000 });
  const waiting = locker.lock('t', { ttlMs: 30_000 });
  await clock.advance(5);
  await before.unlock();
  const handed = await (await waiting).handOver();
  await clock.advance(29_000);
  expect(await (await locker.restore(handed)).unlock()).toBe(true);
});

test('a place whose lock was handed over in vain, and taken back, is not forgotten while it is held', async () => {
  const clock = fakeClock();
  const { lockers, stores } = fleet(1, { clock });
  const [locker] = lockers as [ResourceLocker];
  const [store] = stores as [FaultyStore];
  const beside = await locker.lock({ appends: 'b' });
  const both = await locker.lock({ writes: 'a', appends: 'b' });
  store.arm('replace', 'reject-before', { times: 1 });
  await expect(both.handOver()).rejects.toMatchObject({ name: 'StoreUnavailableError' });
  await beside.unlock();
  await clock.advance(600_000);
  let again: Promise<Lock> | undefined;
  locker.on('released', () => {
    again ??= locker.lock('a');
  });
  await (await locker.lock('a')).unlock();
  await again;
  for (let index = 0; index < 200; index++) await (await locker.lock(`other${index}`)).unlock();
  store.arm('create', 'reject-before', { times: 1 });
  await expect(locker.run('a', () => {}, { onStoreDown: 'run' })).resolves.toMatchObject({ status: 'skipped', reason: 'busy' });
});
