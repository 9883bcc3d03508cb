import { InvalidOptionError } from '../../lock/errors.ts';

/** The lock table, and every statement that is sent to it. Each is one round trip and, with autocommit, one transaction. */
export interface LockTable {
  readonly name: string;
  /** key. */
  readonly read: string;
  /** key, value, microseconds, value, microseconds. */
  readonly create: string;
  /** value, microseconds, key, version. */
  readonly replace: string;
  /** text, key, version. */
  readonly append: string;
  /** key, version. */
  readonly remove: string;
  /** What became of a removal that was not answered. version, key. */
  readonly fate: string;
  /** prefix, its length, prefix, the last key seen. */
  readonly list: string;
  /** Keys of rows that nobody has written for an hour, `sweepLimit` at most. */
  readonly stale: string;
  /** key. Only if the row still is stale. */
  readonly sweep: string;
  /** Refused where there is no table. */
  readonly isThere: string;
  readonly setUp: string;
}

export type StatementName = Exclude<keyof LockTable, 'name'>;

export const defaultTable = 'giveway_locks';

/** Rows that `list` asks for at once. */
export const listPage = 500;

/** Rows that a sweep deletes. */
const sweepLimit = 200;

/**
 * The SQL that `createTable()` runs, for those who keep their schema in migrations. Safe to run again.
 *
 * Key and value are bytes, whatever character set a connection has.
 */
export function createTableSql(table: string = defaultTable): string {
  return `create table if not exists ${checkTable(table)} (
  name varbinary(250) not null primary key,
  value mediumblob not null comment 'who holds it (JSON)',
  version bigint unsigned not null comment 'microseconds since 1970 at the last write, or one more than before: the fence',
  expires_at datetime(6) not null comment 'UTC; 1970: it was let go, and the row waits to be used again'
) engine = InnoDB;
`;
}

/**
 * A version is the server's clock, or one more than the row's last, whichever is larger, drawn while the row is locked: so
 * those of one key grow whatever the clock does. Therefore a removal leaves the row, for an hour.
 *
 * `last_insert_id(…)` brings it back with the answer. Where one assignment reads what another changes, the order counts: MySQL
 * evaluates them from left to right, so `expires_at`, which they all read, comes last.
 */
export function lockTable(table: string): LockTable {
  const name = checkTable(table);
  const now = 'utc_timestamp(6)';
  const clock = `timestampdiff(microsecond, '1970-01-01', ${now})`;
  const end = `date_add(${now}, interval cast(? as unsigned) microsecond)`;
  const next = `last_insert_id(greatest(version + 1, ${clock}))`;
  const isFree = `expires_at <= ${now}`;
  const isLive = `expires_at > ${now}`;
  const isAt = `where name = ? and version = cast(? as unsigned) and ${isLive}`;
  const isStale = `version < ${clock} - 3600000000 and ${isFree}`;
  const columns = 'value, cast(version as char) as version';
  return {
    name,
    read: `select ${columns} from ${name} where name = ? and ${isLive}`,
    create: `insert into ${name} (name, value, version, expires_at) values (?, ?, last_insert_id(${clock}), ${end})
      on duplicate key update version = if(${isFree}, ${next}, version + last_insert_id(0)),
      value = if(${isFree}, ?, value), expires_at = if(${isFree}, ${end}, expires_at)`,
    replace: `update ${name} set value = ?, version = ${next}, expires_at = ${end} ${isAt}`,
    append: `update ${name} set value = concat(value, ?), version = ${next} ${isAt}`,
    remove: `update ${name} set expires_at = '1970-01-01' ${isAt}`,
    fate: `select expires_at = '1970-01-01' as isLetGo, version = cast(? as unsigned) as isSame from ${name} where name = ?`,
    list: `select name, ${columns} from ${name}
      where name >= ? and left(name, ?) = ? and name > ? and ${isLive} order by name limit ${listPage}`,
    stale: `select name from ${name} where ${isStale} limit ${sweepLimit}`,
    sweep: `delete from ${name} where name = ? and ${isStale}`,
    isThere: `select name, value, version, expires_at from ${name} limit 0`,
    setUp: createTableSql(name),
  };
}

/** `table` or `database.table`, in names that need no quotes. */
export function checkTable(table: unknown): string {
  if (typeof table === 'string' && /^([a-z_][a-z0-9_]{0,63}\.)?[a-z_][a-z0-9_]{0,63}$/.test(table)) return table;
  throw new InvalidOptionError('table', table, 'a name or database.name of lower-case letters, digits and "_" is allowed');
}
