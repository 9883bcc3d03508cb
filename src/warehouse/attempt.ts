import type { Pool, PoolClient } from 'pg';
import { GivewayError, LockLostError } from '../lock/errors.ts';
import type { Lock } from '../lock/lock.ts';
import { cancelOn, cut } from './cancellation.ts';
import { classifyConflict } from './conflicts.ts';
import { type Judge, judgedClient } from './judged-client.ts';
import { orAborted } from './or-aborted.ts';
import { endedState } from './transaction-state.ts';

/** How isolated a transaction is. `snapshot` is Redshift's. */
export type Isolation = 'serializable' | 'repeatable read' | 'read committed' | 'snapshot';

/** What a lost lock does to the transaction it protects: cancel and roll back, or nothing. */
export type OnLost = 'cancel' | 'continue';

export interface Attempt<T> {
  readonly pool: Pool;
  readonly lock: Lock;
  readonly isolation: Isolation | undefined;
  readonly onLost: OnLost;
  readonly judge: Judge;
  work(client: PoolClient, lock: Lock): Promise<T> | T;
}

/** How long a ROLLBACK may take before the connection is cut, which comes to the same. */
const rollbackMs = 5_000;

/** One transaction on one connection, from BEGIN to COMMIT or ROLLBACK. The connection goes back usable, or is destroyed. */
export async function attemptTransaction<T>({ pool, lock, isolation, onLost, judge, work }: Attempt<T>): Promise<T> {
  const stopsWhenLost = onLost === 'cancel';
  const client = stopsWhenLost ? await connectUnder(lock, pool) : await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  const cancellation = stopsWhenLost ? cancelOn(lock.signal, pool, client) : undefined;
  const mustHold = (): void => {
    if (stopsWhenLost) lock.throwIfLost();
  };
  let isOver = false;
  try {
    mustHold();
    await client.query(isolation === undefined ? 'BEGIN' : `BEGIN ISOLATION LEVEL ${isolation.toUpperCase()}`);
    const judged = judgedClient(client, (sql, session) => {
      if (isOver) throw misuse('The transaction is over, and its client belongs to others now; await every query inside the work.');
      if (sql !== undefined && endedState(sql) !== undefined)
        throw misuse('The transaction begins and ends by itself; inside the work, use a SAVEPOINT, or throw to roll back.');
      mustHold();
      judge(sql, session);
    });
    const value = await work(judged, lock);
    isOver = true;
    mustHold();
    const { command } = await commit(client);
    if (command === 'ROLLBACK')
      throw new GivewayError(
        'ERR_GIVEWAY_ROLLED_BACK',
        'The database rolled the transaction back: a statement in it had failed, and the work went on.',
      );
    return value;
  } catch (error) {
    isOver = true;
    // Judged now: a lock that ends while this rolls back is not why it failed.
    const reason = stopsWhenLost ? lossBehind(error, lock) : error;
    await cancellation?.end();
    await rollBack(client).catch(onError);
    if (classifyConflict(error)?.newConnection) broken ??= error as Error;
    throw reason;
  } finally {
    await cancellation?.end();
    client.off('error', onError);
    client.release(broken ?? cancellation?.begun ?? false);
  }
}

/** A connection, unless the lock is lost first: an exhausted pool or a database that is away must not hold this up. */
async function connectUnder(lock: Lock, pool: Pool): Promise<PoolClient> {
  lock.throwIfLost();
  const connecting = pool.connect();
  return orAborted(connecting, lock.signal).catch((error: unknown) => {
    connecting.then(
      (late) => late.release(),
      () => {},
    );
    throw error;
  });
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

/** An error that the server sent, other than its last word to a connection that it ends (08…, 57P01 …). */
function isAnswer(error: unknown): boolean {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof severity === 'string' && typeof code === 'string' && !/^(08|57P)/.test(code);
}

async function rollBack(client: PoolClient): Promise<void> {
  const timer = setTimeout(() => cut(client, `ROLLBACK was not answered within ${rollbackMs} ms`), rollbackMs);
  try {
    await client.query('ROLLBACK');
  } finally {
    clearTimeout(timer);
  }
}

/** The loss of the lock is the reason, and the cancelled statement its consequence. */
function lossBehind(error: unknown, lock: Lock): unknown {
  const reason: unknown = lock.signal.aborted ? lock.signal.reason : undefined;
  if (!(reason instanceof LockLostError) || error instanceof LockLostError) return error;
  // Rows may be in: that must not get lost behind the loss.
  if (error instanceof GivewayError && error.code === 'ERR_GIVEWAY_COMMIT_UNKNOWN') return error;
  return new LockLostError(reason.resource, reason.reason, { cause: error });
}

function misuse(message: string): GivewayError {
  return new GivewayError('ERR_GIVEWAY_CLIENT', message);
}
