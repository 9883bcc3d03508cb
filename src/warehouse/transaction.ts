import type { PoolClient } from 'pg';
import type { Lock } from '../lock/api/lock.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import type { LockScope, RunOptions } from '../lock/options.ts';
import { checkOptions, runOptionNames } from '../lock/plan/options.ts';
import { attemptTransaction, type Isolation, type OnLost } from './attempt.ts';
import { type Audit, createAuditor } from './audit.ts';
import type { Nested, OpenTransactions } from './nested.ts';
import { type ConflictRetry, runUnderLock, type WarehouseContext } from './under-lock.ts';

export interface TransactionOptions extends RunOptions {
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
  readonly defaults: TransactionOptions;
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
  options: TransactionOptions = {},
): Promise<T> {
  checkTransactionOptions(options);
  const {
    isolation,
    audit = 'off',
    onLost = 'cancel',
    conflictRetry,
    nested: _nested,
    ...runOptions
  } = { ...context.defaults, ...options };
  const { signal } = runOptions;
  const { pool, locker, reader, open } = context;
  return runUnderLock(context, scope, { conflictRetry, stopsWhenLost: onLost === 'cancel', ...runOptions }, (lock) =>
    attemptTransaction({
      pool,
      reader,
      lock,
      isolation,
      onLost,
      audit: createAuditor(locker, lock, audit),
      signal,
      work: (client) => open.within(client, lock, () => work(client, lock)),
    }),
  );
}

const choices: Readonly<Record<string, readonly unknown[]>> = {
  isolation: ['serializable', 'repeatable read', 'read committed', 'snapshot'],
  audit: ['off', 'warn', 'throw'],
  onLost: ['cancel', 'continue'],
  nested: ['refuse', 'savepoint'],
};
const retryLeast: Readonly<Record<string, number>> = { maxRetries: 0, delayMs: 1, maxDelayMs: 1 };

/** Throws `InvalidOptionError`. `more`: names of further options that are checked elsewhere. */
export function checkTransactionOptions(options: object, more: readonly string[] = []): void {
  checkOptions(options, '', [...runOptionNames, ...Object.keys(choices), 'conflictRetry', ...more]);
  for (const [path, allowed] of Object.entries(choices)) {
    const value = (options as Record<string, unknown>)[path];
    if (value !== undefined && !allowed.includes(value))
      throw new InvalidOptionError(path, value, `${allowed.map((each) => `'${each}'`).join(', ')} are allowed`);
  }
  const { conflictRetry } = options as TransactionOptions;
  checkOptions(conflictRetry, 'conflictRetry.', Object.keys(retryLeast));
  for (const [name, value] of Object.entries(conflictRetry ?? {})) {
    const least = retryLeast[name] ?? 0;
    if (value !== undefined && !(Number.isInteger(value) && value >= least))
      throw new InvalidOptionError(`conflictRetry.${name}`, value, `an integer of at least ${least} is allowed`);
  }
}
