import { StoreUnavailableError } from '../../lock/errors.ts';
import type { Entry, Listed, LockStore, StoreNotice, StoreTraits, Version } from '../../lock/store.ts';
import { withBreaker } from '../breaker.ts';
import { withDeadline } from '../deadlines.ts';
import { lentConnections, loadPg, ownConnections } from './connections.ts';
import { explain } from './failures.ts';
import { createListener, type Listener, type PgListenClient } from './listener.ts';
import { createOperations, type Send } from './operations.ts';
import { type PostgresStoreOptions, resolveOptions } from './options.ts';
import { listPage, lockTable, sweepLimit } from './table.ts';
import { checkVersion, entryIn, versionIn } from './version.ts';

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
  const { source, table: tableName, makesTable, listenTo, timeoutMs, breaker } = resolveOptions(options);
  const table = lockTable(tableName, timeoutMs);
  const connections = typeof source === 'string' ? ownConnections(source, timeoutMs) : lentConnections(source);
  const { run, setUp, refuse } = createOperations({ connections, table, timeoutMs, makesTable });
  const noticeListeners = new Set<(notice: StoreNotice) => void>();
  const listener =
    listenTo === undefined
      ? undefined
      : createListener({
          channel: table.channel,
          openClient: () => openListenClient(listenTo, timeoutMs),
          onDeaf: (error) => {
            const circumstances = { table, address: undefined, timeoutMs, stage: 'connecting', greeting: undefined } as const;
            const notice = error === undefined ? pooledNotice : unopenedNotice(explain(error, circumstances));
            for (const tell of noticeListeners) tell(notice);
          },
        });
  let nextSweepMs = performance.now() + sweepEveryMs;
  let closing: Promise<void> | undefined;

  /** Nobody waits for it, and the next one makes up for one that fails. Where one could not delete all, the next comes at once. */
  function sweepNowAndThen(): void {
    if (performance.now() < nextSweepMs) return;
    nextSweepMs = performance.now() + sweepEveryMs;
    run((send) => send('sweep')).then(({ rows: [gone] }) => {
      if (gone?.count === sweepLimit) nextSweepMs = performance.now();
    }, ignore);
  }

  const store: LockStore = {
    traits: traitsOf(listener),

    read: (key) => run((send) => readEntry(send, key)),

    create: (key, value, ttlMs) =>
      run(async (send) => {
        const written = await write(send, value, 'create', [key, value, ttlMs]);
        sweepNowAndThen();
        return written;
      }),

    replace: (key, value, version, ttlMs) =>
      run((send) => write(send, value, 'replace', [key, value, ttlMs, String(checkVersion(version).fence)])),

    append: (key, text, version) =>
      run((send) => {
        const { fence, value } = checkVersion(version);
        return write(send, value + text, 'append', [key, text, String(fence)]);
      }),

    remove: (key, version) =>
      run(async (send) => {
        const values = [key, String(checkVersion(version).fence)];
        const { rows, isRepeated } = await send('remove', values);
        if (rows.length > 0 || !isRepeated) return rows.length > 0;
        const [fate = {}] = (await send('fate', values)).rows;
        const { isSame, isLetGo } = fate;
        if (isSame === true) return isLetGo === true;
        throw new StoreUnavailableError(
          `Postgres broke the connection while "${key}" was being released. By now somebody else has it: it was released, or had expired`,
        );
      }),

    ...(listener && { subscribe: listener.subscribe }),

    async *list(prefix): AsyncGenerator<Listed> {
      for (let after = ''; ; ) {
        const { rows } = await run((send) => send('list', [prefix, after]));
        for (const { key, ...row } of rows) {
          after = String(key);
          yield { key: after, ...entryIn(row) };
        }
        if (rows.length < listPage) return;
      }
    },

    onNotice(tell) {
      noticeListeners.add(tell);
      return { [Symbol.dispose]: () => void noticeListeners.delete(tell) };
    },

    close() {
      refuse();
      // A server that is gone without a word never acknowledges the end of a connection.
      closing ??= withDeadline(Promise.all([connections.end(), listener?.close()]), timeoutMs, 'Postgres').then(ignore, ignore);
      return closing;
    },
  };
  return { ...(breaker === false ? store : withBreaker(store, breaker)), createTable: setUp };
}

const pooledNotice: StoreNotice = {
  code: 'ERR_GIVEWAY_NO_PUSH',
  message:
    'The connection for LISTEN goes through a pooler, which passes nothing on: waiters poll. Give `listen` a direct connection string',
};

function unopenedNotice({ message }: Error): StoreNotice {
  return { code: 'ERR_GIVEWAY_NO_PUSH', message: `The connection for LISTEN cannot be opened: waiters poll until it can. ${message}` };
}

/** `pushes` is read anew each time: whether a connection can be had, and is direct, is known only once it has been tried. */
function traitsOf(listener: Listener | undefined): StoreTraits {
  return {
    name: 'postgres',
    ttlGrainMs: 1,
    mayForget: false,
    durable: true,
    appends: true,
    get pushes() {
      return listener !== undefined && !listener.isDeaf;
    },
  };
}

async function openListenClient(connectionString: string, timeoutMs: number): Promise<PgListenClient> {
  const { Client } = await loadPg();
  const limits = { connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs };
  // It only listens. Unless the system probes it, it never learns that its server is gone, or that a firewall has forgotten it.
  const probing = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 };
  const client: unknown = new Client({ connectionString, application_name: 'giveway', ...probing, ...limits });
  // The types of `pg` leave out `processID`.
  return client as PgListenClient;
}

async function readEntry(send: Send, key: string): Promise<Entry | undefined> {
  const [row] = (await send('read', [key])).rows;
  return row && entryIn(row);
}

/** Sends one write, after which `value` stands under the key. After a loss: nobody else writes that value, so if it stands, it is we who wrote it. */
async function write(
  send: Send,
  value: string,
  name: 'create' | 'replace' | 'append',
  values: [key: string, ...unknown[]],
): Promise<Version | undefined> {
  const { rows, isRepeated } = await send(name, values);
  if (rows.length > 0 || !isRepeated) return versionIn(rows, value);
  const entry = await readEntry(send, values[0]);
  return entry?.value === value ? entry.version : undefined;
}

function ignore(): void {}
