import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Job } from 'bullmq';
import { CronJob } from 'cron';
import { Cron } from 'croner';
import { scheduleJob } from 'node-schedule';
import { createLocker, type ResourceLocker, type RunOutcome } from '../../src/index.ts';
import { oncePerFire } from '../../src/jobs/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { openQueue, openWorker } from './queues.ts';

const instances = 3;
const minutes = 20;

let lockers: ResourceLocker[];
beforeEach(() => {
  const backend = memoryStore();
  lockers = Array.from({ length: instances }, () => createLocker({ store: backend.connect() }));
});

describe('of three instances one runs each fire', () => {
  let outcomes: RunOutcome<unknown>[];
  let fires: number;
  beforeEach(() => {
    jest.useFakeTimers({ now: Date.UTC(2026, 10, 28, 2, 0, 30), doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    outcomes = [];
    fires = 0;
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Short work: the others come when it is over. */
  const work = (): number => ++fires;
  const every = { name: 'rollup', every: 60_000 } as const;
  const tell = (outcome: Promise<RunOutcome<unknown>>): void => void outcome.then((each) => outcomes.push(each));

  /** The instances' clocks are apart: theirs is as if they started later. */
  async function play(start: (locker: ResourceLocker) => () => unknown, apartMs = 0): Promise<void> {
    const stops: (() => unknown)[] = [];
    for (const locker of lockers) {
      stops.push(start(locker));
      await jest.advanceTimersByTimeAsync(apartMs);
    }
    await jest.advanceTimersByTimeAsync(minutes * 60_000);
    for (const stop of stops) stop();
    jest.useRealTimers();
  }
  const ran = (): number => outcomes.filter(({ status }) => status === 'ran').length;

  test('croner, which does not say when a fire was due', async () => {
    await play((locker) => {
      const refresh = oncePerFire(locker, every, work);
      const job = new Cron('* * * * *', () => tell(refresh()));
      return () => job.stop();
    });
    expect([fires, ran(), outcomes.length]).toEqual([minutes, minutes, minutes * instances]);
    expect(outcomes.find(({ status }) => status === 'skipped')).toMatchObject({ reason: 'busy', holders: [{ job: 'rollup' }] });
  });

  test("cron, which is @nestjs/schedule's", async () => {
    await play((locker) => {
      const refresh = oncePerFire(locker, every, work);
      const job = CronJob.from({ cronTime: '0 * * * * *', onTick: () => tell(refresh()), start: true });
      return () => job.stop();
    });
    expect([fires, ran()]).toEqual([minutes, minutes]);
  });

  test('node-schedule, which passes when a fire was due', async () => {
    const slots: unknown[] = [];
    await play((locker) => {
      locker.on('fire', ({ slot, outcome }) => void (outcome === 'began' && slots.push(slot)));
      const refresh = oncePerFire(locker, { name: 'rollup', at: (due: Date) => due }, (_lock, due: Date) => [work(), due]);
      const job = scheduleJob('* * * * *', (due) => tell(refresh(due)));
      return () => job.cancel();
    });
    expect([fires, ran()]).toEqual([minutes, minutes]);
    expect(slots[0]).toEqual(new Date(Date.UTC(2026, 10, 28, 2, 1)));
  });

  test('clocks apart by less than slotHoldMs', async () => {
    await play((locker) => {
      const refresh = oncePerFire(locker, { ...every, slotHoldMs: 25_000 }, work);
      const timer = setInterval(() => tell(refresh()), 60_000);
      return () => clearInterval(timer);
    }, 10_000);
    expect([fires, ran()]).toEqual([minutes, minutes]);
  });

  test('a process that comes later than slotHoldMs runs the fire again', async () => {
    const [early, inTime, late] = lockers.map((locker) => oncePerFire(locker, { name: 'rollup', at: 0, slotHoldMs: 30_000 }, work));
    await early?.();
    await jest.advanceTimersByTimeAsync(29_000);
    expect(await inTime?.()).toMatchObject({ status: 'skipped', reason: 'busy' });
    await jest.advanceTimersByTimeAsync(2_000);
    await late?.();
    expect(fires).toBe(2);
  });
});

test('the lock, what the scheduler passes, and what the work returns or throws', async () => {
  const [locker] = lockers as [ResourceLocker];
  const at = (_name: string, due: number): number => due;
  const refresh = oncePerFire(locker, { name: 'rollup', at }, async (lock, name: string, due: number) => {
    if (due === 2) throw new Error('division by zero');
    return [lock.isProtected, name, due];
  });
  expect(await refresh('a', 1)).toMatchObject({ status: 'ran', value: [true, 'a', 1] });
  expect(await refresh('a', 1)).toMatchObject({ status: 'skipped', reason: 'busy' });
  await expect(refresh('a', 2)).rejects.toThrow('division by zero');
});

test('P11: what is no fire is refused at once, by name', async () => {
  const [locker] = lockers as [ResourceLocker];
  const make = oncePerFire as unknown as (...args: unknown[]) => () => Promise<unknown>;
  const good = { name: 'rollup', every: 60_000 };
  const nothing = (): void => {};
  for (const [args, path] of [
    [[{}, good, nothing], 'locker'],
    [[locker], 'options'],
    [[locker, null, nothing], 'options'],
    [[locker, good], 'work'],
    [[locker, good, './work.js'], 'work'],
    [[locker, { ...good, at: new Date() }, nothing], 'at'],
    [[locker, { name: 'rollup' }, nothing], 'at'],
    [[locker, { name: 'rollup', at: 'noon' }, nothing], 'at'],
    [[locker, { ...good, every: 0 }, nothing], 'every'],
    [[locker, { ...good, every: '5m' }, nothing], 'every'],
    [[locker, { ...good, every: Number.NaN }, nothing], 'every'],
    [[locker, { ...good, slotHoldMs: 31_000 }, nothing], 'slotHoldMs'],
    [[locker, { ...good, slotHoldMs: 1.5 }, nothing], 'slotHoldMs'],
    [[locker, { every: 60_000 }, nothing], 'name'],
    [[locker, { ...good, name: 'x'.repeat(300) }, nothing], 'name'],
    [[locker, { ...good, onBusy: 'retry' }, nothing], 'onBusy'],
  ] as const)
    expect(() => make(...args)).toThrow(expect.objectContaining({ name: 'InvalidOptionError', path }));
  const late = make(locker, { name: 'rollup', at: () => undefined }, nothing);
  await expect(late()).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'at' });
});

describeWith('redis', (service) => {
  test("BullMQ's job schedulers: the job's id says when it was due; an attempt again is the same fire", async () => {
    const [locker] = lockers as [ResourceLocker];
    const place = { url: service.url, prefix: uniqueName('q') };
    const queue = openQueue(place);
    const due = ({ id }: Job): number => Number(id?.split(':').at(-1));
    const refresh = oncePerFire(locker, { name: 'rollup', at: due }, async (_lock, job: Job) => job.id);
    const outcomes: (readonly [string | undefined, RunOutcome<unknown>])[] = [];
    const worker = openWorker(place, (async (job: Job) => {
      outcomes.push([job.id, await refresh(job)], [job.id, await refresh(job)]);
    }) as never);
    const done = new Promise<void>((resolve) => worker.on('completed', () => outcomes.length >= 4 && resolve()));
    await queue.upsertJobScheduler('rollup', { every: 200 });
    await done;
    await queue.removeJobScheduler('rollup');
    await worker.close();
    await queue.close();
    expect(outcomes.slice(0, 4).map(([, { status }]) => status)).toEqual(['ran', 'skipped', 'ran', 'skipped']);
    expect(new Set(outcomes.slice(0, 4).map(([id]) => id)).size).toBe(2);
  });
});
