import type { Job } from 'bullmq';

/** What a worker tells about the jobs it may no longer call its own. */
interface Worker {
  on(event: 'lockRenewalFailed', listener: (jobIds: readonly string[]) => void): unknown;
}

/** By worker, whom to tell which job is lost: one listener for all its jobs. */
const watched = new WeakMap<Worker, Set<(jobIds: readonly string[]) => void>>();

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

/** A job knows the worker that runs it, in a field that BullMQ's types call protected. */
function watchersOf(job: Job): Set<(jobIds: readonly string[]) => void> | undefined {
  const worker = (job as unknown as { queue?: Partial<Worker> }).queue;
  if (typeof worker?.on !== 'function') return undefined;
  const known = watched.get(worker as Worker);
  if (known !== undefined) return known;
  const watchers = new Set<(jobIds: readonly string[]) => void>();
  watched.set(worker as Worker, watchers);
  worker.on('lockRenewalFailed', (jobIds) => {
    for (const watch of [...watchers]) watch(jobIds);
  });
  return watchers;
}
