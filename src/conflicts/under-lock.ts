import type { Lock } from '../lock/api/lock.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import type { RunOutcome } from '../lock/api/run.ts';
import { LockLostError } from '../lock/errors.ts';
import type { LockScope, RunOptions } from '../lock/options.ts';
import { given } from '../lock/plan/options.ts';
import { abortError } from './abort-error.ts';
import { classifyConflict } from './classify.ts';
import { type ConflictRetry, delayBeforeMs, retryDefaults } from './conflict-retry.ts';
import { lostCauseIn } from './error-chain.ts';

/** How work runs under its lock. */
export interface UnderLock extends RunOptions {
  readonly conflictRetry: ConflictRetry | undefined;
  /** Is work not begun again once the lock is lost? */
  readonly stopsWhenLost: boolean;
}

/**
 * Waits for the scope, unless `onBusy` says `'skip'`, and runs `attempt` under it: again after a conflict, from its beginning, under the same lock.
 * Rejects with what `attempt` rejects with, `StoreUnavailableError`, or for wrong usage.
 */
export async function runUnderLock<T>(
  locker: ResourceLocker,
  scope: LockScope,
  { conflictRetry, stopsWhenLost, ...runOptions }: UnderLock,
  attempt: (lock: Lock) => T | Promise<T>,
): Promise<RunOutcome<T>> {
  const retry: Required<ConflictRetry> = { ...retryDefaults, ...given(conflictRetry) };
  return locker.run(
    scope,
    async (lock) => {
      for (let attempts = 1; ; attempts++) {
        try {
          return await attempt(lock);
        } catch (error) {
          if (!mayGoOn(locker, lock, error, attempts) || attempts > retry.maxRetries) throw error;
          await pause(delayBeforeMs(attempts, retry), lock.signal);
          if (runOptions.signal?.aborted) throw abortError('The work was aborted after a conflict', runOptions.signal.reason);
          if (stopsWhenLost) mustBeHeld(lock, error);
        }
      }
    },
    { ...runOptions, onBusy: runOptions.onBusy ?? 'retry' },
  );
}

/** Tells what is known about the failure of an attempt. Can running it again help? */
function mayGoOn(locker: ResourceLocker, { scope, job }: Lock, error: unknown, attempt: number): boolean {
  const conflict = classifyConflict(error);
  if (conflict === undefined) {
    const lost = lostCauseIn(error);
    if (lost !== undefined) tellLostCause(locker, lost);
    return false;
  }
  const { code, message, retry } = conflict;
  const tables = [...scope.writes, ...scope.appends, ...scope.reads];
  locker.announce('conflict', () => ({ scope, job, code, message, tables, attempt }));
  return retry;
}

/** Throws why the lock is lost, and what the last attempt failed with behind it. */
function mustBeHeld(lock: Lock, failure: unknown): void {
  try {
    lock.throwIfLost();
  } catch (loss) {
    throw loss instanceof LockLostError ? new LockLostError(loss.resource, loss.reason, { cause: failure }) : loss;
  }
}

function tellLostCause(locker: ResourceLocker, { name, message }: Error): void {
  locker.announce('notice', () => ({
    code: 'ERR_GIVEWAY_NO_CAUSE',
    message: `${name} has lost the database's own error, so it cannot be told whether it is a conflict, and the work is not run again: ${message}`,
  }));
}

/** Ends early, without a word, when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
