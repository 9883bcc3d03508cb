import type { Clock } from '../clock.ts';
import { GivewayError, InvalidOptionError, isOutage, type LockLostError, ResourceBusyError } from '../errors.ts';
import type { Events, ReleaseOutcome } from '../events.ts';
import type { Holder } from '../holder.ts';
import type { ResolvedOptions, ResolvedScope } from '../options.ts';
import { firstOf } from '../plan/scope.ts';
import { HeldLock } from './held-lock.ts';
import { orOver } from './holds.ts';
import type { Refused } from './request.ts';
import { unfinished } from './unfinished.ts';

/** What became of a `run`. A release that failed stands beside the work's result, never instead of it. */
export type RunOutcome<T> =
  | {
      readonly status: 'ran';
      readonly value: T;
      readonly waitedMs: number;
      readonly heldMs: number;
      /** Set when the lock was lost while the work ran. */
      readonly lost: LockLostError | undefined;
      /** `'kept'`: it joined an outer run, which goes on holding. */
      readonly release: ReleaseOutcome | 'failed';
    }
  | {
      readonly status: 'skipped';
      readonly reason: SkipReason;
      readonly resource: string;
      readonly holders: readonly Holder[];
      readonly waitedMs: number;
    };

export type SkipReason = 'busy' | 'store-down' | 'closed' | 'aborted';

type Skip = { readonly reason: SkipReason; readonly resource: string; readonly holders: readonly Holder[] };

/**
 * A wait that somebody else keeps, as a queue does that puts a job off: the run is one look of it, and has waited so long before. Refused,
 * it is no skip, and nobody starves.
 */
export interface OpenWait {
  readonly waitedMs: number;
}

/** One run: what it does with its lock, and who is told how it went. */
export interface Run<T> {
  readonly clock: Clock;
  readonly events: Events;
  readonly request: { readonly scope: ResolvedScope; readonly options: ResolvedOptions; readonly startedMonoMs: number };
  readonly wait: OpenWait | undefined;
  within(lock: HeldLock): T | Promise<T>;
  began(): void;
  /** It was busy. */
  skipped(resource: string, holders: readonly Holder[]): void;
  resolve(outcome: RunOutcome<T>): void;
  reject(error: unknown): void;
}

/** The request has its outcome: works and lets go, or skips. Rejects with the work's own error, or for what `skipFor` does not excuse. */
export function go<T>(run: Run<T>, taken: HeldLock | Refused | Error): void {
  const { request } = run;
  orOver(taken, request, (outcome) => {
    if (outcome instanceof HeldLock) work(run, outcome);
    else skip(run, outcome instanceof Error ? skipFor(outcome, request) : { reason: 'busy', ...outcome });
  });
}

/** Tells of a `lock` that gave up, and returns why. */
export function gaveUp({ clock, events, request }: Pick<Run<unknown>, 'clock' | 'events' | 'request'>, error: Error): Error {
  const reason = skipFor(error, request);
  if (!(reason instanceof Error)) tellSkipped(events, request, clock.monotonicMs() - request.startedMonoMs, reason);
  return error;
}

function work<T>(run: Run<T>, lock: HeldLock): void {
  const { clock, request } = run;
  const startMs = clock.monotonicMs();
  const end = (settle: (release: ReleaseOutcome | 'failed', lost: LockLostError | undefined) => void): void => {
    lock.isLive();
    const lost = lock.loss;
    lock.letGo((release) => settle(release instanceof Error ? 'failed' : release, lost));
  };
  const failed = (error: unknown): void => end(() => run.reject(error));
  const worked = (value: T): void => {
    const left = unfinished(value);
    if (left !== undefined) return failed(left);
    const waitedMs = startMs - request.startedMonoMs;
    end((release, lost) => run.resolve({ status: 'ran', value, waitedMs, heldMs: clock.monotonicMs() - startMs, lost, release }));
  };
  let result: T | Promise<T>;
  let isPromised: boolean;
  try {
    run.began();
    result = run.within(lock);
    isPromised = typeof (result as Promise<T> | undefined)?.then === 'function';
  } catch (error) {
    return failed(error);
  }
  // As `await` would: what a builder of queries gives may be promised again, and it may throw.
  if (isPromised) Promise.resolve(result).then(worked, failed);
  else worked(result as T);
}

function skip<T>(run: Run<T>, reason: Skip | Error): void {
  if (reason instanceof Error) return run.reject(reason);
  const waitedMs = run.clock.monotonicMs() - run.request.startedMonoMs;
  if (run.wait === undefined) tellSkipped(run.events, run.request, waitedMs, reason);
  if (run.wait === undefined && reason.reason === 'busy') run.skipped(reason.resource, reason.holders);
  run.resolve({ status: 'skipped', ...reason, waitedMs });
}

function tellSkipped(events: Events, { scope, options }: Run<unknown>['request'], waitedMs: number, skip: Skip): void {
  events.emit('skipped', () => ({ scope, job: options.job, waitedMs, ...skip }));
}

/** Nobody is in the way, but an outcome names a resource. */
function nobodyAt(scope: ResolvedScope): Pick<Skip, 'resource' | 'holders'> {
  return { resource: firstOf(scope), holders: [] };
}

/** Which failures to get the lock mean only that the work does not run; the others are the caller's. */
function skipFor(error: Error, { scope, options }: Run<unknown>['request']): Skip | Error {
  if (error instanceof ResourceBusyError) return { reason: 'busy', resource: error.resource, holders: error.holders };
  if (isOutage(error) && options.onStoreDown === 'skip') return { reason: 'store-down', ...nobodyAt(scope) };
  if (error instanceof GivewayError && error.code === 'ERR_GIVEWAY_CLOSED') return { reason: 'closed', ...nobodyAt(scope) };
  if (error.name === 'AbortError' && options.signal?.aborted) return { reason: 'aborted', ...nobodyAt(scope) };
  return error;
}

export function checkWork(work: unknown): void {
  if (typeof work !== 'function') throw new InvalidOptionError('work', work, 'a function is allowed');
}
