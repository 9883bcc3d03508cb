/** How a process with jobs that were put off looks at a table that others hold. On a clock of its own. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createLocker, type LockStore, type ResourceLocker } from '../../src/index.ts';
import { lockedProcessor } from '../../src/jobs/bullmq.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { QueuedJob } from './queued-job.ts';

let here: ResourceLocker;
let there: ResourceLocker;
let looks: number;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
  jest.spyOn(Math, 'random').mockReturnValue(1);
  QueuedJob.all = new Map();
  const backend = memoryStore();
  const store = backend.connect();
  const counting: LockStore = Object.assign(Object.create(store), {
    read: (key: string) => {
      looks++;
      return store.read(key);
    },
  });
  [here, there] = [createLocker({ store: counting }), createLocker({ store: backend.connect() })];
  looks = 0;
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

/** So many jobs, put off while another process holds the table for that long. */
async function putOff(count: number): Promise<QueuedJob[]> {
  const processor = lockedProcessor(here, 'events', async () => 'ran', { retry: { delayMs: 3_600_000, maxDelayMs: 3_600_000 } });
  const jobs = Array.from({ length: count }, (_, index) => new QueuedJob(`${index + 1}`));
  for (const job of jobs) expect(await job.startWith(processor)).toBe('DelayedError');
  return jobs;
}
const promotions = (jobs: readonly QueuedJob[]): number[] => jobs.map((job) => job.promotions);

test('the longer another process holds the table, the rarer the looks: 60 s cost less than 100', async () => {
  await there.lock('events', { maxHoldMs: Number.POSITIVE_INFINITY });
  const jobs = await putOff(10);
  looks = 0;
  await jest.advanceTimersByTimeAsync(200);
  expect(looks).toBeGreaterThanOrEqual(3);
  await jest.advanceTimersByTimeAsync(59_800);
  expect(looks).toBeLessThan(100);
  expect(looks).toBeGreaterThan(50);
  expect(promotions(jobs)).toEqual(Array(10).fill(0));
});

test('a table that changes hands is looked at soon again', async () => {
  let lock = await there.lock('events');
  await putOff(1);
  await jest.advanceTimersByTimeAsync(20_000);
  looks = 0;
  for (let hand = 0; hand < 20; hand++) {
    await lock.unlock();
    lock = await there.lock('events');
    await jest.advanceTimersByTimeAsync(100);
  }
  expect(looks).toBeGreaterThan(15);
});

test.each<[string, (job: QueuedJob) => void]>([
  ['has run', (job) => Object.assign(job, { attemptsStarted: 2, finishedOn: 1 })],
  ['was removed when it had run', (job) => void QueuedJob.all.delete(job.id)],
  ['was put off again', (job) => Object.assign(job, { attemptsStarted: 2, delay: 1_000 })],
])('a woken job that %s in another process, between two looks, keeps nobody waiting', async (_, elsewhere) => {
  const lock = await there.lock('events');
  const [first, second] = (await putOff(2)) as [QueuedJob, QueuedJob];
  await lock.unlock();
  await jest.advanceTimersByTimeAsync(50);
  expect(promotions([first, second])).toEqual([1, 0]);
  elsewhere(first);
  await jest.advanceTimersByTimeAsync(50);
  expect(promotions([first, second])).toEqual([1, 1]);
});

test('one that has begun, and does not hold the table yet, does', async () => {
  const lock = await there.lock('events');
  const [first, second] = (await putOff(2)) as [QueuedJob, QueuedJob];
  await lock.unlock();
  await jest.advanceTimersByTimeAsync(50);
  first.attemptsStarted = 2;
  await jest.advanceTimersByTimeAsync(400);
  expect(promotions([first, second])).toEqual([1, 0]);
  await jest.advanceTimersByTimeAsync(200);
  expect(promotions([first, second])).toEqual([1, 1]);
});

test('what is thrown while it looks ends neither the process nor the looks', async () => {
  const lock = await there.lock('events');
  let thrown = 0;
  const worker = Object.defineProperty({}, 'closing', {
    get: () => {
      if (thrown < 3) throw new Error(`connection lost ${++thrown}`);
    },
  });
  const [job] = (await putOff(0)).concat(new QueuedJob('1')) as [QueuedJob];
  Object.assign(job, { queue: worker });
  expect(await job.startWith(lockedProcessor(here, 'events', async () => 'ran'))).toBe('DelayedError');
  await lock.unlock();
  const unhandled: unknown[] = [];
  const listener = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', listener);
  await jest.advanceTimersByTimeAsync(1_000);
  jest.useRealTimers();
  await new Promise(setImmediate);
  process.off('unhandledRejection', listener);
  expect([thrown, unhandled, promotions([job])]).toEqual([3, [], [1]]);
});
