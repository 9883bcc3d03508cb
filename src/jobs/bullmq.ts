import type { Job, Processor } from 'bullmq';
import type { Lock } from '../lock/api/lock.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import { refusal, type Skipped } from '../lock/api/refusal.ts';
import type { RunOutcome, SkipReason } from '../lock/api/run.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import { type Holder, printable } from '../lock/holder.ts';
import type { LockScope, RetryOptions, RunOptions } from '../lock/options.ts';
import { checkOptions, runOptionNames } from '../lock/plan/options.ts';
import { attemptsUntil } from './attempts.ts';
import { workerOf } from './bullmq-inside.ts';
import { checkLocker } from './check-locker.ts';
import type { LockedProcessorOptions, PostponeOptions } from './processor-options.ts';
import { type PutOff, putOffJobs } from './put-off.ts';

export type { LockedProcessorOptions, PostponeOptions } from './processor-options.ts';

/** The result of a job that did not run. Kept and shown by BullMQ, so holders are named as in messages, and without their tokens. */
export interface SkippedJob {
  readonly status: 'skipped';
  readonly reason: SkipReason;
  readonly resource: string;
  readonly holders: readonly Omit<Holder, 'token'>[];
}

/** What a job needs, or a function of the job that says so. */
type JobScope<T, R, N extends string> = LockScope | ((job: Job<T, R, N>) => LockScope);

/** What a job does, under its lock. */
type JobWork<T, R, N extends string> = (job: Job<T, R, N>, token: string | undefined, signal: AbortSignal) => R | Promise<R>;

/**
 * A BullMQ processor that runs `processor` under a lock. It finds the lock with `locker.current()`; its `signal` is the
 * lock's, and aborts as well when BullMQ cancels the job or the job loses its own lock in the queue. Its results may be
 * `SkippedJob`s, unless `onBusy` is `'retry'`. Throws `InvalidOptionError`.
 */
export function lockedProcessor<T, R, N extends string = string>(
  locker: ResourceLocker,
  scope: JobScope<T, R, N>,
  processor: JobWork<T, R, N>,
  options: LockedProcessorOptions & { readonly onBusy: 'retry' },
): Processor<T, R, N>;
export function lockedProcessor<T, R, N extends string = string>(
  locker: ResourceLocker,
  scope: JobScope<T, R, N>,
  processor: JobWork<T, R, N>,
  options?: LockedProcessorOptions,
): Processor<T, R | SkippedJob, N>;
export function lockedProcessor<T, R, N extends string>(
  locker: ResourceLocker,
  scope: JobScope<T, R, N>,
  processor: JobWork<T, R, N>,
  options: LockedProcessorOptions = {},
): (job: Job<T, R, N>, token?: string, signal?: AbortSignal) => Promise<R | SkippedJob> {
  checkLocker(locker);
  const { onBusy, retry, signal: stop, starveAfter, ...lockOptions } = checked(options);
  if (typeof scope !== 'function') locker.wrap(scope, () => {});
  if (typeof processor !== 'function') throw new InvalidOptionError('processor', processor, 'a function is allowed');
  const putOff = postponement(retry);
  const beginAttempt = attemptsUntil(stop);
  const waits = putOffJobs(locker, starveAfter);
  const runJob = async (job: Job<T, R, N>, token: string | undefined, cancelled: AbortSignal | undefined): Promise<R | SkippedJob> => {
    const wanted = typeof scope === 'function' ? scope(job) : scope;
    const shown = lockOptions.job ?? `${job.queueName}:${job.name}`;
    const gives = onBusy ?? (job.repeatJobKey === undefined ? 'retry' : 'skip');
    const wait = gives === 'skip' ? undefined : waits.of(job, shown, wanted);
    const starts = wait?.starts ?? job.attemptsStarted - job.attemptsMade;
    const attempt = beginAttempt(job, cancelled);
    const { signal } = attempt;
    const work = (lock: Lock): R | Promise<R> => {
      wait?.begins();
      return processor(job, token, lock.signal);
    };
    const staysInSlot = lockOptions.onStarving === 'wait' && wait !== undefined && wait.isStarving();
    const asked = { ...lockOptions, ...(starveAfter && { starveAfter }), job: shown, signal, ...(staysInSlot ? waitFrom(wait) : skipping) };
    const begin = async (): Promise<RunOutcome<R>> => {
      const behind = staysInSlot || signal.aborted ? undefined : await wait?.isBehind();
      return behind ?? locker.run(wanted, work, asked, { maxHoldMs: 3_600_000 }, wait);
    };
    const outcome = await begin().finally(() => attempt.end());
    if (outcome.status === 'ran') return outcome.value;
    if (outcome.reason === 'aborted' && !attempt.wasStopped()) {
      wait?.over();
      throw signal.reason;
    }
    // A worker that is ending is no reason to drop a job: another one will have it.
    if (outcome.reason === 'aborted' || outcome.reason === 'closed') return delayed(moveAway(job, token, starts, putOff), outcome);
    if (gives === 'skip') return skippedJob(outcome);
    if (starts >= putOff.maxAttempts && job.attemptsStarted >= putOff.maxAttempts * (job.attemptsMade + 1)) {
      wait?.gaveUp(outcome);
      throw refusal(outcome);
    }
    const moving = moveAway(job, token, starts, putOff);
    wait?.goesOn(outcome, starts === 1, moving);
    return delayed(moving, outcome);
  };
  // Exactly these three: BullMQ passes the signal only to a function that declares it.
  return (job, token, cancelled) =>
    runJob(job, token, cancelled).catch((error: unknown) => {
      throw asError(error);
    });
}

