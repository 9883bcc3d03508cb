import type { Pool, PoolClient } from 'pg';
import { GivewayError, InvalidOptionError, ResourceBusyError, StoreUnavailableError } from '../lock/errors.ts';
import type { Lock } from '../lock/lock.ts';
import type { ResourceLocker } from '../lock/locker.ts';
import type { RunOptions } from '../lock/options.ts';
import type { RunOutcome } from '../lock/run.ts';
import type { LockScope } from '../lock/scope.ts';
import { attemptTransaction, type Isolation, type OnLost } from './attempt.ts';
import { type Audit, auditStatement } from './audit.ts';
import { type Conflict, classifyConflict } from './conflicts.ts';
import type { SqlReader } from './sql/index.ts';

/** How often a transaction that the database aborted because of another one is run again. */
export interface ConflictRetry {
  /** Default 5. */
  readonly maxRetries?: number;
  /** Before the first retry, in milliseconds; doubles each time, with jitter. Default 20. */
  readonly delayMs?: number;
  /** Default 1 000. */
  readonly maxDelayMs?: number;
}

export interface TransactionOptions extends RunOptions {
  /** Default: what the database or the session says. */
  readonly isolation?: Isolation;
  /** What a write outside the held scope is: nothing, the event `late-lock`, or an error before it is sent. Default `'off'`. */
  readonly audit?: Audit;
  /** Default `'cancel'`: a lost lock cancels the running statement and rolls back. */
  readonly onLost?: OnLost;
  readonly conflictRetry?: ConflictRetry;
}

/** What a transaction stands on. */
export interface TransactionContext {
  readonly pool: Pool;
  readonly locker: ResourceLocker;
  readonly reader: SqlReader;
  readonly defaults: TransactionOptions;
}

const retryDefaults: Required<ConflictRetry> = { maxRetries: 5, delayMs: 20, maxDelayMs: 1_000 };
const isolations: readonly unknown[] = [undefined, 'serializable', 'repeatable read', 'read committed', 'snapshot'];

/**
 * Takes the scope, then BEGINs; lets go after COMMIT or ROLLBACK: a snapshot is fixed by the first statement, so a later
 * lock would be useless. A conflict runs the whole transaction again, under the same lock.
 */
export async function runTransaction<T>(
  context: TransactionContext,
  scope: LockScope,
  work: (client: PoolClient, lock: Lock) => Promise<T> | T,
  options: TransactionOptions = {},
): Promise<T> {
  const { isolation, audit, onLost, conflictRetry, ...runOptions } = { ...context.defaults, ...options };
  if (!isolations.includes(isolation))
    throw new InvalidOptionError('isolation', isolation, `${isolations.slice(1).join(', ')} are allowed`);
  if (![undefined, 'off', 'warn', 'throw'].includes(audit))
    throw new InvalidOptionError('audit', audit, "'off', 'warn' or 'throw' is allowed");
  const retry = { ...retryDefaults, ...conflictRetry };
  const { pool, locker, reader } = context;
  const outcome = await locker.run(
    scope,
    async (lock) => {
      for (let attempt = 1; ; attempt++) {
        try {
          const judge = auditStatement(locker, reader, lock, audit ?? 'off');
          return await attemptTransaction({ pool, lock, isolation, onLost: onLost ?? 'cancel', judge, work });
        } catch (error) {
          const conflict = classifyConflict(error);
          if (conflict === undefined) throw error;
          tell(locker, lock, conflict, attempt);
          if (!conflict.retry || attempt > retry.maxRetries) throw error;
          await pause(Math.min(retry.maxDelayMs, retry.delayMs * 2 ** (attempt - 1)) * (0.5 + Math.random()), lock.signal);
          lock.throwIfLost();
        }
      }
    },
    { onBusy: 'retry', ...runOptions },
  );
  return resultOf(outcome, runOptions.signal);
}

/** What the work returned; throws what kept it from running. */
function resultOf<T>(outcome: RunOutcome<T>, signal: AbortSignal | undefined): T {
  if (outcome.status === 'ran') return outcome.value;
  const { reason, resource, holders, waitedMs } = outcome;
  if (reason === 'busy') throw new ResourceBusyError(resource, holders, waitedMs);
  if (reason === 'store-down') throw new StoreUnavailableError(`The store of the lock on "${resource}" did not answer`);
  if (reason === 'closed') throw new GivewayError('ERR_GIVEWAY_CLOSED', 'The locker is closed; no new locks are taken.');
  throw Object.assign(new Error(`Waiting for "${resource}" was aborted`, { cause: signal?.reason }), {
    name: 'AbortError',
    code: 'ABORT_ERR',
  });
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
