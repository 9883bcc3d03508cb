/** Jobs that several processes have put off, in one queue in Redis: each process is a worker with a locker of its own. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Job, JobsOptions, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { createLocker, type LockScope, type ResourceLocker } from '../../src/index.ts';
import { lockedProcessor } from '../../src/jobs/bullmq.ts';
import { type FleetLine, fleetLineOf } from '../../src/jobs/fleet-line.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { until } from '../../src/testing/waiting.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { openQueue, openWorker, type Place } from './queues.ts';

/** So late that a job which runs was woken. */
const retry = { delayMs: 3_600_000, maxDelayMs: 3_600_000 };

describeWith('redis', (service) => {
  let place: Place;
  let queue: Queue;
  let redis: Redis;
  let backend: ReturnType<typeof memoryStore>;
  let lockers: ResourceLocker[];
  let workers: Worker[];
  let ran: string[];
  let starts: number;
  let started: Job[];

  beforeEach(async () => {
    place = { url: service.url, prefix: uniqueName('q') };
    queue = openQueue(place);
    await queue.waitUntilReady();
    redis = new Redis(service.url);
    backend = memoryStore();
    [lockers, workers, ran, starts, started] = [[], [], [], 0, []];
  });
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.close(true)));
    await Promise.all(lockers.map((locker) => locker.close()));
    await queue.close();
    redis.disconnect();
  });

  const newLocker = (): ResourceLocker => {
    const locker = createLocker({ store: backend.connect() });
    lockers.push(locker);
    return locker;
  };

  /** A process, of as many slots. */
  async function open(concurrency: number, scope: LockScope | ((job: Job) => LockScope) = 'events', work?: () => Promise<unknown>) {
    const locker = newLocker();
    const locked = lockedProcessor<unknown, void>(
      locker,
      scope,
      async ({ name }) => {
        ran.push(name);
        await work?.();
      },
      { retry, onBusy: 'retry' },
    );
    const processor = async (job: Job, token?: string, signal?: AbortSignal) => {
      starts++;
      started.push(job);
      return (locked as (job: Job, token?: string, signal?: AbortSignal) => unknown)(job, token, signal);
    };
    const worker = openWorker(place, processor as never, { concurrency });
    workers.push(worker);
    await worker.waitUntilReady();
    return { locker, worker };
  }
  const add = (names: readonly string[], opts: JobsOptions = {}): Promise<unknown> =>
    queue.addBulk(names.map((name) => ({ name, data: {}, opts })));
  const delayed = (count: number): Promise<void> =>
    until(`${count} are put off`, async () => (await queue.getDelayedCount()) === count, 30_000);
  const allRan = (count: number): Promise<void> =>
    until(`${count} have run`, async () => (await queue.getCompletedCount()) === count, 30_000);
  const key = (): string => `${place.prefix}:jobs:giveway:events`;
  const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index + 1}`);

  test('five processes run the jobs of a table in the order in which they were added, and seldom start one more than twice', async () => {
    const lock = await newLocker().lock('events');
    await Promise.all(Array.from({ length: 5 }, () => open(6)));
    await add(numbered(30));
    await delayed(30);
    await lock.unlock();
    await allRan(30);
    // A process that stands still for longer than a turn lets two go: on a busy machine some come late.
    const late = ran.filter((name, place) => ran.slice(place + 1).some((other) => Number(other) < Number(name)));
    expect(late.length).toBeLessThan(10);
    expect(starts).toBeLessThan(75);
  }, 60_000);

  test('a process that has put off none itself wakes the next of another one, which need not look', async () => {
    const lock = await newLocker().lock('events');
    const one = await open(4);
    await add(numbered(4));
    await delayed(4);
    await one.worker.pause();
    // From now on the one that put them off sees nothing.
    one.locker.inspect = () => Promise.reject(new Error('no look'));
    await open(1);
    await lock.unlock();
    expect(ran).toEqual([]);
    await (await queue.getDelayed())[0]?.promote();
    await allRan(4);
    expect(ran.slice(1)).toEqual(numbered(4).filter((name) => name !== ran[0]));
  });

  test('appends of several processes go together when a write has ended', async () => {
    const lock = await newLocker().lock('events');
    const allAtOnce = (): Promise<void> => until('all are at work', () => ran.length === 6, 30_000);
    await Promise.all([1, 2, 3].map(() => open(3, { appends: 'events' }, allAtOnce)));
    await add(numbered(6));
    await delayed(6);
    await lock.unlock();
    await allRan(6);
  });

  test('jobs that were removed, promoted by hand or given another delay are passed over; priorities come first', async () => {
    const lock = await newLocker().lock('events');
    await Promise.all([open(4), open(4)]);
    for (const name of ['removed', 'later', 'last']) await add([name], { priority: 2 });
    await add(['first'], { priority: 1 });
    await delayed(4);
    const jobs = await queue.getDelayed();
    await jobs.find(({ name }) => name === 'removed')?.remove();
    await jobs.find(({ name }) => name === 'later')?.changeDelay(7_200_000);
    await lock.unlock();
    await allRan(2);
    expect(ran).toEqual(['first', 'last']);
    expect((await queue.getDelayed()).map(({ name }) => name)).toEqual(['later']);
  });

  test('who goes with the holders does not go before one that does not', async () => {
    const lock = await newLocker().lock('events');
    await open(2, ({ name }) => (name === 'write' ? 'events' : { appends: 'events' }));
    await add(['write']);
    await delayed(1);
    await add(['append', 'append']);
    await delayed(3);
    const line = (await fleetLineOf(started[0] as Job, 'events')) as FleetLine;
    await until('they stand there', async () => (await redis.zcard(key())) === 3);
    expect(await line.take('append', true)).toBeUndefined();
    expect(await line.take(undefined, true)).toEqual({ mode: 'write', ids: ['1'] });
    expect(await line.take('append', false)).toBeUndefined();
    expect(await line.take('append', true)).toEqual({ mode: 'append', ids: ['2', '3'] });
    expect(await line.take('append', true)).toEqual({ mode: '', ids: [] });
    await lock.unlock();
  });

  test('a job that is put off again and again stands there once', async () => {
    const lock = await newLocker().lock('events');
    await open(1);
    await add(['often']);
    for (const count of [1, 2, 3]) {
      await until('it is put off', async () => started.length === count && (await queue.getDelayedCount()) === 1);
      await until('it stands there', async () => (await redis.hget(`${place.prefix}:jobs:1`, 'giveway'))?.startsWith(`${count} `) === true);
      expect(await redis.zcard(key())).toBe(1);
      if (count < 3) await (await queue.getDelayed())[0]?.promote();
    }
    await lock.unlock();
    await allRan(1);
  });

  test('what stands in Redis goes away by itself, and jobs run where it was lost', async () => {
    const lock = await newLocker().lock('events');
    await open(3);
    await add(numbered(3));
    await delayed(3);
    await until('they stand there', async () => (await redis.zcard(key())) === 3);
    const leftMs = await redis.pttl(key());
    expect(leftMs).toBeGreaterThan(1_800_000);
    expect(leftMs).toBeLessThanOrEqual(3_600_000 + 60_000);
    await redis.del(key());
    await lock.unlock();
    await queue.promoteJobs();
    await allRan(3);
  });
});
