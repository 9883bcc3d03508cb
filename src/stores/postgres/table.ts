import { InvalidOptionError } from '../../lock/errors.ts';

/** Names of the lock table, and every statement that is sent to it. Each is one round trip and one transaction. */
export interface LockTable {
  readonly name: string;
  /** Both are without the schema: a process that names it and one that has it in its search path must hear each other. */
  readonly channel: string;
  /** `$1` key. */
  readonly read: string;
  /** `$1` key, `$2` value, `$3` ttlMs. */
  readonly create: string;
  /** `$1` key, `$2` value, `$3` ttlMs, `$4` version. */
  readonly replace: string;
  /** `$1` key, `$2` version. */
  readonly remove: string;
  /** `$1` key, `$2` text, `$3` version. */
  readonly append: string;
  /** What became of a removal that was not answered. `$1` key, `$2` version. */
  readonly fate: string;
  /** `$1` prefix, `$2` the last key seen. */
  readonly list: string;
  /** Deletes rows that ended long ago, `sweepLimit` at most, and says how many. */
  readonly sweep: string;
  /** Whether table and sequence are there, asked so that whoever may lock may ask. Refused where there is no table. */
  readonly isThere: string;
  /** Several statements, no parameters: sent as one simple query, which is one transaction. */
  readonly setUp: string;
}

export type StatementName = Exclude<keyof LockTable, 'name' | 'channel'>;

export const defaultTable = 'giveway_locks';

/** What share of the deadline a statement may wait for a row. The rest is for what comes before and after: a round trip, connecting. */
const rowShare = 3 / 4;

/** Rows that `list` asks for at once. */
export const listPage = 500;

/** Rows that a sweep deletes at once. */
export const sweepLimit = 1_000;

/** Bytes of key and value that still go into a notification, which Postgres wants shorter than 8,000; the version takes up to 19 more. */
const longestAnnounced = 7_900;

/**
 * The SQL that `createTable()` runs, for those who keep their schema in migrations. Safe to run again.
 *
 * The sequence stands by itself, so that versions, which are the fences, go on growing when rows or the table are dropped.
 * Half of each page stays free: a row that is rewritten finds room beside itself, and no index has to be touched.
 */
export function createTableSql(table: string = defaultTable): string {
  const name = checkTable(table);
  return `create sequence if not exists ${name}_version as bigint;
create table if not exists ${name} (
  key text collate "C" primary key,
  value text,
  version bigint not null,
  expires_at timestamptz not null
) with (fillfactor = 50);
comment on column ${name}.value is 'who holds it (JSON); null: it was let go, and the row waits to be used again';
comment on column ${name}.version is 'drawn from the sequence ${name}_version at every write: the fence';
`;
}

/**
 * A removal leaves the row and empties it. So the next `create` draws its version while it has the row locked, and versions
 * of one key grow in the order of its holders; drawn for a row yet to be inserted, a version can be overtaken. It also tells
 * a removal whose answer got lost from an expiry.
 *
 * All times are `clock_timestamp()`, the server's clock now: `now()` is when the transaction began.
 */
export function lockTable(table: string, timeoutMs: number): LockTable {
  const name = checkTable(table);
  // A row that somebody keeps locked must not look like a server that does not answer. It holds for this statement alone, also
  // on connections that are not ours, and costs nothing that could be measured.
  const patience = `(select set_config('lock_timeout', '${Math.ceil(timeoutMs * rowShare)}ms', true)) as patience`;
  const channel = name.slice(name.indexOf('.') + 1);
  const live = 'value is not null and expires_at > clock_timestamp()';
  const next = `nextval('${name}_version')`;
  const end = `clock_timestamp() + $3::float8 * interval '1 millisecond'`;
  // Tells a connection of our own to the server from one that a pooler lends.
  const pid = 'pg_backend_pid() as pid';
  const announce = `pg_notify('${channel}', key)`;
  const announceEntry = `case when octet_length(key) + octet_length(value) <= ${longestAnnounced}
        then pg_notify('${channel}', key || E'\\n' || version || ' ' || value) end`;
  return {
    name,
    channel,
    read: `select value, version::text from ${name} where key = $1 and ${live}`,
    // Without the "not exists" a busy key would cost a row lock, a number of the sequence and a flush of the log.
    create: `insert into ${name} as held (key, value, version, expires_at)
      select $1, $2, ${next}, ${end} from ${patience} where not exists (select from ${name} where key = $1 and ${live})
      on conflict (key) do update set value = excluded.value, version = ${next}, expires_at = excluded.expires_at
      where held.value is null or held.expires_at <= clock_timestamp()
      returning version::text, ${pid}`,
    replace: `update ${name} set value = $2, version = ${next}, expires_at = ${end} from ${patience}
      where key = $1 and version = $4 and ${live} 
      returning version::text, ${pid}, ${announceEntry}, ${announce}`,
    remove: `update ${name} set value = null from ${patience}
      where key = $1 and version = $2 and ${live} returning ${announce}`,
    append: `update ${name} set value = value || $2, version = ${next} from ${patience}
      where key = $1 and version = $3 and ${live} returning version::text, ${pid}`,
    fate: `select value is null as "isLetGo", version = $2 as "isSame" from ${name} where key = $1`,
    list: `select key, value, version::text from ${name} where starts_with(key, $1) and key > $2 and ${live} order by key limit ${listPage}`,
    sweep: `with gone as (delete from ${name} where key in
      (select key from ${name} where expires_at < clock_timestamp() - interval '1 hour' limit ${sweepLimit} for update skip locked)
      returning key) select count(*)::int from gone`,
    isThere: `select to_regclass('${name}_version') is not null as "isThere"
      from (select count(*) from (select key, value, version, expires_at from ${name} limit 0) as columns) as once`,
    // "if not exists" alone is no protection: two sessions at once can both find nothing, and one fails.
    setUp: `select pg_advisory_xact_lock(hashtext('giveway create table')); ${createTableSql(name)}`,
  };
}

/** `table` or `schema.table`, in names that need no quotes. Leaves room for `_version` within Postgres' 63 bytes. */
export function checkTable(table: unknown): string {
  if (typeof table === 'string' && /^([a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,54}$/.test(table)) return table;
  throw new InvalidOptionError(
    'table',
    table,
    'a name or schema.name of lower-case letters, digits and "_" is allowed, 55 characters at most',
  );
}
