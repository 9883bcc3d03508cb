import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Job, JobsOptions, Queue, Worker, WorkerOptions } from 'bullmq';
import { createLocker, type LockScope, type ResourceLocker } from '../../src/index.ts';
import { type LockedProcessorOptions, lockedProcessor } from '../../src/jobs/bullmq.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { describeWith, type Service, uniqueName } from '../support/shared.ts';
import { QueuedJob } from './queued-job.ts';
import { openQueue, openWorker, type Place } from './queues.ts';

/** So late that a job which runs was woken. */
const hourly = { retry: { delayMs: 3_600_000, maxDelayMs: 3_600_000 } };

function describeQueues(body: (queues: Service) => void): void {
  for (const backend of ['redis', 'postgres'] as const) describeWith(backend, body);
}

describeQueues((queues) => {
  let here: ResourceLocker;
  let there: ResourceLocker;
  let ran: { readonly name: string; readonly starts: number; readonly attempts: number }[];
  let opened: (Worker | Queue)[];
  const tick = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 5));
  const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await condition())) await tick();
  };

  beforeEach(() => {
    const backend = memoryStore();
    [here, there] = [createLocker({ store: backend.connect() }), createLocker({ store: backend.connect() })];
    ran = [];
    opened = [];
  });
  afterEach(async () => {
    for (const each of opened.reverse()) await ('concurrency' in each ? each.close(true) : each.close());
    await Promise.all([here.close(), there.close()]);
  });

  interface Opening extends LockedProcessorOptions {
    readonly place?: Place;
    readonly scope?: LockScope | ((job: Job) => LockScope);
    readonly work?: (job: Job, token: string | undefined) => Promise<unknown>;
    readonly worker?: Partial<WorkerOptions>;
  }

  /** A queue and its worker of ten slots. */
  async function open({ place, scope = 'events', work = tick, worker: workerOptions, ...options }: Opening = {}) {
    const at = place ?? { url: queues.url, prefix: uniqueName('q') };
    const queue = openQueue(at);
    await queue.waitUntilReady();
    const processor = lockedProcessor<unknown, unknown>(
      here,
      scope,
      async (job, token) => {
        ran.push({ name: job.name, starts: job.attemptsStarted, attempts: job.attemptsMade });
        return work(job, token);
      },
      options,
    );
    const worker = openWorker(at, processor as never, { concurrency: 10, ...workerOptions });
    opened.push(queue, worker);
    const add = (names: readonly string[], opts: JobsOptions = {}): Promise<unknown> =>
      queue.addBulk(names.map((name) => ({ name, data: {}, opts })));
    return { at, queue, worker, add };
  }
  const names = (count: number, prefix = 'job'): string[] => Array.from({ length: count }, (_, index) => `${prefix} ${index + 1}`);
  const order = (): string[] => ran.map(({ name }) => name);

  test('thirty jobs of one table run one after another as they were added, woken when their turn comes', async () => {
    const { queue, add } = await open({
      ...hourly,
      work: async ({ name }) => name === 'job 1' && until(async () => (await queue.getDelayedCount()) === 29),
    });
    await add(names(30));
    await until(() => ran.length === 30);
    expect(order()).toEqual(names(30));
    expect(ran.filter(({ attempts }) => attempts !== 0)).toEqual([]);
    expect(Math.max(...ran.map(({ starts }) => starts))).toBeLessThanOrEqual(2);
  });

  test('two queues of one process wake each other', async () => {
    const [one, other] = [await open(hourly), await open(hourly)];
    const lock = await here.lock('events');
    await one.add(names(4, 'one'));
    await until(async () => (await one.queue.getDelayedCount()) === 4);
    await other.add(names(4, 'other'));
    await until(async () => (await other.queue.getDelayedCount()) === 4);
    await lock.unlock();
    await until(() => ran.length === 8);
    expect(order()).toEqual([...names(4, 'one'), ...names(4, 'other')]);
  });

  test('the table was held by another process: woken with the next look', async () => {
    const { queue, add } = await open(hourly);
    const lock = await there.lock('events');
    await add(names(3));
    await until(async () => (await queue.getDelayedCount()) === 3);
    await lock.unlock();
    await until(() => ran.length === 3);
    expect(order()).toEqual(names(3));
  });

  test('appends go together when a write has ended', async () => {
    const { queue, add } = await open({ ...hourly, scope: { appends: 'events' }, work: () => until(() => ran.length === 5) });
    const lock = await here.lock('events');
    await add(names(5));
    await until(async () => (await queue.getDelayedCount()) === 5);
    await lock.unlock();
    await until(async () => (await queue.getCompletedCount()) === 5);
  });

  test('a job that needs two tables, and has one, leaves it to the next', async () => {
    const { queue, add } = await open({ ...hourly, scope: ({ name }) => (name === 'both' ? ['events', 'visits'] : 'events') });
    const [events, visits] = [await here.lock('events'), await there.lock('visits')];
    await add(['both', 'single']);
    await until(async () => (await queue.getDelayedCount()) === 2);
    await events.unlock();
    await until(() => ran.length === 1);
    expect(order()).toEqual(['single']);
    await visits.unlock();
    await until(() => ran.length === 2);
  });

  test("BullMQ's priorities come first", async () => {
    const { queue, add } = await open(hourly);
    const lock = await here.lock('events');
    for (const priority of [5, 1, 3]) await add([`priority ${priority}`], { priority });
    await until(async () => (await queue.getDelayedCount()) === 3);
    await lock.unlock();
    await until(() => ran.length === 3);
    expect(order()).toEqual(['priority 1', 'priority 3', 'priority 5']);
  });

  test('a delay that somebody gave is kept: by the queue, by the work itself, and of a job that never began', async () => {
    const later = Date.now() + 3_600_000;
    const { queue, add } = await open({
      ...hourly,
      async work(job, token) {
        if (job.name !== 'job 1') return;
        await job.moveToDelayed(later, token);
        throw Object.assign(new Error(), { name: 'DelayedError' });
      },
    });
    const lock = await here.lock('events');
    await add(['never began'], { delay: 3_600_000 });
    await add(names(3));
    await until(async () => (await queue.getDelayedCount()) === 4);
    const second = (await queue.getDelayed()).find(({ name }) => name === 'job 2');
    await second?.changeDelay(7_200_000);
    await lock.unlock();
    await until(async () => (await queue.getCompletedCount()) === 1);
    await (await here.lock('events')).unlock();
    expect(order()).toEqual(['job 1', 'job 3']);
    expect((await queue.getDelayed()).map(({ name }) => name).sort()).toEqual(['job 1', 'job 2', 'never began']);
  });

  test('a job that was removed is passed over', async () => {
    const { queue, add } = await open(hourly);
    const lock = await here.lock('events');
    await add(names(3));
    await until(async () => (await queue.getDelayedCount()) === 3);
    await (await queue.getDelayed()).find(({ name }) => name === 'job 1')?.remove();
    await lock.unlock();
    await until(() => ran.length === 2);
    expect(order()).toEqual(['job 2', 'job 3']);
  });

  test('a queue that is drained keeps the jobs that were put off, and wakes them; `drain(true)` removes them too, and harms nobody', async () => {
    const [one, other] = [await open(hourly), await open(hourly)];
    const lock = await here.lock('events');
    for (const { queue, add } of [one, other]) {
      await add(names(2, queue === one.queue ? 'one' : 'other'));
      await until(async () => (await queue.getDelayedCount()) === 2);
    }
    await one.queue.drain(true);
    await other.queue.drain();
    expect([await one.queue.getDelayedCount(), await other.queue.getDelayedCount()]).toEqual([0, 2]);
    await lock.unlock();
    await until(() => ran.length === 2);
    expect(order()).toEqual(names(2, 'other'));
    await one.add(['later']);
    await until(() => ran.length === 3);
  });

  test('a queue that is paused rests, and goes on in order; another queue of the table is not kept waiting', async () => {
    const [one, other] = [await open(hourly), await open(hourly)];
    const lock = await here.lock('events');
    await one.add(names(3));
    await until(async () => (await one.queue.getDelayedCount()) === 3);
    await other.add(names(3, 'other'));
    await until(async () => (await other.queue.getDelayedCount()) === 3);
    await one.queue.pause();
    await lock.unlock();
    await until(() => ran.length === 3);
    expect(order()).toEqual(names(3, 'other'));
    const left = await one.queue.getDelayed();
    for (const job of left.sort((a, b) => Number(a.id) - Number(b.id))) await job.promote().catch(() => {}); // it was woken meanwhile
    await one.queue.resume();
    await until(() => ran.length === 6);
    // Those that were promoted by hand may come in any order.
    expect(order().slice(0, 4)).toEqual([...names(3, 'other'), 'job 1']);
    expect(order().slice(4).sort()).toEqual(['job 2', 'job 3']);
  });

  test('a worker that closes leaves its jobs in the queue, for the next one', async () => {
    const { at, queue, worker, add } = await open(hourly);
    const lock = await here.lock('events');
    await add(names(3));
    await until(async () => (await queue.getDelayedCount()) === 3);
    await worker.close();
    await lock.unlock();
    expect(await queue.getDelayedCount()).toBe(3);
    await open({ ...hourly, place: at });
    await queue.promoteJobs();
    await until(() => ran.length === 3);
    expect(order().sort()).toEqual(names(3));
  });
});

