import type { Pool, PoolClient } from 'pg';
import { GivewayError, LockLostError } from '../lock/errors.ts';
import type { Lock } from '../lock/lock.ts';
import { type Judge, judgedClient } from './judged-client.ts';

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

/** How long the server has to cancel a statement before its connection is cut. */
const cancelMs = 2_000;

/** One transaction on one connection, from BEGIN to COMMIT or ROLLBACK. The connection goes back usable, or is destroyed. */
export async function attemptTransaction<T>(attempt: Attempt<T>): Promise<T> {
  const { pool, lock, isolation, onLost, judge, work } = attempt;
  const client = await pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on('error', onError);
  const stopCancelling = onLost === 'cancel' ? cancelWhenLost(pool, client, lock) : async () => {};
  const mustHold = (): void => {
    if (onLost === 'cancel') lock.throwIfLost();
  };
  try {
    await client.query(isolation === undefined ? 'BEGIN' : `BEGIN ISOLATION LEVEL ${isolation.toUpperCase()}`);
    const judged = judgedClient(client, (sql) => {
      mustHold();
      judge(sql);
    });
    const value = await work(judged, lock);
    mustHold();
    const { command } = await commit(client);
    if (command === 'ROLLBACK')
      throw new GivewayError(
        'ERR_GIVEWAY_ROLLED_BACK',
        'The database rolled the transaction back: a statement in it had failed, and the work went on.',
      );
    return value;
  } catch (error) {
    await stopCancelling();
    await client.query('ROLLBACK').catch((rollbackError: Error) => {
      broken ??= rollbackError;
    });
    throw onLost === 'cancel' ? lossBehind(error, lock) : error;
  } finally {
    await stopCancelling();
    client.off('error', onError);
    client.release(broken ?? false);
  }
}

/** Only an answer of the server says what a COMMIT came to; a connection that dies, or is shut down, leaves it open. */
async function commit(client: PoolClient): Promise<{ readonly command: string }> {
  try {
    return await client.query('COMMIT');
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^(08|57)/.test(code)) throw error;
    throw new GivewayError(
      'ERR_GIVEWAY_COMMIT_UNKNOWN',
      'The connection was lost while the transaction was committed; it may have been committed or rolled back. Look before you run it again.',
      { cause: error },
    );
  }
}

/** The loss of the lock is the reason, and the cancelled statement its consequence. */
function lossBehind(error: unknown, lock: Lock): unknown {
  const reason: unknown = lock.signal.aborted ? lock.signal.reason : undefined;
  if (!(reason instanceof LockLostError) || error instanceof LockLostError) return error;
  return new LockLostError(reason.resource, reason.reason, { cause: error });
}

/**
 * Cancels what runs on `client` when the lock is lost, from another connection; cuts the connection if that does not help.
 * What it returns waits for a cancellation under way: one that came late would hit whoever has the connection next.
 */
function cancelWhenLost(pool: Pool, client: PoolClient, lock: Lock): () => Promise<void> {
  const { processID, connection } = client as unknown as { processID?: number; connection?: { stream?: { destroy(error: Error): void } } };
  let stopped: Promise<unknown> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const cancel = (): void => {
    // A pool without a free connection cannot cancel; then the connection is cut, and nobody gets it next.
    const cut = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        connection?.stream?.destroy(new Error('The statement did not stop when its lock was lost'));
        resolve();
      }, cancelMs);
    });
    const cancelled = processID === undefined ? cut : pool.query('select pg_cancel_backend($1)', [processID]).catch(() => cut);
    stopped = Promise.race([cancelled, cut]);
  };
  lock.signal.addEventListener('abort', cancel, { once: true });
  return async () => {
    lock.signal.removeEventListener('abort', cancel);
    await stopped;
    clearTimeout(timer);
  };
}
