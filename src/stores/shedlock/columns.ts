import { InvalidOptionError, StoreUnavailableError } from '../../lock/errors.ts';
import type { PgRow } from '../postgres/pool.ts';
import { leastLockedBy } from './locked-by.ts';

/** What the columns of the table have room for, in characters. */
export interface Room {
  readonly name: number;
  readonly lockedBy: number;
}

const texts = ['character varying', 'text'];
const times = ['timestamp without time zone'];
const wanted: Readonly<Record<string, readonly string[]>> = { name: texts, lock_until: times, locked_at: times, locked_by: texts };

/** ShedLock's own definition of its table. */
export function shedlockTableSql(table: string): string {
  return `create table ${table} (
  name varchar(64) primary key,
  lock_until timestamp not null,
  locked_at timestamp not null,
  locked_by varchar(255) not null
);`;
}

/** Refuses a table that is not ShedLock's, or that keeps its times in another way. Throws `StoreUnavailableError`. */
export function roomIn(rows: readonly PgRow[], table: string): Room {
  if (rows.length === 0)
    throw new StoreUnavailableError(`Postgres has no table ${table}. ShedLock's is\n${shedlockTableSql(table)}`, {
      code: 'ERR_GIVEWAY_TABLE_MISSING',
    });
  const columns = new Map(rows.map(({ column, type, longest }) => [String(column), { type: String(type), longest: Number(longest) }]));
  for (const [name, types] of Object.entries(wanted)) {
    const type = columns.get(name)?.type;
    if (type === undefined) throw notShedlocks(table, `has no column ${name}; it has ${[...columns.keys()].join(', ')}`);
    if (!types.includes(type)) throw notShedlocks(table, `has a column ${name} of type ${type}; ${types.join(' or ')} is needed`);
  }
  const lockedBy = roomFor(columns.get('locked_by')?.longest);
  if (lockedBy < leastLockedBy)
    throw notShedlocks(table, `has a column locked_by of ${lockedBy} characters; at least ${leastLockedBy} are needed`);
  return { name: roomFor(columns.get('name')?.longest), lockedBy };
}

/** Postgres would say the same, but not which lock it was. */
export function checkName(name: string, { name: longest }: Room, table: string): void {
  const length = [...name].length;
  if (length > longest)
    throw new InvalidOptionError(
      'resource',
      name,
      `${table}.name has room for ${longest} characters, and this is one of ${length}: lengthen the column, for ShedLock too, or the name must be shorter`,
    );
}

/** A type without a length is as long as one likes. */
function roomFor(longest = -1): number {
  return longest > 0 ? longest : Number.POSITIVE_INFINITY;
}

function notShedlocks(table: string, what: string): StoreUnavailableError {
  const message = `The table ${table} ${what}. ShedLock's is\n${shedlockTableSql(table)}`;
  return new StoreUnavailableError(message, { code: 'ERR_GIVEWAY_STORE_SETUP' });
}
