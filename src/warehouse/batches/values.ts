import type { Pool, PoolClient } from 'pg';
import { GivewayError } from '../../lock/errors.ts';
import { connectUnder } from '../connect.ts';
import { orAborted } from '../or-aborted.ts';
import { hearFailure } from '../session-end.ts';
import type { Database } from './database.ts';

/** What a column's type means for values that JavaScript has one form of and PostgreSQL several. */
export type ColumnKind = 'json' | 'json array' | 'text' | 'other';

/** What node-postgres sends for a value. `null` is NULL. */
export type Prepare = (value: unknown) => string | Buffer | null;

/** pg's own rule, so that a value is the same however it is sent. Loaded where rows are inserted: the rest of this module does without pg. */
export async function loadPrepare(): Promise<Prepare> {
  try {
    return (await import('pg/lib/utils.js')).default.prepareValue;
  } catch (cause) {
    throw new GivewayError('ERR_GIVEWAY_PEER_MISSING', 'insertBatches needs the package pg beside its pool: npm install pg', { cause });
  }
}

/** Is there a value whose form hangs on its column's type? An array is an array or JSON, bytes are bytes or text. */
export function needsKinds(values: readonly unknown[]): boolean {
  for (const value of values) if (typeof value === 'object' && (Array.isArray(value) || ArrayBuffer.isView(value))) return true;
  return false;
}

/** How long the catalogue may take to answer, a connection included: as long as a lock is waited for. */
const askForMs = 10_000;

/** Types behind domains are found. `to_regclass` takes a name as it stands in SQL; NULL where there is no such table. */
const kindsQuery = `
with recursive types as (
  select attname::text as name, atttypid as type from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped
  union all
  select name, typbasetype from types join pg_type on oid = type where typtype = 'd'
)
select name, case
  when type in ('json'::regtype, 'jsonb'::regtype) then 'json'
  when type in ('json[]'::regtype, 'jsonb[]'::regtype) then 'json array'
  when typcategory = 'S' or type = 'xml'::regtype then 'text'
  else 'other' end as kind
from types join pg_type on oid = type where typtype <> 'd'`;

/** The kinds of `columns`, from the catalogue. Redshift has no JSON types, and no table with them. */
export async function readKinds(pool: Pool, database: Database, table: string, columns: readonly string[]): Promise<readonly ColumnKind[]> {
  const signal = AbortSignal.timeout(askForMs);
  const loan = await connectUnder(signal, pool);
  try {
    return await orAborted(askKinds(loan.client, database, table, columns), signal);
  } catch (error) {
    hearFailure(loan, error);
    throw error;
  } finally {
    loan.giveBack(signal.aborted);
  }
}

/** The same, asked of a client. */
export async function askKinds(
  client: PoolClient,
  database: Database,
  table: string,
  columns: readonly string[],
): Promise<readonly ColumnKind[]> {
  if (await database.isRedshift(client)) return columns.map(() => 'other');
  const { rows } = await client.query<{ name: string; kind: ColumnKind }>(kindsQuery, [table]);
  const kinds = new Map(rows.map(({ name, kind }) => [name, kind]));
  return columns.map((column) => kinds.get(column) ?? 'other');
}

/** `value` as it goes to a column of this kind, where that is not what node-postgres would make of it. */
export function inColumn(value: unknown, kind: ColumnKind | undefined): unknown {
  if (kind === 'json') return jsonOf(value);
  if (kind === 'json array' && Array.isArray(value))
    return Array.from(value, (item: unknown) => (item === undefined ? null : jsonOf(item)));
  if (kind === 'text' && ArrayBuffer.isView(value)) return textOf(value);
  return value;
}

/** Text is taken to be JSON already, as by node-postgres. */
function jsonOf(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return textOf(value);
  return Array.isArray(value) ? JSON.stringify(value) : value;
}

function textOf({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString();
}
