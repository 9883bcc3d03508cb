import type { Pool, PoolClient } from 'pg';
import { onAbort } from '../lock/api/aborts.ts';

/** Stops what runs on one connection when a signal aborts. */
export interface Cancellation {
  /** The signal has aborted, and the connection is not one to give to others. */
  readonly begun: boolean;
  /** No more cancelling from here on. Waits for a cancellation under way: one that came late would hit the next statement. */
  end(): Promise<void>;
}

/** How long the server has to cancel a statement before its connection is cut. */
const cancelMs = 2_000;

/** Has the server cancel what runs on `client`, from another connection of the pool; cuts the connection if that does not help. */
export function cancelOn(signal: AbortSignal, pool: Pool, client: PoolClient): Cancellation {
  const { processID } = client as unknown as { processID?: number };
  let sent: Promise<unknown> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const cancel = (): void => {
    // A pool without a free connection cannot cancel, and a connection that is dead hears nothing: then it is cut.
    const cutOff = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        cut(client, 'The statement did not stop when it was cancelled');
        resolve();
      }, cancelMs);
    });
    const cancelled = processID === undefined ? cutOff : pool.query('select pg_cancel_backend($1)', [processID]).catch(() => cutOff);
    sent = Promise.race([cancelled, cutOff]);
  };
  let listening: Disposable | undefined;
  if (signal.aborted) cancel();
  else listening = onAbort(signal, cancel);
  return {
    get begun() {
      return sent !== undefined;
    },
    async end() {
      listening?.[Symbol.dispose]();
      await sent;
      clearTimeout(timer);
    },
  };
}

/** Ends a connection without a word. What waits on it fails; the server rolls back when it notices. */
export function cut(client: PoolClient, message: string): void {
  const { connection } = client as unknown as { connection?: { stream?: { destroy(error: Error): void } } };
  connection?.stream?.destroy(new Error(message));
}
