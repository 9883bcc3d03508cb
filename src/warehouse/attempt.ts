import type { Pool, PoolClient } from 'pg';
import { abortError } from '../conflicts/abort-error.ts';
import { classifyConflict } from '../conflicts/classify.ts';
import type { Lock } from '../lock/api/lock.ts';
import { unfinished } from '../lock/api/unfinished.ts';
import { GivewayError, LockLostError } from '../lock/errors.ts';
import type { Auditor } from './audit.ts';
import { cancelOn, cut } from './cancellation.ts';
import { connectUnder } from './connect.ts';
import { watchFailure } from './failure.ts';
import { judgedClient } from './judged-client.ts';
import { createSession } from './session.ts';
import { hearFailure, saidAtEnd } from './session-end.ts';
import type { SqlReader } from './sql/index.ts';
import { sqlStateOf } from './sql-state.ts';
import { endedState } from './transaction-state.ts';

/** How isolated a transaction is. `snapshot` is Redshift's. */
export type Isolation = 'serializable' | 'repeatable read' | 'read committed' | 'snapshot';

/** What a lost lock does to the transaction it protects: cancel and roll back, or nothing. */
export type OnLost = 'cancel' | 'continue';

export interface Attempt<T> {
  readonly pool: Pool;
  readonly reader: SqlReader;
  readonly lock: Lock;
  readonly isolation: Isolation | undefined;
  readonly onLost: OnLost;
  readonly audit: Auditor;
  /** The caller's own. It ends the transaction as a loss does, whatever `onLost` says. */
  readonly signal: AbortSignal | undefined;
  work(client: PoolClient, lock: Lock): Promise<T> | T;
}

/** How long a ROLLBACK may take before the connection is cut, which comes to the same. */
const rollbackMs = 5_000;

/** One transaction on one connection, from BEGIN to COMMIT or ROLLBACK. The connection goes back usable, or is destroyed. */
export async function attemptTransaction<T>({ pool, reader, lock, isolation, onLost, audit, signal, work }: Attempt<T>): Promise<T> {
  const stopsWhenLost = onLost === 'cancel';
  // Aborts when the lock is lost, and when the caller aborts.
  const stops = stopsWhenLost ? lock.signal : signal;
  const mustGoOn = (): void => {
    if (stopsWhenLost) lock.throwIfLost();
    if (signal?.aborted) throw abortError('The transaction was aborted', signal.reason);
  };
  const reasonFor = (error: unknown): unknown => (stops?.aborted ? reasonBehind(error, stops.reason) : error);
  mustGoOn();
  const loan = await connectUnder(stops, pool).catch((error: unknown) => {
    throw reasonFor(error);
  });
  const { client } = loan;
  const cancellation = stops && cancelOn(stops, pool, client);
  let isOver = false;
  /** The connection is not one to give to others. */
  let spoiled: Error | undefined;
  try {
    mustGoOn();
    await client.query(isolation === undefined ? 'BEGIN' : `BEGIN ISOLATION LEVEL ${isolation.toUpperCase()}`);
    const session = createSession(reader, client, true);
    const judge = (statement: unknown): void => {
      const sql = session.textOf(statement);
      if (isOver) throw misuse('The transaction is over, and its client belongs to others now; await every query inside the work.');
      if (sql !== undefined && endedState(sql) !== undefined)
        throw misuse('The transaction begins and ends by itself; inside the work, use a SAVEPOINT, or throw to roll back.');
      mustGoOn();
      if (loan.ended !== undefined) throw loan.ended;
      if (sql !== undefined) audit(sql, session);
    };
    const failure = watchFailure();
    const failed = (error: unknown, statement: unknown): void => {
      hearFailure(loan, error);
      session.failed(session.textOf(statement) ?? '');
      failure.failed(error);
    };
    mustGoOn();
    const value = await work(judgedClient(client, judge, failed), lock);
    isOver = true;
    await loan.settled();
    mustGoOn();
    const refusal = unfinished(value);
    if (refusal !== undefined) throw refusal;
    const { ended } = loan;
    if (ended !== undefined) throw rolledBack(`its session was ended before COMMIT was sent (${saidAtEnd(ended)}).`, ended);
    const { command } = await commit(client);
    if (command === 'ROLLBACK') {
      const said = failure.error && ` (${saidAtEnd(failure.error)})`;
      throw rolledBack(`a statement in it had failed${said ?? ''}, and the work went on.`, failure.error);
    }
    return value;
  } catch (error) {
    isOver = true;
    // Judged now: a lock that ends while this rolls back is not why it failed.
    const reason = reasonFor(loan.behind(error));
    await cancellation?.end();
    await rollBack(client).catch((failure: Error) => {
      spoiled = failure;
    });
    if (classifyConflict(error)?.newConnection) spoiled = error as Error;
    throw reason;
  } finally {
    await cancellation?.end();
    loan.giveBack(spoiled ?? cancellation?.begun);
  }
}

/** Only an answer of the server says what a COMMIT came to; a connection that dies, or is shut down, leaves it open. */
async function commit(client: PoolClient): Promise<{ readonly command: string }> {
  try {
    return await client.query('COMMIT');
  } catch (error) {
    if (isAnswer(error)) throw error;
    throw new GivewayError(
      'ERR_GIVEWAY_COMMIT_UNKNOWN',
      'The connection was lost while the transaction was committed; it may have been committed or rolled back. Look before you run it again.',
      { cause: error },
    );
  }
}

/**
 * An error that the server sent, other than its last word to a connection that it ends (08…, 57P01 …): that may cross a COMMIT. Nor is 40003 an answer,
 * by which CockroachDB says that it does not know itself.
 */
function isAnswer(error: unknown): boolean {
  const code = sqlStateOf(error);
  return code !== undefined && !/^(?:08|57P|40003)/.test(code);
}

async function rollBack(client: PoolClient): Promise<void> {
  const timer = setTimeout(() => cut(client, `ROLLBACK was not answered within ${rollbackMs} ms`), rollbackMs);
  try {
    await client.query('ROLLBACK');
  } finally {
    clearTimeout(timer);
  }
}

/** What stopped it is the reason, and the cancelled statement its consequence. */
function reasonBehind(error: unknown, stopped: unknown): unknown {
  // Rows may be in: that must not get lost behind the reason.
  if (error instanceof GivewayError && error.code === 'ERR_GIVEWAY_COMMIT_UNKNOWN') return error;
  if (!(stopped instanceof LockLostError))
    return (error as Error | undefined)?.name === 'AbortError' ? error : abortError('The transaction was aborted', error);
  return error instanceof LockLostError ? error : new LockLostError(stopped.resource, stopped.reason, { cause: error });
}

function rolledBack(why: string, cause?: Error): GivewayError {
  return new GivewayError('ERR_GIVEWAY_ROLLED_BACK', `The database rolled the transaction back: ${why}`, { cause });
}

function misuse(message: string): GivewayError {
  return new GivewayError('ERR_GIVEWAY_CLIENT', message);
}
