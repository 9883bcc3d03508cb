import type { Job } from 'bullmq';
import { onLostJob } from './lost-job.ts';

/** One start of a job. */
export interface Attempt {
  /** Aborts when the job is cancelled, when it loses its own lock in the queue, or when the worker is stopped. */
  readonly signal: AbortSignal;
  /** Is it the worker that ends, and not the job? */
  wasStopped(): boolean;
  /** Lets go of what the signal listens to. */
  end(): void;
}

/**
 * Begins the attempts of one processor, which `stop` ends. They share one listener on it: `AbortSignal.any` would leave
 * something of every job on a signal that outlives them.
 */
export function attemptsUntil(stop: AbortSignal | undefined): (job: Job, cancelled: AbortSignal | undefined) => Attempt {
  const running = new Set<AbortController>();
  const abortAll = (): void => {
    for (const controller of running) controller.abort(stop?.reason);
  };
  stop?.addEventListener('abort', abortAll, { once: true });
  return (job, cancelled) => {
    const controller = new AbortController();
    const forgetLoss = onLostJob(job, (error) => controller.abort(error));
    running.add(controller);
    if (stop?.aborted) abortAll();
    const signal = cancelled === undefined ? controller.signal : AbortSignal.any([cancelled, controller.signal]);
    return {
      signal,
      wasStopped: () => stop?.aborted === true && signal.reason === stop.reason,
      end() {
        running.delete(controller);
        forgetLoss();
      },
    };
  };
}
