import type { Pool, PoolClient } from 'pg';
import { checkWork } from '../conflicts/check-work.ts';
import { type OnBusy, type ResultOf, settled } from '../conflicts/result.ts';
import type { Lock } from '../lock/api/lock.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import type { LockScope } from '../lock/options.ts';
import type { Dialect } from '../lock/plan/identifiers.ts';
import { requireOptions } from '../lock/plan/options.ts';
import { hidden } from '../lock/redact.ts';
import type { Row } from './batches/columns.ts';
import { Batches, type InsertOptions, type InsertResult } from './batches/insert-batches.ts';
import { guardPool } from './guard.ts';
import { listed, namesIn, OpenTransactions, refuseNested } from './nested.ts';
import { createSqlReader, loadSqlParser, type SqlReader } from './sql/index.ts';
import { checkTransactionOptions, runTransaction, type TransactionContext, type TransactionOptions } from './transaction.ts';

export interface WarehouseOptions<D extends OnBusy = 'retry'> extends TransactionOptions<D> {
  /** A pool of `pg`, on Postgres or Redshift, of two connections at least: one is for cancelling. The caller ends it. */
  readonly pool: Pool;
  readonly locker: ResourceLocker;
  /**
   * Which database it is. Default: the locker's `dialect`, where it has one, else what `version()` says, asked once. It says what one statement may carry: on Redshift 32 767 parameters and 16 MB.
   * Say `'redshift'` there, so that `insertBatches` inserts, since Redshift copies from S3 only.
   */
  readonly dialect?: Dialect;
  /** Reads statements for the audit and the guard. Default: one of its own, with the locker's `defaultSchema`. */
  readonly reader?: SqlReader;
}

/** Writers of one database, made to give way to one another. `D`: what `transaction` does when its tables are taken and the call does not say. */
export interface Warehouse<D extends OnBusy = 'retry'> {
  /**
   * Runs `work` in one transaction under `scope`, and returns what it returns; with `onBusy: 'skip'` an outcome, as `run` does. The lock is judged before every statement.
   * Rejects with `ResourceBusyError` when the wait runs out, `LockLostError` when the lock is lost and an AbortError when
   * `signal` aborts (then everything is rolled back), the work's own error, or the conflict that outlived its retries.
   * `work` may run more than once.
   */
  transaction<T, B extends OnBusy = D>(
    scope: LockScope,
    work: (client: PoolClient, lock: Lock) => Promise<T> | T,
    options?: TransactionOptions<B>,
  ): Promise<ResultOf<B, T>>;
  /**
   * Inserts rows of any number in batches, in constant memory: one transaction and one short lock for each batch. While the
   * table is taken, batches wait and go in together. Rejects with `ResourceBusyError` when the wait runs
   * out before anything is in, else with `InsertError`, which says of every row whether it is in.
   */
  insertBatches(table: string, rows: Iterable<Row> | AsyncIterable<Row>, options?: InsertOptions): Promise<InsertResult>;
  /**
   * A pool to use in place of `pool` (default: the warehouse's own). A statement that writes and commits by itself takes the
   * locks of its tables first, waits like `transaction`, and rejects with `ResourceBusyError` when the wait runs out; clients
   * of `connect()` do the same. What only reads goes straight to the database, and nothing is asked of the lock store.
   *
   * Inside an explicit transaction it is too late for a lock, since the snapshot may be older: a write without a lock taken
   * before is sent all the same, and reported by the event `late-lock`. What a statement writes that cannot be read is not
   * locked; the event `notice` (`ERR_GIVEWAY_UNREAD_SQL`) tells each such text once.
   */
  guard(pool?: Pool): Pool;
}

/** Makes a warehouse over a pool and a locker. Throws `InvalidOptionError`. */
export function createWarehouse<D extends OnBusy = 'retry'>(options: WarehouseOptions<D>): Warehouse<D> {
  requireOptions(options);
  const { pool, locker, reader, dialect, ...defaults } = options as WarehouseOptions<OnBusy>;
  requirePool(pool);
  if (typeof locker?.run !== 'function') throw new InvalidOptionError('locker', locker, 'what createLocker() returned is allowed');
  if (dialect !== undefined && dialect !== 'postgres' && dialect !== 'redshift')
    throw new InvalidOptionError('dialect', dialect, "'postgres' or 'redshift' is allowed");
  checkTransactionOptions(defaults);
  const context: TransactionContext = {
    pool,
    locker,
    reader: reader ?? createSqlReader(locker.nameRules),
    defaults,
    open: new OpenTransactions(locker),
  };
  const batches = new Batches(context, dialect ?? (locker.nameRules.dialect === 'redshift' ? 'redshift' : undefined));
  const ready = loadSqlParser();
  return {
    guard(guarded = pool) {
      requirePool(guarded);
      return guardPool(context, guarded);
    },
    insertBatches: (table, rows, options) => batches.insert(table, rows, options),
    async transaction<T, B extends OnBusy = D>(
      scope: LockScope,
      work: (client: PoolClient, lock: Lock) => Promise<T> | T,
      options: TransactionOptions<B> = {},
    ): Promise<ResultOf<B, T>> {
      checkWork(work);
      checkTransactionOptions(options);
      const onBusy = (options.onBusy ?? defaults.onBusy) as B | undefined;
      const { signal = defaults.signal } = options;
      const around = context.open.around();
      if (around === undefined) {
        await ready;
        return settled(await runTransaction(context, scope, work, options), { onBusy, signal });
      }
      if ((options.nested ?? defaults.nested) !== 'savepoint') throw refuseNested(`A transaction on ${listed(namesIn(scope))}`);
      return settled(await context.open.join(around, scope, work), { onBusy, signal });
    },
  };
}

function requirePool(pool: unknown): void {
  const { connect, connectionParameters } = (pool ?? {}) as { readonly connect?: unknown; readonly connectionParameters?: unknown };
  if (typeof connect === 'function' && connectionParameters === undefined) return;
  // The address of a database may have a password in it.
  throw new InvalidOptionError(
    'pool',
    hidden(pool),
    'a Pool of "pg" is allowed; a Client is one connection, and each transaction needs its own',
  );
}
