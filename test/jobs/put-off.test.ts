import { afterEach, expect, test } from '@jest/globals';
import type { Job, Queue, Worker } from 'bullmq';
import { createLocker, type LockerEvents, type ResourceLocker } from '../../src/index.ts';
import { lockedProcessor } from '../../src/jobs/bullmq.ts';
import { createJournal } from '../../src/observe/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { openQueue, openWorker } from './queues.ts';

type Heard = { readonly [E in 'skipped' | 'waiting' | 'starving' | 'acquired']: LockerEvents[E][] };

function listen(locker: ResourceLocker): Heard {
  const heard: Heard = { skipped: [], waiting: [], starving: [], acquired: [] };
  for (const event of Object.keys(heard) as (keyof Heard)[]) locker.on(event, (data) => void heard[event].push(data as never));
  return heard;
}

/** As much of a job as is asked for, at its first start; each further start is one more. */
function startedJob(): { start(): Job } {
  const job = { id: '1', name: 'write', queueName: 'etl', data: {}, attemptsMade: 0, attemptsStarted: 0, moveToDelayed: async () => {} };
  return { start: () => Object.assign(job, { attemptsStarted: job.attemptsStarted + 1 }) as never };
}

function scene(): { here: ResourceLocker; there: ResourceLocker } {
  const backend = memoryStore();
  return { here: createLocker({ store: backend.connect(), starveAfter: { skips: 3 } }), there: createLocker({ store: backend.connect() }) };
}

test('a job that is put off waits once, however often it is put off, and has waited so long in the end', async () => {
  const { here, there } = scene();
  const heard = listen(here);
  const lock = await there.lock('events', { job: 'backfill' });
  const processor = lockedProcessor(here, 'events', async () => 'ran');
  const job = startedJob();
  for (let look = 0; look < 12; look++) await expect(processor(job.start(), 'token')).rejects.toMatchObject({ name: 'DelayedError' });
  const sinceMs = performance.now();
  while (performance.now() - sinceMs < 20) await new Promise(setImmediate);
  await lock.unlock();
  expect(await processor(job.start(), 'token')).toBe('ran');
  expect(heard).toMatchObject({
    skipped: [],
    starving: [],
    waiting: [{ resource: 'events', job: 'etl:write', holders: [{ job: 'backfill' }] }],
    acquired: [{ job: 'etl:write', waitedMs: expect.any(Number) }],
  });
  expect(heard.acquired[0]?.waitedMs).toBeGreaterThanOrEqual(20);
});

test('it starves by time, once, and a job that is put off too often is one skip of all that time', async () => {
  const { here, there } = scene();
  const heard = listen(here);
  await there.lock('events', { job: 'backfill' });
  const scope = { writes: 'public.Events', reads: 'visits' };
  const processor = lockedProcessor(here, scope, async () => {}, { starveAfter: { ms: 1 }, retry: { maxAttempts: 5 } });
  const job = startedJob();
  for (let look = 1; look < 5; look++) {
    await expect(processor(job.start(), 'token')).rejects.toMatchObject({ name: 'DelayedError' });
    const sinceMs = performance.now();
    while (performance.now() - sinceMs < 2) await new Promise(setImmediate);
  }
  await expect(processor(job.start(), 'token')).rejects.toMatchObject({ name: 'ResourceBusyError' });
  expect(heard.starving).toMatchObject([{ job: 'etl:write', resource: 'events', holders: [{ job: 'backfill' }] }]);
  expect(heard.skipped).toMatchObject([
    { job: 'etl:write', reason: 'busy', scope: { writes: ['events'], appends: [], reads: ['visits'] } },
  ]);
  expect(heard.skipped[0]?.waitedMs).toBeGreaterThan(4);
});

test('a job that gave up has as many starts again in the next attempt that BullMQ gives it, also in another process', async () => {
  const { here, there } = scene();
  await there.lock('events', { job: 'backfill' });
  const processors = [1, 2, 3].map(() => lockedProcessor(here, 'events', async () => {}, { retry: { maxAttempts: 3 } }));
  const job = startedJob();
  for (const [attemptsMade, processor] of processors.entries()) {
    for (const name of ['DelayedError', 'DelayedError', 'ResourceBusyError'])
      await expect(processor(Object.assign(job.start(), { attemptsMade }), 'token')).rejects.toMatchObject({ name });
  }
});

test('a start at which the job had its table is no look: the wait after it is another one, told of and counted from its beginning', async () => {
  const { here, there } = scene();
  const heard = listen(here);
  const polls = async (): Promise<never> => {
    throw Object.assign(new Error('later'), { name: 'DelayedError' });
  };
  const processor = lockedProcessor(here, 'events', polls, { retry: { maxAttempts: 3 } });
  const job = startedJob();
  for (let poll = 0; poll < 5; poll++) await expect(processor(job.start(), 'token')).rejects.toThrow('later');
  await there.lock('events', { job: 'backfill' });
  await expect(processor(job.start(), 'token')).rejects.toMatchObject({ name: 'DelayedError' });
  expect(heard.waiting).toMatchObject([{ resource: 'events', holders: [{ job: 'backfill' }] }]);
  await expect(processor(job.start(), 'token')).rejects.toMatchObject({ name: 'DelayedError' });
  await expect(processor(job.start(), 'token')).rejects.toMatchObject({ name: 'ResourceBusyError' });
  expect(heard.skipped).toHaveLength(1);
});

test("onStarving: 'wait': a starving job waits in its slot", async () => {
  const { here, there } = scene();
  const lock = await there.lock('events');
  const processor = lockedProcessor(here, 'events', async () => 'ran', { starveAfter: { ms: 1 }, onStarving: 'wait' });
  const job = startedJob();
  await expect(processor(job.start(), 'token')).rejects.toMatchObject({ name: 'DelayedError' });
  const sinceMs = performance.now();
  while (performance.now() - sinceMs < 2) await new Promise(setImmediate);
  const waits = new Promise<void>((resolve) => here.on('waiting', () => resolve()));
  const running = processor(job.start(), 'token');
  await waits;
  await lock.unlock();
  expect(await running).toBe('ran');
});

describeWith('redis', (service) => {
  let queue: Queue | undefined;
  let worker: Worker | undefined;
  afterEach(async () => {
    await worker?.close(true);
    await queue?.close();
  });

  test('30 jobs on one table that all run: nobody starves, no skip, a hold each', async () => {
    const { here } = scene();
    const heard = listen(here);
    const journal = createJournal();
    journal.observe(here);
    const place = { url: service.url, prefix: uniqueName('q') };
    queue = openQueue(place);
    const work = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
    const processor = lockedProcessor(here, 'events', work, { retry: { delayMs: 10, maxDelayMs: 100 } });
    let done = 0;
    worker = openWorker(place, processor as never, { concurrency: 30 });
    const all = new Promise<void>((resolve) => worker?.on('completed', () => ++done === 30 && resolve()));
    await queue.addBulk(Array.from({ length: 30 }, () => ({ name: 'write', data: {} })));
    await all;
    const entries = await journal.entries();
    const count = (kind: string): number => entries.filter((entry) => entry.kind === kind).length;
    expect(heard.starving).toEqual([]);
    expect({ holds: count('hold'), skips: count('skip') }).toEqual({ holds: 30, skips: 0 });
    expect(count('wait')).toBeLessThan(30);
  });
});
