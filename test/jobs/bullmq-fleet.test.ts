import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Queue } from 'bullmq';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { startWorker, type Told, type Worker } from '../processes/spawn.ts';
import { describeWith, type Service, uniqueName } from '../support/shared.ts';
import { overlaps } from './overlaps.ts';
import { openQueue, type Place } from './queues.ts';

/** With a queue on each of BullMQ's backends, and the locks in memcached. */
function describeFleet(body: (queues: Service, locks: Service) => void): void {
  for (const backend of ['redis', 'postgres'] as const)
    describeWith(backend, (queues) => describeWith('memcached', (locks) => body(queues, locks)));
}

const tables = ['events', 'visits', 'sales', 'rollup'];

describeFleet((queues, locks) => {
  let place: Place;
  let queue: Queue;
  let locker: ResourceLocker;
  let workerEnv: Record<string, string>;
  let workers: Worker[] = [];

  beforeEach(async () => {
    const namespace = uniqueName();
    place = { url: queues.url, prefix: uniqueName('q') };
    queue = openQueue(place);
    await queue.waitUntilReady();
    locker = createLocker({ store: memcachedStore({ servers: locks.url }), namespace, closesStore: true });
    workerEnv = { MEMCACHED: locks.url, NAMESPACE: namespace, QUEUE_URL: place.url, QUEUE_PREFIX: place.prefix };
  });
  afterEach(async () => {
    for (const { process } of workers) process.kill('SIGKILL');
    await Promise.all(workers.map(({ ended }) => ended));
    workers = [];
    await queue.close();
    await locker.close();
  });

  function start(env: Record<string, string> = {}): Worker {
    const worker = startWorker('../jobs/bullmq-worker.ts', [], { ...workerEnv, ...env });
    workers.push(worker);
    return worker;
  }
  const told = (what: string): Told[] => workers.flatMap(({ lines }) => lines.filter((line) => line.what === what));
  async function completed(count: number): Promise<void> {
    while ((await queue.getJobCountByTypes('completed', 'failed')) < count) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  test('200 jobs, 4 tables, 3 processes: never two at once on a table, every job ends, no attempt is counted', async () => {
    await Promise.all([start(), start(), start()].map((worker) => worker.told('ready')));
    await queue.addBulk(Array.from({ length: 200 }, (_, index) => ({ name: 'write', data: { table: tables[index % 4], workMs: 5 } })));
    await completed(200);
    expect((await queue.getFailed()).map(({ failedReason }) => failedReason)).toEqual([]);
    const runs = told('ran');
    expect(new Set(runs.map(({ id }) => id)).size).toBe(200);
    expect(runs).toHaveLength(200);
    expect(runs.filter(({ attemptsMade }) => attemptsMade !== 0)).toEqual([]);
    for (const table of tables) expect(overlaps(runs.filter((run) => run['table'] === table))).toEqual([]);
    const jobs = await queue.getCompleted();
    expect(jobs.every(({ attemptsMade }) => attemptsMade === 0 || attemptsMade === 1)).toBe(true);
    expect(jobs.some(({ attemptsStarted }) => attemptsStarted > 1)).toBe(true);
  }, 90_000);

  test('30 jobs, one table, 3 processes: whichever process lets go, the next job is woken', async () => {
    const hourMs = '3600000'; // no job comes by itself
    await Promise.all([1, 2, 3].map(() => start({ DELAY_MS: hourMs }).told('ready')));
    await queue.addBulk(Array.from({ length: 30 }, () => ({ name: 'write', data: { table: 'events', workMs: 20 } })));
    await completed(30);
    expect(overlaps(told('ran'))).toEqual([]);
    expect(new Set(told('ran').map(({ id }) => id)).size).toBe(30);
  }, 60_000);

  test("jobs of a busy table leave the worker's slots to the others", async () => {
    const lock = await locker.lock('events', { job: 'backfill' });
    const worker = start();
    await worker.told('ready');
    const jobs = [...Array(8).fill('events'), ...Array(8).fill('visits')];
    await queue.addBulk(jobs.map((table) => ({ name: 'write', data: { table, workMs: 5 } })));
    await completed(8);
    expect(told('ran').map(({ table }) => table)).toEqual(Array(8).fill('visits'));
    await lock.unlock();
    await completed(16);
    expect(told('ran').filter(({ attemptsMade }) => attemptsMade !== 0)).toEqual([]);
  }, 60_000);

  test('a worker killed in the middle of a job: the table is free within ttlMs + 3 s, and BullMQ runs the job again, once', async () => {
    const stallsSoon = { LOCK_MS: '2000' };
    const victim = start(stallsSoon);
    await victim.told('ready');
    await queue.add('write', { table: 'events', workMs: 3_000 });
    await victim.told('began');
    expect(await locker.tryLock('events')).toBeUndefined();
    victim.process.kill('SIGKILL');
    await victim.ended;
    const killedAt = Date.now();
    for (;;) {
      const askedAt = Date.now();
      const lock = await locker.tryLock('events');
      if (await lock?.unlock()) break;
      expect(askedAt - killedAt).toBeLessThanOrEqual(1_000 + 3_000); // refused
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    start(stallsSoon);
    await completed(1);
    expect(told('began')).toHaveLength(2);
    expect(told('ran')).toHaveLength(1);
  }, 60_000);
});
