import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { sqlStateOf } from '../sql-state.ts';
import type { Chunk } from './chunk.ts';
import { quoteIdentifier } from './columns.ts';
import type { Database, StatementLimits } from './database.ts';

/** What stands in the text for a value, such as `$32767,` with a parenthesis. */
const placeBytes = 9;

/** How rows get into a table. */
export interface Writing {
  /** As it stands in SQL. */
  readonly table: string;
  readonly method: 'copy' | 'insert';
  /** What follows ON CONFLICT. */
  readonly onConflict: string | undefined;
  /** Does that change rows that are there? */
  readonly updates: boolean;
}

/** Writes chunks of the same columns in the client's transaction. `apart`: rows that one statement cannot take together go in one after the other. */
export async function writeChunks(
  client: PoolClient,
  writing: Writing,
  chunks: readonly Chunk[],
  apart: boolean,
  database: Database,
): Promise<void> {
  const columns = chunks[0]?.columns ?? [];
  const into = `${writing.table} (${columns.map(quoteIdentifier).join(', ')})`;
  if (writing.method === 'copy') {
    await pipeline(Readable.from(chunks.flatMap(({ lines }) => lines)), client.query(copyFrom(`COPY ${into} FROM STDIN`)));
    return;
  }
  const end = writing.onConflict === undefined ? '' : ` ON CONFLICT ${writing.onConflict}`;
  const limits = await database.limits(client);
  const insert = async (rows: Chunk['values']): Promise<void> => {
    const places = rows.map((_, row) => `(${columns.map((_, column) => `$${row * columns.length + column + 1}`).join(',')})`).join(',');
    await client.query(`INSERT INTO ${into} VALUES ${places}${end}`, rows.flat());
  };
  // One statement cannot update a row twice, and batches that waited together may hold the same row.
  for (const { values } of writing.updates ? chunks : [{ values: chunks.flatMap(({ values }) => values) }]) {
    for (const rows of statementsOf(values, limits, into.length + end.length))
      await (apart ? insertApart(client, rows, insert) : insert(rows));
  }
}

/** Cuts rows to what one statement may carry beside `fixedBytes`. A row that is too much by itself is the database's to refuse. */
function* statementsOf(
  rows: Chunk['values'],
  { parameters, bytes: most }: StatementLimits,
  fixedBytes: number,
): Generator<Chunk['values']> {
  let from = 0;
  let count = 0;
  let bytes = fixedBytes;
  for (const [at, row] of rows.entries()) {
    const rowBytes = row.reduce((sum, value) => sum + placeBytes + (value === null ? 0 : Buffer.byteLength(value)), 0);
    if (at > from && (count + row.length > parameters || bytes + rowBytes > most)) {
      yield rows.slice(from, at);
      [from, count, bytes] = [at, 0, fixedBytes];
    }
    count += row.length;
    bytes += rowBytes;
  }
  if (from < rows.length) yield rows.slice(from);
}

/** Did one statement meet a row twice that it updates? */
export function metTwice({ updates }: Writing, error: unknown): boolean {
  return updates && sqlStateOf(error) === '21000';
}

/** Halves the rows until no statement meets one twice. In order, so that the last one wins, as it does from batch to batch. */
async function insertApart(client: PoolClient, rows: Chunk['values'], insert: (rows: Chunk['values']) => Promise<void>): Promise<void> {
  await client.query('SAVEPOINT giveway_rows');
  try {
    await insert(rows);
  } catch (error) {
    if (rows.length === 1 || sqlStateOf(error) !== '21000') throw error;
    await client.query('ROLLBACK TO SAVEPOINT giveway_rows');
    const half = rows.length >> 1;
    for (const some of [rows.slice(0, half), rows.slice(half)]) await insertApart(client, some, insert);
  }
  await client.query('RELEASE SAVEPOINT giveway_rows');
}
