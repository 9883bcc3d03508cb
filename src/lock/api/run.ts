import type { Clock } from '../clock.ts';
import { GivewayError, InvalidOptionError, isOutage, type LockLostError, ResourceBusyError } from '../errors.ts';
import type { Events, ReleaseOutcome } from '../events.ts';
import type { Holder } from '../holder.ts';
import type { ResolvedOptions } from '../options.ts';
import { firstOf } from '../plan/scope.ts';
import { HeldLock } from './held-lock.ts';
import { type Holds, orOver } from './holds.ts';
import type { Nesting } from './nesting.ts';
import { errorOf, type Outcome, type Refused, type Request } from './request.ts';
import { Starvation } from './starvation.ts';
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
      /** `'kept'`: it joined an outer run, which goes on holding. `'released'` also where there was no lock, since the store was down. */
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

/** One run: what it asks for and does, under which name its skips are counted, and what its caller is told. */
export interface Run<T> {
  readonly request: Request;
  readonly job: string;
  readonly work: (lock: HeldLock) => T | Promise<T>;
  readonly wait: OpenWait | undefined;
  readonly resolve: (outcome: RunOutcome<T>) => void;
  readonly reject: (error: unknown) => void;
}

/** The runs of a locker: each takes what it asks for, works and lets go, or skips. */
export class Runs {
  readonly #clock: Clock;
  readonly #events: Events;
  readonly #holds: Holds;
  readonly #nesting: Nesting;
  readonly #starvation: Starvation;
  /** Those that have not come to their end. */
  readonly #open = new Set<unknown>();
  #allEnded: (() => void) | undefined;

  constructor(clock: Clock, events: Events, holds: Holds, nesting: Nesting) {
    this.#clock = clock;
    this.#events = events;
    this.#holds = holds;
    this.#nesting = nesting;
    this.#starvation = new Starvation(clock);
  }

  /** Rejects with the work's own error, or for what `skipFor` does not excuse. */
  start<T>(run: Run<T>): void {
    const { request, job } = run;
    const { onBusy, onStarving, starveAfter } = request.options;
    const waits = onBusy === 'retry' || (onStarving === 'wait' && this.#starvation.of(job, starveAfter).starving);
    this.#open.add(run);
    // A promise, since whoever brings the outcome is in somebody else's async context, and the work belongs in the caller's.
    new Promise<Outcome>((done) => this.#holds.take(request, waits, done)).then((taken) =>
      orOver(taken, request, (outcome) => {
        if (outcome instanceof HeldLock) this.#work(run, outcome);
        else this.#skip(run, skipFor(outcome, request));
      }),
    );
  }

  /** Tells of a `lock` that gave up, and returns why. */
  gaveUp(request: Request, outcome: Refused | Error): Error | undefined {
    const reason = skipFor(outcome, request);
    if (!(reason instanceof Error)) this.#tellSkipped(request, this.#clock.monotonicMs() - request.startedMonoMs, reason);
    return errorOf(outcome);
  }

  /** All have come to their end by the next `leave`, or have had their time for that. */
  ended(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(resolve, timeoutMs);
      this.#allEnded = () => {
        timer[Symbol.dispose]();
        resolve();
      };
    });
  }

  /** These have come to their end, or are not waited for. */
  leave(runs: readonly unknown[]): void {
    for (const run of runs) this.#open.delete(run);
    if (this.#open.size === 0) this.#allEnded?.();
  }

  #work<T>(run: Run<T>, lock: HeldLock): void {
    const { request, job, wait, work } = run;
    const startMs = this.#clock.monotonicMs();
    const end = (settle: (release: ReleaseOutcome | 'failed', lost: LockLostError | undefined) => void): void => {
      lock.isLive();
      const lost = lock.loss;
      lock.letGo((release) => {
        this.leave([run]);
        settle(release instanceof Error ? 'failed' : release, lost);
      });
    };
    const failed = (error: unknown): void => end(() => run.reject(error));
    const worked = (value: T): void => {
      const left = unfinished(value);
      if (left !== undefined) return failed(left);
      const waitedMs = startMs - request.startedMonoMs;
      end((release, lost) => run.resolve({ status: 'ran', value, waitedMs, heldMs: this.#clock.monotonicMs() - startMs, lost, release }));
    };
    let result: T | Promise<T>;
    let isPromised: boolean;
    try {
      if (wait === undefined) this.#starvation.ran(job);
      result = this.#nesting.within(lock, request.needs, run, () => work(lock));
      isPromised = typeof (result as Promise<T> | undefined)?.then === 'function';
    } catch (error) {
      return failed(error);
    }
    // As `await` would: what a builder of queries gives may be promised again, and it may throw.
    if (isPromised) Promise.resolve(result).then(worked, failed);
    else worked(result as T);
  }

  #skip<T>(run: Run<T>, reason: Skip | Error): void {
    this.leave([run]);
    if (reason instanceof Error) return run.reject(reason);
    const { request, job, wait } = run;
    const waitedMs = this.#clock.monotonicMs() - request.startedMonoMs;
    if (wait === undefined) {
      this.#tellSkipped(request, waitedMs, reason);
      if (reason.reason === 'busy') this.#countSkip(job, request.options.starveAfter, reason);
    }
    run.resolve({ status: 'skipped', ...reason, waitedMs });
  }

  #countSkip(job: string, after: ResolvedOptions['starveAfter'], { resource, holders }: Skip): void {
    const { skips, sinceMs, starving } = this.#starvation.skipped(job, after);
    if (starving) this.#events.emit('starving', () => ({ job, resource, skips, sinceMs, holders }));
  }

  #tellSkipped({ scope, options }: Request, waitedMs: number, skip: Skip): void {
    this.#events.emit('skipped', () => ({ scope, job: options.job, waitedMs, ...skip }));
  }
}

/** Which failures to get the lock mean only that the work does not run; the others are the caller's. */
function skipFor(outcome: Refused | Error, { scope, options }: Request): Skip | Error {
  const error = errorOf(outcome);
  if (error instanceof ResourceBusyError) return { reason: 'busy', resource: error.resource, holders: error.holders };
  // Where nobody is in the way, an outcome names a resource all the same.
  const { resource, holders } = outcome instanceof Error ? { resource: firstOf(scope), holders: [] } : outcome;
  const skipped = (reason: SkipReason): Skip => ({ reason, resource, holders });
  if (error === undefined) return skipped('busy');
  if (isOutage(error) && options.onStoreDown === 'skip') return skipped('store-down');
  if (error instanceof GivewayError && error.code === 'ERR_GIVEWAY_CLOSED') return skipped('closed');
  if (error.name === 'AbortError' && options.signal?.aborted) return skipped('aborted');
  return error;
}

export function checkWork(work: unknown): void {
  if (typeof work !== 'function') throw new InvalidOptionError('work', work, 'a function is allowed');
}
