import type { Job, Processor } from 'bullmq';
import { InvalidOptionError, ResourceBusyError } from '../lock/errors.ts';
import type { ResourceLocker } from '../lock/locker.ts';
import { checkOptions, type RetryOptions, type RunOptions, runOptionNames } from '../lock/options.ts';
import type { Holder } from '../lock/record.ts';
import type { RunOutcome, SkipReason } from '../lock/run.ts';
import type { LockScope } from '../lock/scope.ts';
import { lostJobSignal } from './lost-job.ts';

export interface LockedProcessorOptions extends Omit<RunOptions, 'retry'> {
  /**
   * What a job does that finds its scope busy. `'retry'`, the default, moves it to delayed: the worker's slot is free and no
   * attempt is counted. `'skip'` completes it with a `SkippedJob` as its result; that is the default for jobs of a job
   * scheduler, where the next one comes by itself and a backlog could build.
   */
  readonly onBusy?: 'skip' | 'retry';
  readonly retry?: PostponeOptions;
  /** Default 3 600 000: a table's or locker's own `maxHoldMs` comes first. */
  readonly maxHoldMs?: number;
}

/** How a busy job is put off. */
export interface PostponeOptions {
  /** First delay, in milliseconds; doubles up to `maxDelayMs`, and each is shortened at random by up to half. Default 200. */
  readonly delayMs?: number;
  /** Longest delay, in milliseconds. Default 5 000. */
  readonly maxDelayMs?: number;
  /** Most times a job is started before it fails with `ResourceBusyError`, as an attempt that BullMQ counts. Default 1 000. */
  readonly maxAttempts?: number;
}

/** The result of a job that did not run. Kept by BullMQ, so it names holders without their tokens. */
export interface SkippedJob {
  readonly status: 'skipped';
  readonly reason: SkipReason;
  readonly resource: string;
  readonly holders: readonly Omit<Holder, 'token'>[];
}

const postponeDefaults = { delayMs: 200, maxDelayMs: 5_000, maxAttempts: 1_000 };

/**
 * A BullMQ processor that runs `processor` under a lock. It finds the lock with `locker.current()`; its `signal` is the
 * lock's, and aborts as well when BullMQ cancels the job or the job loses its own lock in the queue. Throws
 * `InvalidOptionError`.
 */
export function lockedProcessor<T, R, N extends string = string>(
  locker: ResourceLocker,
  scope: LockScope | ((job: Job<T, R | SkippedJob, N>) => LockScope),
  processor: (job: Job<T, R | SkippedJob, N>, token: string | undefined, signal: AbortSignal) => R | Promise<R>,
  options: LockedProcessorOptions = {},
): Processor<T, R | SkippedJob, N> {
  const { onBusy, retry, signal: stopped, ...lockOptions } = checked(options);
  if (typeof scope !== 'function') locker.wrap(scope, () => {});
  // Exactly these three: BullMQ passes the signal only to a function that declares it.
  return async (job, token, cancelled) => {
    const wanted = typeof scope === 'function' ? scope(job) : scope;
    const lostJob = lostJobSignal(job);
    const signal = AbortSignal.any([stopped, cancelled, lostJob.signal].filter((each) => each !== undefined));
    const shown = { job: `${job.queueName}:${job.name}`, ...lockOptions, signal };
    const outcome = await locker
      .run(wanted, (lock) => processor(job, token, lock.signal), { ...shown, onBusy: 'skip' }, { maxHoldMs: 3_600_000 })
      .finally(lostJob.forget);
    if (outcome.status === 'ran') return outcome.value;
    if (outcome.reason === 'aborted') throw signal.reason;
    const gives = onBusy ?? (job.repeatJobKey === undefined ? 'retry' : 'skip');
    // A closed locker is no reason to drop a job: another worker will have it.
    if (gives === 'skip' && outcome.reason !== 'closed') return skippedJob(outcome);
    return postpone(job, token, outcome, { ...postponeDefaults, ...retry });
  };
}

type Skipped = Extract<RunOutcome<unknown>, { status: 'skipped' }>;

function skippedJob({ status, reason, resource, holders }: Skipped): SkippedJob {
  return { status, reason, resource, holders: holders.map(({ token: _, ...shown }) => shown) };
}

/** Puts the job off. BullMQ knows the error by its name, so that bullmq itself need not be loaded here. */
async function postpone(job: Job, token: string | undefined, outcome: Skipped, retry: Required<PostponeOptions>): Promise<never> {
  const postponed = job.attemptsStarted - job.attemptsMade;
  const busy = new ResourceBusyError(outcome.resource, outcome.holders, outcome.waitedMs);
  if (postponed >= retry.maxAttempts) throw busy;
  const delayMs = Math.min(retry.maxDelayMs, retry.delayMs * 2 ** Math.min(postponed - 1, 30));
  await job.moveToDelayed(Date.now() + Math.ceil(delayMs * (0.5 + Math.random() / 2)), token);
  throw Object.assign(new Error(busy.message), { name: 'DelayedError' });
}

function checked(options: LockedProcessorOptions): LockedProcessorOptions {
  checkOptions(options, '', runOptionNames);
  const { maxWaitMs } = (options.retry ?? {}) as RetryOptions;
  if (maxWaitMs !== undefined)
    throw new InvalidOptionError(
      'retry.maxWaitMs',
      maxWaitMs,
      'a job does not wait, it is put off: delayMs, maxDelayMs and maxAttempts are allowed',
    );
  return options;
}
