import { StoreUnavailableError } from '../../lock/errors.ts';
import type { Entry, Listed, LockStore, StoreTraits, Version } from '../../lock/store.ts';
import { withBreaker } from '../breaker.ts';
import { withDeadline } from '../deadlines.ts';
import { lentConnections, ownConnections } from './connections.ts';
import { createOperations, type Send } from './operations.ts';
import { type MysqlStoreOptions, resolveOptions } from './options.ts';
import type { MysqlRow } from './pool.ts';
import { listPage, lockTable } from './table.ts';
import { checkVersion, entryIn, textOf, versionOf } from './version.ts';

/** A lock table in MySQL or MariaDB. */
export interface MysqlStore extends LockStore {
  /** Makes the lock table, unless it is there. Throws `StoreUnavailableError`. */
  createTable(): Promise<void>;
}

const mysqlTraits: StoreTraits = { name: 'mysql', ttlGrainMs: 1, mayForget: false, durable: true, pushes: false, appends: true };

/** Rows that nobody has written for an hour are deleted this often, by whichever process comes by, and by the first `create` of each. */
const sweepEveryMs = 600_000;

/**
 * Locks in a table of MySQL or MariaDB: one row per key, one statement per operation, the server's clock. Durable, with fences.
 * Waiters stand in line and poll: the server has no push.
 *
 * @throws InvalidOptionError for options that cannot work. Connects when first used, not before.
 */
export function mysqlStore(options: MysqlStoreOptions): MysqlStore {
  const { source, table: tableName, makesTable, timeoutMs, breaker } = resolveOptions(options);
  const table = lockTable(tableName);
  const connections = typeof source === 'string' ? ownConnections(source, timeoutMs) : lentConnections(source);
  const { run, setUp, refuse } = createOperations({ connections, table, timeoutMs, makesTable });
  let nextSweepMs = 0;
  let closing: Promise<void> | undefined;

  /** Nobody waits for it, and the next one makes up for one that fails. */
  function sweepNowAndThen(): void {
    if (performance.now() < nextSweepMs) return;
    nextSweepMs = performance.now() + sweepEveryMs;
    // Found without a lock, and deleted one by one: a statement that looks for them would lock every row on its way.
    run(async (send) => {
      const { result } = await send<readonly MysqlRow[]>('stale');
      for (const { name } of result) await send('sweep', [textOf(name)]);
    }).catch(ignore);
  }

  const store: LockStore = {
    traits: mysqlTraits,

    read: (key) => run((send) => readEntry(send, key)),

    async create(key, value, ttlMs) {
      const [bytes, life] = [Buffer.from(value), microseconds(ttlMs)];
      const version = await run((send) => write(send, key, value, 'create', [key, bytes, life, bytes, life]));
      sweepNowAndThen();
      return version;
    },

    replace: (key, value, version, ttlMs) =>
      run((send) => {
        const values = [Buffer.from(value), microseconds(ttlMs), key, String(checkVersion(version).fence)];
        return write(send, key, value, 'replace', values);
      }),

    append: (key, text, version) =>
      run((send) => {
        const { fence, value } = checkVersion(version);
        return write(send, key, value + text, 'append', [Buffer.from(text), key, String(fence)]);
      }),

    remove: (key, version) =>
      run(async (send) => {
        const fence = String(checkVersion(version).fence);
        const { result, isRepeated } = await send('remove', [key, fence]);
        if (result.affectedRows > 0 || !isRepeated) return result.affectedRows > 0;
        const [fate = {}] = (await send<readonly MysqlRow[]>('fate', [fence, key])).result;
        const { isSame, isLetGo } = fate;
        if (Number(isSame) === 1) return Number(isLetGo) === 1;
        throw new StoreUnavailableError(
          `MySQL broke the connection while "${key}" was being released. By now somebody else has it: it was released, or had expired`,
        );
      }),

    async *list(prefix): AsyncGenerator<Listed> {
      for (let after = ''; ; ) {
        const values = [prefix, String(prefix.length), prefix, after];
        const { result } = await run((send) => send<readonly MysqlRow[]>('list', values));
        for (const { name, ...row } of result) {
          after = textOf(name);
          yield { key: after, ...entryIn(row) };
        }
        if (result.length < listPage) return;
      }
    },

    close() {
      refuse();
      // A server that is gone without a word never acknowledges the end of a connection.
      closing ??= withDeadline(connections.end(), timeoutMs, 'MySQL').then(ignore, ignore);
      return closing;
    },
  };
  return { ...(breaker === false ? store : withBreaker(store, breaker)), createTable: setUp };
}

async function readEntry(send: Send, key: string): Promise<Entry | undefined> {
  const [row] = (await send<readonly MysqlRow[]>('read', [key])).result;
  return row && entryIn(row);
}

/** Sends one write, after which `value` stands under the key. After a loss: nobody else writes that value, so if it stands, it is we who wrote it. */
async function write(
  send: Send,
  key: string,
  value: string,
  name: 'create' | 'replace' | 'append',
  values: (Buffer | string)[],
): Promise<Version | undefined> {
  const { result, isRepeated } = await send(name, values);
  // Whether a row that stays as it is counts as affected, the client decides; this number is 0 unless one was drawn.
  if (BigInt(result.insertId) > 0n) return versionOf(result.insertId, value);
  if (!isRepeated) return undefined;
  const entry = await readEntry(send, key);
  return entry?.value === value ? entry.version : undefined;
}

/** Up: the entry is to live for `ttlMs` at least. */
function microseconds(ttlMs: number): string {
  return String(Math.ceil(ttlMs * 1_000));
}

function ignore(): void {}