const skipping = { onBusy: 'skip' } as const;
/** As long as a lock is waited for where nobody says anything. */
const starvedWaitMs = 10_000;

/** A starving job waits in its slot, as others wait for a lock. Its time counts from the beginning. */
function waitFrom({ waitedMs }: PutOff): RunOptions {
  return { onBusy: 'retry', retry: { maxWaitMs: Math.ceil(waitedMs) + starvedWaitMs } };
}

function skippedJob({ status, reason, resource, holders }: Skipped): SkippedJob {
  const shown = holders.map(({ token: _, ...holder }) => ({
    ...holder,
    ...(holder.job === undefined ? {} : { job: printable(holder.job) }),
    host: printable(holder.host),
  }));
  return { status, reason, resource, holders: shown };
}

interface Postponement extends Required<Omit<PostponeOptions, 'delayMs'>> {
  readonly delayMs: number | undefined;
}

function postponement({ delayMs, maxDelayMs = 5_000, maxAttempts = 1_000 }: PostponeOptions = {}): Postponement {
  return { delayMs, maxDelayMs, maxAttempts };
}

/** One that is woken has its own time besides: each start that finds the table busy costs requests. */
function firstDelayMs(job: Job): number {
  return workerOf(job) === undefined ? 200 : 1_000;
}

/** To where it looks again at its own time, later each time. */
function moveAway(job: Job, token: string | undefined, starts: number, retry: Postponement): Promise<void> {
  const delayMs = Math.min(retry.maxDelayMs, (retry.delayMs ?? firstDelayMs(job)) * 2 ** Math.min(starts - 1, 30));
  return job.moveToDelayed(Date.now() + Math.ceil(delayMs * (0.5 + Math.random() / 2)), token);
}

/** BullMQ knows the error by its name, so that bullmq itself need not be loaded here. */
async function delayed(moving: Promise<void>, why: Skipped): Promise<never> {
  await moving;
  throw Object.assign(new Error(refusal(why).message), { name: 'DelayedError' });
}

/** BullMQ reads the message of what a job fails with: without one it keeps no reason, and of `undefined` it never hears. */
function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason), { cause: reason });
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
