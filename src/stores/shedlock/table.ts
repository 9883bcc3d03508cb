import { InvalidOptionError, StoreUnavailableError } from '../../lock/errors.ts';
import type { Entry, Listed, LockStore, StoreTraits, Version } from '../../lock/store.ts';
import { withBreaker } from '../breaker.ts';
import { withDeadline } from '../deadlines.ts';
import { lentConnections, ownConnections } from '../postgres/connections.ts';
import type { PgRow } from '../postgres/pool.ts';
import { checkName, type Room } from './columns.ts';
import { recordText, shedlockTraits, soleHolder } from './holder.ts';
import { holderIn, lockedByOf } from './locked-by.ts';
import { listPage, tableStatements } from './statements.ts';
import { resolveTableOptions, type ShedlockTableOptions } from './table-options.ts';
import { createTableRequests, type Send } from './table-requests.ts';

const traits: StoreTraits = { name: 'shedlock', ttlGrainMs: 1, mayForget: false, durable: true, ...shedlockTraits };

/** One state of a row: whose it is, and until when, in seconds, as Postgres writes it. */
interface RowVersion extends Version {
  readonly lockedBy: string;
  readonly until: string;
}

/**
 * Locks in the table of ShedLock's JDBC providers in Postgres, so that its users and giveway's exclude each other: names are ShedLock's,
 * one row each, one statement per operation, the server's clock. `append` and `read` are taken as `write`; whoever waits polls.
 *
 * @throws InvalidOptionError for options that cannot work. Connects when first used, not before; refuses a table that is not ShedLock's
 * with a `StoreUnavailableError`, and a name that is longer than its column with an `InvalidOptionError`.
 */
export function shedlockTable(options: ShedlockTableOptions): LockStore {
  const { source, table, timeZone, timeoutMs, breaker } = resolveTableOptions(options);
  const connections = typeof source === 'string' ? ownConnections(source, timeoutMs) : lentConnections(source);
  const { run, refuse } = createTableRequests(connections, tableStatements(table, timeZone, timeoutMs), timeoutMs);
  let closing: Promise<void> | undefined;

  /** As `run`, for names that the table has room for. */
  function runOn<T>(key: string, work: (send: Send, room: Room) => Promise<T>): Promise<T> {
    return run((send, room) => {
      checkName(key, room, table);
      return work(send, room);
    });
  }

  const store: LockStore = {
    traits,

    read: (key) =>
      runOn(key, async (send) => {
        const [row] = (await send('read', [key])).rows;
        return row && entryIn(row);
      }),

    create: (key, value, ttlMs) =>
      runOn(key, (send, { lockedBy: longest }) => {
        const lockedBy = lockedByOf(soleHolder(value), longest);
        return write(send, 'create', [key, lockedBy, ttlMs], lockedBy);
      }),

    replace: (key, value, version, ttlMs) =>
      runOn(key, (send, { lockedBy: longest }) => {
        const old = ownVersion(version);
        const lockedBy = lockedByOf(soleHolder(value), longest);
        return write(send, 'replace', [key, lockedBy, ttlMs, old.lockedBy, old.until], lockedBy, old);
      }),

    remove: (key, version) =>
      runOn(key, async (send) => {
        const { lockedBy, until } = ownVersion(version);
        const { rows, isRepeated } = await send('remove', [key, lockedBy, until]);
        if (rows.length > 0 || !isRepeated) return rows.length > 0;
        const [fate] = (await send('fate', [key])).rows;
        // Only its release brings an end forward.
        if (fate?.locked_by === lockedBy) return Number(fate.until) < Number(until);
        throw new StoreUnavailableError(
          `Postgres broke the connection while "${key}" was being released. By now somebody else has it: it was released, or had expired`,
        );
      }),

    async *list(prefix): AsyncGenerator<Listed> {
      for (let after = ''; ; ) {
        const { rows } = await run((send) => send('list', [prefix, after]));
        for (const row of rows) {
          after = String(row.name);
          yield { key: after, ...entryIn(row) };
        }
        if (rows.length < listPage) return;
      }
    },

    close() {
      refuse();
      // A server that is gone without a word never acknowledges the end of a connection.
      closing ??= withDeadline(connections.end(), timeoutMs, 'Postgres').catch(() => {});
      return closing;
    },
  };
  return breaker === false ? store : withBreaker(store, breaker);
}

/** After a loss: nobody else writes that `locked_by`, so if it stands there, not as it was before, it is we who wrote it. */
async function write(
  send: Send,
  name: 'create' | 'replace',
  values: [key: string, ...unknown[]],
  lockedBy: string,
  old?: RowVersion,
): Promise<RowVersion | undefined> {
  const { rows, isRepeated } = await send(name, values);
  const [written] = rows;
  if (written !== undefined) return { lockedBy, until: String(written.until) };
  if (!isRepeated) return undefined;
  const [fate] = (await send('fate', [values[0]])).rows;
  const until = String(fate?.until);
  const isOurs = fate?.isLive === true && fate.locked_by === lockedBy && !(old?.lockedBy === lockedBy && old.until === until);
  return isOurs ? { lockedBy, until } : undefined;
}

function entryIn(row: PgRow): Entry {
  const nowMs = Date.now();
  const lockedBy = String(row.locked_by);
  const holder = holderIn(lockedBy, String(row.since));
  const value = recordText({ ...holder, since: nowMs - Number(row.ageMs), until: nowMs + Number(row.leftMs) });
  const version: RowVersion = { lockedBy, until: String(row.until) };
  return { value, version };
}

function ownVersion(version: Version): RowVersion {
  const { lockedBy, until } = version as Partial<RowVersion>;
  if (typeof lockedBy === 'string' && typeof until === 'string') return { lockedBy, until };
  throw new InvalidOptionError('version', version, 'a version that this store gave is needed');
}
