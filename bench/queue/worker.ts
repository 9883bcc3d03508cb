/** A process of bench/queue/main.ts: works off one queue after another, with locks or without. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'bullmq';
import { createLocker } from '../../src/index.ts';
import { lockedProcessor } from '../../src/jobs/bullmq.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { openWorker, type Place } from '../../test/jobs/queues.ts';
import { obey } from '../crew.ts';

export interface Setup {
  readonly memcached: string;
}

/** To begin with a queue, or to end with the one begun. */
export type Task = { readonly begin: Place; readonly isLocked: boolean; readonly concurrency: number; readonly workMs: number } | 'end';

export interface Run {
  readonly index: number;
  readonly began: number;
  readonly ended: number;
  readonly starts: number;
}

obey<Setup, Task, readonly Run[]>(async ({ memcached }) => {
  const locker = createLocker({ store: memcachedStore({ servers: memcached }) });
  let runs: Run[] = [];
  let worker: Worker | undefined;
  return async (task) => {
    if (task === 'end') {
      await worker?.close();
      return runs;
    }
    runs = [];
    const work = async (job: { data: { index: number }; attemptsStarted: number }): Promise<void> => {
      const began = Date.now();
      await sleep(task.workMs);
      runs.push({ index: job.data.index, began, ended: Date.now(), starts: job.attemptsStarted });
    };
    const processor = task.isLocked ? lockedProcessor(locker, `table-${task.begin.prefix}`, work as never) : work;
    worker = openWorker(task.begin, processor as never, { concurrency: task.concurrency });
    await worker.waitUntilReady();
    return [];
  };
});
