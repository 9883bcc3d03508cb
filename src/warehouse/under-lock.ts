import type { Pool } from 'pg';
import type { Lock } from '../lock/api/lock.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import type { RunOutcome } from '../lock/api/run.ts';
import { GivewayError, ResourceBusyError, StoreUnavailableError } from '../lock/errors.ts';
import type { LockScope, RunOptions } from '../lock/options.ts';
import { type Conflict, classifyConflict } from './conflicts.ts';
import { abortError } from './or-aborted.ts';
import type { SqlReader } from './sql/index.ts';

/** How often what the database aborted because of another transaction is run again. */
export interface ConflictRetry {
  /** Default 5. */
  readonly maxRetries?: number;
  /** Before the first retry, in milliseconds; doubles each time, with jitter. Default 20. */
  readonly delayMs?: number;
  /** Default 1 000. */
  readonly maxDelayMs?: number;
}

/** What everything of a warehouse stands on. */
export interface WarehouseContext {
  readonly pool: Pool;
  readonly locker: ResourceLocker;
  readonly reader: SqlReader;
}

const retryDefaults: Required<ConflictRetry> = { maxRetries: 5, delayMs: 20, maxDelayMs: 1_000 };

/**
 * Waits for the scope and runs `attempt` under it: again after a conflict, from its beginning, under the same lock.
 * Rejects with `ResourceBusyError`, `StoreUnavailableError`, an AbortError, or what `attempt` rejects with.
 */
export async function runUnderLock<T>(
  { locker }: WarehouseContext,
  scope: LockScope,
  { conflictRetry, stopsWhenLost, ...runOptions }: RunOptions & { conflictRetry: ConflictRetry | undefined; stopsWhenLost: boolean },
  attempt: (lock: Lock) => Promise<T>,
): Promise<T> {
  const { maxRetries, delayMs, maxDelayMs } = { ...retryDefaults, ...conflictRetry };
  const outcome = await locker.run(
    scope,
    async (lock) => {
      for (let attempts = 1; ; attempts++) {
        try {
          return await attempt(lock);
        } catch (error) {
          const conflict = classifyConflict(error);
          if (conflict === undefined) throw error;
          tell(locker, lock, conflict, attempts);
          if (!conflict.retry || attempts > maxRetries) throw error;
          await pause(Math.min(maxDelayMs, delayMs * 2 ** (attempts - 1)) * (0.5 + Math.random()), lock.signal);
          if (stopsWhenLost) lock.throwIfLost();
        }
      }
    },
    { onBusy: 'retry', ...runOptions },
  );
  return resultOf(outcome, runOptions.signal);
}

/** What the work returned; throws what kept it from running. */
export function resultOf<T>(outcome: RunOutcome<T>, signal: AbortSignal | undefined): T {
  if (outcome.status === 'ran') return outcome.value;
  const { reason, resource, holders, waitedMs } = outcome;
  if (reason === 'busy') throw new ResourceBusyError(resource, holders, waitedMs);
  if (reason === 'store-down') throw new StoreUnavailableError(`The store of the lock on "${resource}" did not answer`);
  if (reason === 'closed') throw new GivewayError('ERR_GIVEWAY_CLOSED', 'The locker is closed; no new locks are taken.');
  throw abortError(`Waiting for "${resource}" was aborted`, signal?.reason);
}

function tell(locker: ResourceLocker, { scope, job }: Lock, { code, message }: Conflict, attempt: number): void {
  locker.announce('conflict', () => ({ scope, job, code, message, tables: [...scope.writes, ...scope.appends, ...scope.reads], attempt }));
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