test('who looks at its own time takes the table from nobody before it', async () => {
  const locker = createLocker({ store: memoryStore() });
  const processor = lockedProcessor(locker, 'events', async () => 'ran');
  const [first, second] = [new QueuedJob('1'), new QueuedJob('2')];
  const start = (job: QueuedJob): Promise<unknown> => job.startWith(processor);
  const lock = await locker.lock('events', { job: 'backfill' });
  expect(await start(second)).toBe('DelayedError');
  expect(await start(first)).toBe('DelayedError');
  const [, woken] = await Promise.all([
    lock.unlock(),
    new Promise<number>((resolve) => {
      first.promote = async () => resolve(++first.promotions);
    }),
  ]);
  expect([woken, second.promotions]).toEqual([1, 0]);
  expect(await start(second)).toBe('DelayedError'); // the table is free, and it is the other's turn
  expect(await start(first)).toBe('ran');
  expect(await start(second)).toBe('ran');
});

test.each([
  ['closing still wakes its jobs, for other workers', { closing: Promise.resolve() }, 1],
  ['closed is asked nothing', { closing: Promise.resolve(), closed: true }, 0],
])('a worker that is %s', async (_, worker, promotions) => {
  const locker = createLocker({ store: memoryStore() });
  const processor = lockedProcessor(locker, 'events', async () => 'ran');
  const [left, other] = [new QueuedJob('1', worker), new QueuedJob('2')];
  const lock = await locker.lock('events', { job: 'backfill' });
  expect(await left.startWith(processor)).toBe('DelayedError');
  expect(await other.startWith(processor)).toBe('DelayedError');
  const woken = new Promise<void>((resolve) => {
    for (const job of [left, other])
      job.promote = async () => {
        job.promotions++;
        resolve();
      };
  });
  await Promise.all([lock.unlock(), woken]);
  expect([left.promotions, other.promotions]).toEqual([promotions, 1 - promotions]);
});

test('a queue that says nothing keeps nobody waiting', async () => {
  const locker = createLocker({ store: memoryStore() });
  const processor = lockedProcessor(locker, 'events', async () => 'ran');
  const [first, second] = [new QueuedJob('1'), new QueuedJob('2')];
  const lock = await locker.lock('events', { job: 'backfill' });
  expect(await first.startWith(processor)).toBe('DelayedError');
  const woken = new Promise<number>((resolve) => {
    first.promote = async () => resolve(++first.promotions);
  });
  await lock.unlock();
  expect(await woken).toBe(1);
  const { fromId } = QueuedJob;
  try {
    QueuedJob.fromId = () => new Promise(() => {});
    expect(await second.startWith(processor)).toBe('ran');
  } finally {
    QueuedJob.fromId = fromId;
  }
});
