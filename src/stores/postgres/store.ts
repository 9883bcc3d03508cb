import { InvalidOptionError, StoreUnavailableError } from '../../lock/errors.ts';
import type { Entry, Listed, LockStore, StoreNotice, StoreTraits, Version } from '../../lock/store.ts';
import { createListener, type Listener, type PgListenClient } from './listener.ts';
import { createOperations, type Send } from './operations.ts';
import { type PostgresStoreOptions, resolveOptions } from './options.ts';
import { loadPg, ownPool } from './own-pool.ts';
import type { PgRow } from './pool.ts';
import { listPage, lockTable } from './table.ts';

/** A lock table in Postgres. */
export interface PostgresStore extends LockStore {
  /** Makes the lock table and its sequence, unless they are there. Throws `StoreUnavailableError`. */
  createTable(): Promise<void>;
}

/** Rows that ended an hour ago are deleted this often, by whichever process comes by. */
const sweepEveryMs = 600_000;

/**
 * Locks in a table of Postgres: one row per key, one statement per operation, the server's clock. Durable, with fences;
 * waiters hear of a release at once if `listen` is on.
 *
 * @throws InvalidOptionError for options that cannot work. Connects when first used, not before.
 */
export function postgresStore(options: PostgresStoreOptions): PostgresStore {
  const { source, table: tableName, makesTable, listenTo, timeoutMs } = resolveOptions(options);
  const table = lockTable(tableName);
  const own = typeof source === 'string' ? ownPool(source, timeoutMs) : undefined;
  const operations = createOperations({ pool: own ?? (source as Exclude<typeof source, string>), table, timeoutMs, makesTable });
  const { run } = operations;
  const noticed = new Set<(notice: StoreNotice) => void>();
  const listener =
    listenTo === undefined
      ? undefined
      : createListener({
          channel: table.channel,
          openClient: () => openListenClient(listenTo, timeoutMs),
          onDeaf: () => {
            for (const tell of noticed) tell(deafNotice);
          },
        });
  let nextSweepMs = performance.now() + sweepEveryMs;
  let closing: Promise<void> | undefined;

  /** Nobody waits for it, and the next one makes up for one that fails. */
  function sweepNowAndThen(): void {
    if (performance.now() < nextSweepMs) return;
    nextSweepMs = performance.now() + sweepEveryMs;
    run((send) => send(table.sweep, [])).catch(() => {});
  }

  return {
    traits: traitsOf(listener),

    read: (key) => run((send) => readEntry(send, table.read, key)),

    create: (key, value, ttlMs) =>
      run(async (send) => {
        const { rows, isRepeated } = await send(table.create, [key, value, ttlMs]);
        sweepNowAndThen();
        return versionIn(rows) ?? (isRepeated ? versionIfOurs(await readEntry(send, table.read, key), value) : undefined);
      }),

    replace: (key, value, version, ttlMs) =>
      run(async (send) => {
        const { rows, isRepeated } = await send(table.replace, [key, value, ttlMs, numberOf(version)]);
        return versionIn(rows) ?? (isRepeated ? versionIfOurs(await readEntry(send, table.read, key), value) : undefined);
      }),

    remove: (key, version) =>
      run(async (send) => {
        const values = [key, numberOf(version)];
        const { rows, isRepeated } = await send(table.remove, values);
        if (rows.length > 0 || !isRepeated) return rows.length > 0;
        const [fate] = (await send(table.fate, values)).rows;
        if (fate?.['isSame'] === true) return fate['isLetGo'] === true;
        throw new StoreUnavailableError(
          `Postgres broke the connection while "${key}" was being released. By now somebody else has it: it was released, or had expired`,
        );
      }),

    ...(listener && { subscribe: listener.subscribe }),

    async *list(prefix): AsyncGenerator<Listed> {
      for (let after = ''; ; ) {
        const { rows } = await run((send) => send(table.list, [prefix, after]));
        for (const row of rows) yield { key: String(row['key']), value: String(row['value']), version: versionOf(row) };
        if (rows.length < listPage) return;
        after = String(rows.at(-1)?.['key']);
      }
    },

    onNotice(listener) {
      noticed.add(listener);
      return { [Symbol.dispose]: () => void noticed.delete(listener) };
    },

    createTable: operations.setUp,

    close() {
      operations.close();
      closing ??= Promise.allSettled([own?.end(), listener?.close()]).then(() => {});
      return closing;
    },
  };
}

const deafNotice: StoreNotice = {
  code: 'ERR_GIVEWAY_NO_PUSH',
  message:
    'The connection for LISTEN goes through a pooler, which passes nothing on: waiters poll. Give `listen` a direct connection string',
};

/** `pushes` is read anew each time: whether a connection is direct is known only once it is open. */
function traitsOf(listener: Listener | undefined): StoreTraits {
  return {
    name: 'postgres',
    ttlGrainMs: 1,
    mayForget: false,
    durable: true,
    get pushes() {
      return listener !== undefined && !listener.isDeaf;
    },
  };
}

async function openListenClient(connectionString: string, timeoutMs: number): Promise<PgListenClient> {
  const { Client } = await loadPg();
  return new Client({
    connectionString,
    application_name: 'giveway',
    connectionTimeoutMillis: timeoutMs,
    keepAlive: true,
  }) as PgListenClient;
}

async function readEntry(send: Send, text: string, key: string): Promise<Entry | undefined> {
  const [row] = (await send(text, [key])).rows;
  return row && { value: String(row['value']), version: versionOf(row) };
}

/** After a loss: the value is nobody else's, so if it stands, it is we who wrote it. */
function versionIfOurs(entry: Entry | undefined, value: string): Version | undefined {
  return entry?.value === value ? entry.version : undefined;
}

function versionIn([row]: readonly PgRow[]): Version | undefined {
  return row && versionOf(row);
}

function versionOf(row: PgRow): Version {
  return { fence: BigInt(String(row['version'])) };
}

function numberOf({ fence }: Version): string {
  if (typeof fence === 'bigint') return fence.toString();
  throw new InvalidOptionError('version', fence, 'a version that this store gave is needed');
}
