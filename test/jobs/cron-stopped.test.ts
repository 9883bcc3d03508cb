import { afterEach, expect, jest, test } from '@jest/globals';
import type { ScheduledTask } from 'node-cron';
import type { Lock, ResourceLocker } from '../../src/index.ts';
import { type ScheduleOptions, schedule } from '../../src/jobs/cron.ts';
import { everySecond, fleet, kept, never, once } from './cron-stage.ts';

const endings: [string, (task: ScheduledTask) => unknown][] = [
  ['stop()', (task) => task.stop()],
  ['destroy()', (task) => task.destroy()],
];

afterEach(() => void jest.restoreAllMocks());

/** Resolves when somebody there begins to wait. */
function waits(locker: ResourceLocker): Promise<unknown> {
  return new Promise((resolve) => locker.on('waiting', resolve));
}

test.each(endings)('a fire that waits for its table does not begin after %s', async (_, end) => {
  const { here, there } = fleet();
  const lock = await there.lock('events');
  let ran = 0;
  const task = kept(schedule(everySecond, () => ran++, { locker: here, scope: 'events', onBusy: 'retry' }));
  const finished = once(task, 'execution:finished');
  await waits(here);
  await end(task);
  await lock.unlock();
  expect((await finished).execution?.result).toMatchObject({ status: 'skipped', reason: 'aborted' });
  expect(ran).toBe(0);
  expect(task.fires()).toEqual({ ran: 0, failed: 0, skipped: 1, elsewhere: 0, missed: 0 });
  expect(await there.tryLock('events')).toBeDefined();
});

test.each(endings)('nor does a manual one', async (_, end) => {
  const { here, there } = fleet();
  const lock = await there.lock('events');
  const task = kept(schedule(never, () => 'ran', { locker: here, scope: 'events', name: 'etl', guarantee: 'both', onBusy: 'retry' }));
  const running = task.execute();
  await waits(here);
  await end(task);
  await lock.unlock();
  expect(await running).toMatchObject({ status: 'skipped', reason: 'aborted' });
});

test.each(endings)('nor one whose store has not answered yet, after %s', async (_, end) => {
  for (const guarantee of ['once-per-fire', 'both', 'no-overlap'] as const) {
    const { here, there, store } = fleet();
    const answer = store.arm('create', 'hang-after');
    const options = { locker: here, name: 'etl', guarantee, ...(guarantee === 'once-per-fire' ? {} : { scope: 'events' }) };
    const task = kept(schedule(never, () => 'ran', options as ScheduleOptions));
    const running = task.execute();
    await answer.reached;
    await end(task);
    answer.release();
    expect(await running).toMatchObject({ status: 'skipped', reason: 'aborted' });
    expect(here.held()).toEqual([]);
    expect(await there.tryLock('events')).toBeDefined();
  }
});

test.each(endings)('what is at work goes on after %s, and its signal is quiet', async (_, end) => {
  const { here } = fleet();
  let goOn = (): void => {};
  let isBegun = (): void => {};
  const begun = new Promise<void>((resolve) => {
    isBegun = resolve;
  });
  const handler = async (_fire: unknown, lock: Lock): Promise<boolean> => {
    isBegun();
    await new Promise<void>((resolve) => {
      goOn = resolve;
    });
    return lock.signal.aborted;
  };
  const task = kept(schedule(never, handler, { locker: here, scope: 'events' }));
  const running = task.execute();
  await begun;
  await end(task);
  goOn();
  expect(await running).toMatchObject({ status: 'ran', value: false });
});

test('the last fire that maxExecutions allows waits for its table to the end, though one before it ends meanwhile', async () => {
  const { here, there } = fleet();
  const lock = await there.lock('sales');
  const lastWaits = waits(here);
  const tables = ['events', 'sales'];
  const task = kept(
    schedule(everySecond, () => lastWaits, {
      locker: here,
      scope: () => tables.shift() ?? 'visits',
      onBusy: 'retry',
      maxExecutions: 2,
    }),
  );
  await once(task, 'task:destroyed');
  const finished = once(task, 'execution:finished');
  await lock.unlock();
  expect((await finished).execution?.result).toMatchObject({ status: 'ran' });
  expect(task.fires()).toMatchObject({ ran: 2, skipped: 0 });
});

test('a stopped task runs by hand, a destroyed one does not', async () => {
  const { here } = fleet();
  const task = kept(schedule(never, () => 'ran', { locker: here, scope: 'events' }));
  await task.stop();
  expect(await task.execute()).toMatchObject({ status: 'ran' });
  await task.destroy();
  expect(await task.execute()).toMatchObject({ status: 'skipped', reason: 'aborted' });
});

test("a fire whose jitter node-cron forgot, as a later one's began, does not begin after stop()", async () => {
  const { here } = fleet();
  let ran = 0;
  // Each waits for a second and a half, so that two are under way.
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
  const task = kept(schedule(everySecond, () => ran++, { locker: here, scope: 'events', maxRandomDelay: 3_000 }));
  await once(task, 'execution:overlap');
  await once(task, 'execution:started');
  const ranBefore = ran;
  const finished = once(task, 'execution:finished');
  await task.stop();
  expect((await finished).execution?.result).toMatchObject({ status: 'skipped', reason: 'aborted' });
  expect(ran).toBe(ranBefore);
});

test("the caller's own signal still ends waits and work", async () => {
  const { here, there } = fleet();
  const stop = new AbortController();
  const options = { locker: here, scope: 'events', onBusy: 'retry', signal: stop.signal } as const;
  const atWork = kept(
    schedule(
      never,
      (_, lock) => {
        stop.abort(new Error('enough'));
        return lock.signal.aborted;
      },
      options,
    ),
  );
  const lock = await there.lock('events');
  const running = atWork.execute();
  await waits(here);
  await lock.unlock();
  expect(await running).toMatchObject({ status: 'ran', value: true });
  expect(await kept(schedule(never, () => 'ran', options)).execute()).toMatchObject({ status: 'skipped', reason: 'aborted' });
});
