import type { Job } from 'bullmq';
import { workerOf } from './bullmq-inside.ts';

/** By worker, whom to tell which job is lost: one listener for all its jobs. */
const watched = new WeakMap<object, Set<(jobIds: readonly string[]) => void>>();

/**
 * Calls `tell` when the worker fails to renew the job's own lock in the queue: another worker may start the job at any
 * moment. BullMQ only tells its worker so; it does not cancel the job. Returns what ends the watch.
 */
export function onLostJob(job: Job, tell: (error: Error) => void): () => void {
  const watchers = watchersOf(job);
  const watch = (jobIds: readonly string[]): void => {
    if (job.id !== undefined && jobIds.includes(job.id))
      tell(new Error(`Job ${job.id} lost its lock in the queue; another worker may run it.`));
  };
  watchers?.add(watch);
  return () => watchers?.delete(watch);
}

function watchersOf(job: Job): Set<(jobIds: readonly string[]) => void> | undefined {
  const worker = workerOf(job);
  if (typeof worker?.on !== 'function') return undefined;
  const known = watched.get(worker);
  if (known !== undefined) return known;
  const watchers = new Set<(jobIds: readonly string[]) => void>();
  watched.set(worker, watchers);
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const watch of [...watchers]) watch(jobIds);
  });
  return watchers;
}
