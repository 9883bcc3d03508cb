import { expect, test } from '@jest/globals';
import { createLocker, type LockerEvents } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { fakeClock } from '../../src/testing/index.ts';

function scene(): {
  clock: ReturnType<typeof fakeClock>;
  locker: ReturnType<typeof createLocker>;
  holder: ReturnType<typeof createLocker>;
  starving: LockerEvents['starving'][];
} {
  const clock = fakeClock();
  const backend = memoryStore({ clock });
  const locker = createLocker({ store: backend.connect(), clock, job: 'rollup' });
  const holder = createLocker({ store: backend.connect(), clock, job: 'load' });
  const starving: LockerEvents['starving'][] = [];
  locker.on('starving', (event) => starving.push(event));
  return { clock, locker, holder, starving };
}

test('a job that is skipped too often is reported, with who is in the way; a run ends it', async () => {
  const { clock, locker, holder, starving } = scene();
  const lock = await holder.lock('events');
  for (let skip = 0; skip < 4; skip++) {
    await locker.run('events', () => {}, { starveAfter: { skips: 3 } });
    await clock.advance(1_000);
  }
  expect(starving).toMatchObject([
    { job: 'rollup', resource: 'events', skips: 3, sinceMs: 2_000, holders: [{ job: 'load' }] },
    { skips: 4, sinceMs: 3_000 },
  ]);
  await lock.unlock();
  await locker.run('events', () => {});
  await holder.lock('events');
  await locker.run('events', () => {}, { starveAfter: { skips: 3 } });
  expect(starving).toHaveLength(2);
});

test('time without a run counts too', async () => {
  const { clock, locker, holder, starving } = scene();
  await holder.lock('events');
  await locker.run('events', () => {}, { starveAfter: { ms: 60_000 } });
  await clock.advance(60_000);
  expect(starving).toHaveLength(0);
  await locker.run('events', () => {}, { starveAfter: { ms: 60_000 } });
  expect(starving).toMatchObject([{ skips: 2, sinceMs: 60_000 }]);
});

test('time counts from the first skip in a row, also for a job that was skipped and ran before', async () => {
  const { clock, locker, holder, starving } = scene();
  const options = { starveAfter: { ms: 60_000 } };
  const skip = async (): Promise<void> => {
    await using _ = await holder.lock('events');
    await locker.run('events', () => {}, options);
  };
  await skip();
  await locker.run('events', () => {}, options);
  await clock.advance(3_600_000);
  await skip();
  expect(starving).toEqual([]);
  await clock.advance(60_000);
  await skip();
  expect(starving).toMatchObject([{ skips: 2, sinceMs: 60_000 }]);
});

test("onStarving 'wait' lets a starving job wait instead of skipping", async () => {
  const { clock, locker, holder } = scene();
  const lock = await holder.lock('events');
  const options = { starveAfter: { skips: 2 }, onStarving: 'wait' } as const;
  for (let skip = 0; skip < 2; skip++)
    await expect(locker.run('events', () => {}, options)).resolves.toMatchObject({ status: 'skipped', waitedMs: 0 });
  const waits = locker.run('events', () => 'fed', options);
  await clock.advance(500);
  await lock.unlock();
  await clock.advance(1_000);
  await expect(waits).resolves.toMatchObject({ status: 'ran', value: 'fed' });
});
