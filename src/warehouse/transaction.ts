import type { PoolClient } from 'pg';
import { type ConflictRetry, checkConflictRetry } from '../conflicts/conflict-retry.ts';
import type { OnBusy } from '../conflicts/result.ts';
import { runUnderLock } from '../conflicts/under-lock.ts';
import type { Lock } from '../lock/api/lock.ts';
import type { RunOutcome } from '../lock/api/run.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import type { LockScope, RunOptions } from '../lock/options.ts';
import { checkOptions, given, runOptionNames } from '../lock/plan/options.ts';
import { attemptTransaction, type Isolation, type OnLost } from './attempt.ts';
import { type Audit, createAuditor } from './audit.ts';
import type { WarehouseContext } from './context.ts';
import type { Nested, OpenTransactions } from './nested.ts';

export interface TransactionOptions<B extends OnBusy = 'retry'> extends Omit<RunOptions, 'onBusy'> {
  /**
   * `'retry'`: waits, and throws `ResourceBusyError` when the wait runs out. `'skip'`: asks once, and `transaction` resolves to an outcome as `run` does
   * (everything else of a warehouse throws `ResourceBusyError` at once). Default `'retry'`.
   */
  readonly onBusy?: B;
  /** Default: what the database or the session says. */
  readonly isolation?: Isolation;
  /** What a write outside the held scope is: nothing, the event `late-lock`, or an error before it is sent. Default `'off'`. */
  readonly audit?: Audit;
  /** Default `'cancel'`: a lost lock cancels the running statement and rolls back. */
  readonly onLost?: OnLost;
  readonly conflictRetry?: ConflictRetry;
  /**
   * What this is inside another transaction of the same warehouse. Default `'refuse'`: `ERR_GIVEWAY_NESTED_TRANSACTION`. `'savepoint'`: a part
   * of that one, under its lock, whose scope must cover this one, and with its isolation, audit and retries; an error rolls back this part alone.
   */
  readonly nested?: Nested;
}

/** What a transaction stands on. */
export interface TransactionContext extends WarehouseContext {
  readonly defaults: TransactionOptions<OnBusy>;
  readonly open: OpenTransactions;
}

/**
 * Takes the scope, then BEGINs; lets go after COMMIT or ROLLBACK: a snapshot is fixed by the first statement, so a later
 * lock would be useless. A conflict runs the whole transaction again, under the same lock.
 */
export async function runTransaction<T>(
  context: TransactionContext,
  scope: LockScope,
  work: (client: PoolClient, lock: Lock) => Promise<T> | T,
  options: TransactionOptions<OnBusy> = {},
): Promise<RunOutcome<T>> {
  checkTransactionOptions(options);
  const { isolation, audit = 'off', onLost = 'cancel', conflictRetry, nested: _nested, ...runOptions } = over(options, context.defaults);
  const { signal } = runOptions;
  const { pool, locker, reader, open } = context;
  let isBelieved: boolean | undefined;
  return runUnderLock(locker, scope, { conflictRetry, stopsWhenLost: onLost === 'cancel', ...runOptions }, (lock) => {
    isBelieved ??= open.isBelieved(lock);
    return attemptTransaction({
      pool,
      reader,
      lock,
      isolation,
      onLost,
      audit: createAuditor(locker, lock, audit),
      signal,
      work: (client) => (isBelieved ? open.within(client, lock, () => work(client, lock)) : work(client, lock)),
    });
  });
}

/** The options of a call over those of its warehouse, field by field: one without a value is none. */
function over(call: TransactionOptions<OnBusy>, { retry, conflictRetry, ...rest }: TransactionOptions<OnBusy>): TransactionOptions<OnBusy> {
  return {
    ...given(rest),
    ...given(call),
    retry: { ...given(retry), ...given(call.retry) },
    conflictRetry: { ...given(conflictRetry), ...given(call.conflictRetry) },
  };
}

const choices: Readonly<Record<string, readonly unknown[]>> = {
  isolation: ['serializable', 'repeatable read', 'read committed', 'snapshot'],
  audit: ['off', 'warn', 'throw'],
  onLost: ['cancel', 'continue'],
  nested: ['refuse', 'savepoint'],
};

/** Throws `InvalidOptionError`. `more`: names of further options that are checked elsewhere. */
export function checkTransactionOptions(options: object, more: readonly string[] = []): void {
  checkOptions(options, '', [...runOptionNames, ...Object.keys(choices), 'conflictRetry', ...more]);
  for (const [path, allowed] of Object.entries(choices)) {
    const value = (options as Record<string, unknown>)[path];
    if (value !== undefined && !allowed.includes(value))
      throw new InvalidOptionError(path, value, `${allowed.map((each) => `'${each}'`).join(', ')} are allowed`);
  }
  checkConflictRetry((options as TransactionOptions).conflictRetry);
}
