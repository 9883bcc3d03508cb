import type { Pool, PoolClient } from 'pg';
import { guardClient } from './guarded-client.ts';
import { isSubmittable, standIn, textOf } from './statement.ts';
import { answer, createGuard } from './statement-guard.ts';
import type { TransactionContext } from './transaction.ts';

type Connected = (error: Error | undefined, client: PoolClient | undefined, release: PoolClient['release']) => void;

/** See `Warehouse.guard`. */
export function guardPool(context: TransactionContext, pool: Pool): Pool {
  const guard = createGuard(context);
  const send = pool.query.bind(pool) as (...args: unknown[]) => unknown;
  const query = (...args: unknown[]): unknown => {
    const [statement] = args;
    const touched = guard.writeOf(statement, {});
    if (touched === undefined) return send(...args);
    const sql = textOf(statement) ?? '';
    if (!isSubmittable(statement)) return answer(args, (rest) => guard.underLock(touched, sql, () => send(...rest)));
    // Its answer is due at once, and there is no lock yet.
    guard.reportLate(touched, sql, Date.now(), new Set());
    return send(...args);
  };
  const connect = (connected?: Connected): unknown => {
    if (connected === undefined) return pool.connect().then((client) => guardClient(guard, client));
    return pool.connect((error, client, release) => {
      const guarded = client && guardClient(guard, client);
      connected(error, guarded, guarded?.release ?? release);
    });
  };
  return standIn(pool, { query, connect });
}
