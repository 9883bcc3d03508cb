import type { Lock } from '../lock/api/lock.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import type { LockScope, RunOptions } from '../lock/options.ts';
import { checkOptions, runOptionNames } from '../lock/plan/options.ts';
import { checkWork } from './check-work.ts';
import { type ConflictRetry, checkConflictRetry } from './conflict-retry.ts';
import { type OnBusy, type ResultOf, settled } from './result.ts';
import { runUnderLock } from './under-lock.ts';

export interface ConflictRetryOptions<B extends OnBusy = 'retry'> extends Omit<RunOptions, 'onBusy'> {
  readonly conflictRetry?: ConflictRetry;
  /** `'retry'`: waits, and throws `ResourceBusyError` when the wait runs out. `'skip'`: asks once, and resolves to an outcome as `run` does. Default `'retry'`. */
  readonly onBusy?: B;
}

/**
 * Takes the scope, runs `work`, lets go. When the database aborted what `work` did because of another transaction (`classifyConflict`), the whole of
 * `work` runs again after a short wait, under the same lock: so it begins its own transaction, with any client or ORM, commits it, and lets the error out.
 * Resolves to what `work` returned; with `onBusy: 'skip'` to a `RunOutcome` of it.
 *
 * Rejects with `ResourceBusyError`, `StoreUnavailableError`, an AbortError when `signal` aborts, the work's own error, the conflict that outlived its retries, or
 * `LockLostError`, the conflict its `cause`, where the lock was lost before `work` could run again. A loss while it runs is told by `lock.signal`: `work` has to look at it, or call `lock.throwIfLost()` before
 * it commits.
 */
export async function withConflictRetry<T, B extends OnBusy = 'retry'>(
  locker: ResourceLocker,
  scope: LockScope,
  work: (lock: Lock) => T | Promise<T>,
  options?: ConflictRetryOptions<B>,
): Promise<ResultOf<B, T>> {
  if (typeof locker?.run !== 'function') throw new InvalidOptionError('locker', locker, 'what createLocker() returned is allowed');
  checkWork(work);
  checkOptions(options, '', [...runOptionNames, 'conflictRetry']);
  const { conflictRetry, ...runOptions } = options ?? {};
  checkConflictRetry(conflictRetry);
  const outcome = await runUnderLock(locker, scope, { ...runOptions, conflictRetry, stopsWhenLost: true }, work);
  return settled(outcome, runOptions);
}
