import { afterEach, expect, test } from '@jest/globals';
import type { Queue, Worker } from 'bullmq';
import { until } from '../../src/testing/waiting.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { overlaps } from './overlaps.ts';
import { openQueue, openWorker } from './queues.ts';

describeWith('memcached', (locks) => {
  describeWith('redis', (queues) => {
    let opened: (Queue | Worker)[] = [];
    afterEach(async () => {
      for (const each of opened.reverse()) await each.close();
      opened = [];
    });

    test('sandboxed processors, a process each: never two at once, and a busy one is put off', async () => {
      const place = { url: queues.url, prefix: uniqueName('q') };
      const queue = openQueue(place);
      const env = { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1', MEMCACHED: locks.url, NAMESPACE: uniqueName() };
      const worker = openWorker(place, require.resolve('./sandbox-worker.ts'), {
        concurrency: 2,
        workerForkOptions: { execArgv: ['--import', 'tsx'], env },
      });
      opened = [queue, worker];
      await queue.addBulk(['a', 'b', 'c', 'd'].map((name) => ({ name, data: {} })));
      await until('they have ended', async () => (await queue.getJobCountByTypes('completed', 'failed')) === 4, 30_000);
      expect((await queue.getFailed()).map(({ failedReason }) => failedReason)).toEqual([]);
      const done = await queue.getCompleted();
      expect(done.map(({ returnvalue }) => returnvalue.job).sort()).toEqual(['jobs:a', 'jobs:b', 'jobs:c', 'jobs:d']);
      expect(overlaps(done.map(({ returnvalue }) => returnvalue))).toEqual([]);
      expect(done.map(({ attemptsMade }) => attemptsMade)).toEqual([1, 1, 1, 1]);
      expect(done.some(({ attemptsStarted }) => attemptsStarted > 1)).toBe(true);
    }, 60_000);
  });
});
