import type { Pool, PoolClient } from 'pg';
import { GivewayError } from '../lock/errors.ts';
import { orAborted } from './or-aborted.ts';
import { type SessionEnd, watchEnd } from './session-end.ts';

/** A connection out of its pool, and who listens to it there: an error that nobody hears ends the process. */
export interface Connected {
  readonly client: PoolClient;
  readonly end: SessionEnd;
}

/** A connection, unless it must stop first: an exhausted pool or a database that is away must not hold this up. */
export async function connectUnder(stops: AbortSignal | undefined, pool: Pool): Promise<Connected> {
  const connecting = connect(pool);
  if (stops === undefined) return connecting;
  return orAborted(connecting, stops).catch((error: unknown) => {
    connecting.then(
      (late) => giveBack(late),
      () => {},
    );
    throw error;
  });
}

/** Gives the connection back; one that has ended, or of which `broken` says why, is destroyed. */
export function giveBack({ client, end }: Connected, broken: Error | boolean = false): void {
  end.stop();
  client.release(end.error ?? broken);
}

/** By a callback: what the server sends right behind its greeting is read before a promise is looked at. */
function connect(pool: Pool): Promise<Connected> {
  return new Promise((resolve, reject) => {
    pool.connect((error, client) => {
      if (client === undefined) return reject(error);
      const connected = { client, end: watchEnd(client) };
      if (isOutside(client)) return resolve(connected);
      const open = leftOpen();
      giveBack(connected, open);
      reject(open);
    });
  });
}

/** In no transaction? Older clients of pg cannot tell. */
function isOutside(client: Partial<PoolClient>): boolean {
  return (client.getTransactionStatus?.() ?? 'I') === 'I';
}

/** What somebody else began would be committed or rolled back with what we do, and be seen as it was then. */
function leftOpen(): GivewayError {
  return new GivewayError(
    'ERR_GIVEWAY_OPEN_TRANSACTION',
    'A connection came from the pool in the middle of a transaction, and was destroyed, which rolls that back: something releases it without COMMIT or ROLLBACK',
  );
}
