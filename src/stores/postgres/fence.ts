import { GivewayError, InvalidOptionError, LockLostError, StoreUnavailableError } from '../../lock/errors.ts';
import { failureOf } from './failures.ts';
import { borrow } from './loan.ts';
import type { PgClient, PgPool, PgPoolClient } from './pool.ts';
import { checkTable } from './table.ts';

/** The part of a lock that a fence needs. Locks of a durable store have it, and those of `redisStore` with `fences`. */
export interface FencedLock {
  readonly fence: bigint | undefined;
  readonly scope: { readonly writes: readonly string[] };
}

/** Options of `assertFence`. */
export interface FenceOptions {
  /** Name of the fence table, beside the data it protects. Default `giveway_fences`. */
  readonly table?: string;
}

/** Options of `fencedTransaction`. */
export interface FencedTransactionOptions extends FenceOptions {
  /** Isolation of the transaction. Default: that of the database. */
  readonly isolation?: Isolation;
}

export type Isolation = 'read committed' | 'repeatable read' | 'serializable';

const isolations: readonly Isolation[] = ['read committed', 'repeatable read', 'serializable'];
const defaultFences = 'giveway_fences';

/** The SQL that makes the fence table, in the database that holds the data. Safe to run again. */
export function createFenceTableSql(table: string = defaultFences): string {
  return `create table if not exists ${checkTable(table)} (
  resource text collate "C" primary key,
  fence bigint not null
);
`;
}

/**
 * Makes the lock binding for the transaction that `client` is in: real exclusion, whatever happened to the lock meanwhile.
 * Call it first, before reading anything that the work depends on.
 *
 * It notes the lock's fence for every resource it writes. A transaction under an older fence is refused from then on; one that
 * was quicker keeps this one waiting until it ends. So of two holders that overlap, the older cannot write after the newer.
 *
 * @throws LockLostError `stolen` if a newer holder was here: roll back. @throws InvalidOptionError if the lock has no fence.
 */
export async function assertFence(client: PgClient, lock: FencedLock, { table = defaultFences }: FenceOptions = {}): Promise<void> {
  const name = checkTable(table);
  const { writes } = lock.scope;
  if (lock.fence === undefined || writes.length === 0) {
    throw new InvalidOptionError('lock.fence', lock.fence, 'a lock in mode write, protected, and from a store with fences is needed');
  }
  // Sorted, so that two transactions over the same resources wait for each other and never in a circle.
  const text = `insert into ${name} as seen (resource, fence)
    select resource, $2::bigint from unnest($1::text[]) as resource order by resource collate "C"
    on conflict (resource) do update set fence = excluded.fence where seen.fence <= excluded.fence
    returning resource`;
  const { rows } = await client.query({ text, values: [writes, lock.fence.toString()] }).catch((error: unknown) => {
    if (failureOf(error) !== 'no-table') throw error;
    const message = `Postgres has no table ${name}. Run:\n${createFenceTableSql(name)}`;
    throw new StoreUnavailableError(message, { cause: error, code: 'ERR_GIVEWAY_TABLE_MISSING' });
  });
  const passed = new Set(rows.map(({ resource }) => resource));
  const refused = writes.find((resource) => !passed.has(resource));
  if (refused !== undefined) throw new LockLostError(refused, 'stolen');
}

/**
 * Runs `work` in a transaction that only the newest holder can commit: `begin`, `assertFence`, `work`, `commit`; after an error
 * `rollback`, and the error goes to the caller. Retries nothing.
 *
 * `work` gets the connection, and must use no other for what has to be exclusive.
 *
 * @throws GivewayError `ERR_GIVEWAY_ROLLED_BACK` if a statement failed and `work` went on, or if the session was ended before COMMIT was sent
 * (the server's own error is its `cause`): Postgres then commits nothing.
 * @throws LockLostError, InvalidOptionError as `assertFence` does.
 */
export async function fencedTransaction<T, C extends PgPoolClient = PgPoolClient>(
  pool: PgPool,
  lock: FencedLock,
  work: (client: C) => T | Promise<T>,
  { isolation, ...options }: FencedTransactionOptions = {},
): Promise<T> {
  if (isolation !== undefined && !isolations.includes(isolation)) {
    throw new InvalidOptionError('isolation', isolation, `${isolations.join(', ')} are allowed`);
  }
  const loan = await borrow(pool);
  const { client } = loan;
  let broken: Error | undefined;
  try {
    await client.query({ text: isolation === undefined ? 'begin' : `begin isolation level ${isolation}` });
    await assertFence(client, lock, options);
    const result = await work(client as C);
    await loan.settled();
    const { ended } = loan;
    if (ended !== undefined) throw rolledBack(`its session was ended before COMMIT was sent (${ended.message})`, ended);
    const { command } = await client.query({ text: 'commit' });
    if (command === 'ROLLBACK') throw rolledBack('a statement in it had failed, and the work went on');
    return result;
  } catch (error) {
    await client.query({ text: 'rollback' }).catch((failure: Error) => {
      broken = failure;
    });
    throw loan.behind(error);
  } finally {
    loan.giveBack(broken);
  }
}

function rolledBack(why: string, cause?: Error): GivewayError {
  return new GivewayError('ERR_GIVEWAY_ROLLED_BACK', `Postgres rolled the transaction back: ${why}`, { cause });
}
