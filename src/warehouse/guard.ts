import type { Pool, PoolClient } from 'pg';
import { guardClient } from './guarded-client.ts';
import { createSession } from './session.ts';
import { standIn } from './stand-in.ts';
import { isSubmittable, type Send } from './statement.ts';
import { answer, createGuard } from './statement-guard.ts';
import type { TransactionContext } from './transaction.ts';

type Connected = (error: Error | undefined, client: PoolClient | undefined, release: PoolClient['release']) => void;

/** See `Warehouse.guard`. */
export function guardPool(context: TransactionContext, pool: Pool): Pool {
  const guard = createGuard(context);
  const send = pool.query.bind(pool) as (...args: unknown[]) => unknown;
  const query = (...args: unknown[]): unknown => {
    const [statement] = args;
    const session = createSession(context.reader, pool);
    const sql = session.textOf(statement) ?? '';
    const touched = guard.writeOf(sql, session);
    if (touched === undefined) return send(...args);
    if (!isSubmittable(statement)) {
      return answer(args, async (rest) => {
        const outer = guard.around(touched, true);
        if (outer === undefined) return guard.underLock(touched, sql, () => send(...rest));
        return guard.join(outer, touched, ({ query }) => (query as Send)(...rest));
      });
    }
    guard.around(touched, false);
    // Its answer is due at once, and there is no lock yet.
    guard.reportLate(touched, sql, Date.now(), new Set());
    return send(...args);
  };
  const clients = new WeakMap<object, PoolClient>();
  /** The same for a client from its checkout to its release, whoever asks: `connect`, or a listener. */
  const guarded = (client: PoolClient): PoolClient => {
    const made = clients.get(client) ?? guardClient(guard, createSession(context.reader, client), client, () => clients.delete(client));
    clients.set(client, made);
    return made;
  };
  const connect = (connected?: Connected): unknown => {
    if (connected === undefined) return pool.connect().then(guarded);
    return pool.connect((error, client, release) => {
      const made = client && guarded(client);
      connected(error, made, made?.release ?? release);
    });
  };
  return standIn(pool, { methods: { query, connect }, outward: (value) => (isClient(value) ? guarded(value) : value) });
}

function isClient(value: unknown): value is PoolClient {
  const { query, connect } = (value ?? {}) as { query?: unknown; connect?: unknown };
  return typeof value === 'object' && typeof query === 'function' && typeof connect === 'function';
}
