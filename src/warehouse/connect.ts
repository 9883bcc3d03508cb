import type { Pool, PoolClient } from 'pg';
import { orAborted } from './or-aborted.ts';

/** A connection, unless it must stop first: an exhausted pool or a database that is away must not hold this up. */
export async function connectUnder(stops: AbortSignal | undefined, pool: Pool): Promise<PoolClient> {
  const connecting = pool.connect();
  if (stops === undefined) return connecting;
  return orAborted(connecting, stops).catch((error: unknown) => {
    connecting.then(
      (late) => late.release(),
      () => {},
    );
    throw error;
  });
}
