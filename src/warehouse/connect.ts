import type { Pool, PoolClient } from 'pg';
import { GivewayError } from '../lock/errors.ts';
import { borrow, type Loan } from '../stores/postgres/loan.ts';
import { orAborted } from './or-aborted.ts';

/** A connection, unless it must stop first: an exhausted pool or a database that is away must not hold this up. */
export async function connectUnder(stops: AbortSignal | undefined, pool: Pool): Promise<Loan<PoolClient>> {
  const connecting = connect(pool);
  if (stops === undefined) return connecting;
  return orAborted(connecting, stops).catch((error: unknown) => {
    connecting.then(
      (late) => late.giveBack(),
      () => {},
    );
    throw error;
  });
}

async function connect(pool: Pool): Promise<Loan<PoolClient>> {
  const loan = await borrow<PoolClient>(pool);
  if (isOutside(loan.client)) return loan;
  const open = leftOpen();
  loan.giveBack(open);
  throw open;
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
