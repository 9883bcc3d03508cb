import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { type TakeTurn, withoutGiveway } from '../../demo/workload.ts';
import type { LockScope } from '../../src/index.ts';
import type { LockStore } from '../../src/lock/store.ts';

/** How a variant keeps writers apart: around a transaction, or by the connections it gives out. */
export interface Turns {
  readonly takeTurn: TakeTurn;
  readonly pool: Pool;
}

export function noLock(pool: Pool): Turns {
  return { pool: lend(pool), takeTurn: withoutGiveway };
}

/**
 * Clients that are rolled back where the workload would close them after a conflict, so that a conflict costs what it
 * must and no new connection. `begin`: what to send in place of BEGIN.
 */
export function lend(pool: Pool, begin: (text: string) => string = (text) => text): Pool {
  const connect = async (): Promise<PoolClient> => {
    const client = await pool.connect();
    return {
      query: (text: string, values?: unknown[]) => client.query(/^begin/i.test(text) ? begin(text) : text, values as never),
      release(failed?: boolean) {
        if (!failed) return client.release();
        client.query('rollback').then(
          () => client.release(),
          (error: Error) => client.release(error),
        );
      },
    } as unknown as PoolClient;
  };
  return { connect } as unknown as Pool;
}

function tablesOf(scope: LockScope): readonly string[] {
  if (typeof scope === 'string') return [scope];
  const named = Array.isArray(scope) ? scope : Object.values(scope as Record<string, string | readonly string[]>).flat();
  return [...(named as readonly string[])].sort();
}

/** The database's own lock, on all tables of the scope, as the first statement of the transaction. */
export function lockTable(pool: Pool): Turns {
  const scopes = new AsyncLocalStorage<LockScope>();
  const begin = (text: string): string => {
    const scope = scopes.getStore();
    return scope === undefined ? text : `${text}; lock table ${tablesOf(scope).join(', ')} in access exclusive mode`;
  };
  return { pool: lend(pool, begin), takeTurn: (scope, _job, work) => scopes.run(scope, work) };
}

const naiveTtlMs = 30_000;
const naivePauseMs = 10;

/** What most people write first: `add` a key for each table, in one order, try again every few milliseconds; no modes, no owner's queue. */
export function naiveExclusive(pool: Pool, store: LockStore, prefix: string): Turns {
  return {
    pool: lend(pool),
    async takeTurn(scope, _job, work) {
      const held: (() => Promise<unknown>)[] = [];
      try {
        for (const table of tablesOf(scope)) {
          const key = `${prefix}:${table}`;
          let version = await store.create(key, randomBytes(16).toString('hex'), naiveTtlMs);
          while (version === undefined) {
            await sleep(randomInt(naivePauseMs / 2, naivePauseMs * 1.5));
            version = await store.create(key, randomBytes(16).toString('hex'), naiveTtlMs);
          }
          const taken = version;
          held.push(() => store.remove(key, taken));
        }
        return await work();
      } finally {
        await Promise.all(held.map((letGo) => letGo()));
      }
    },
  };
}
