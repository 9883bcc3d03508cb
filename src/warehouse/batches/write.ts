import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Chunk } from './chunk.ts';
import { quoteIdentifier } from './columns.ts';

const mostParameters = 65_535;

/** How rows get into a table. */
export interface Writing {
  /** As it stands in SQL. */
  readonly table: string;
  readonly method: 'copy' | 'insert';
  /** What follows ON CONFLICT. */
  readonly onConflict: string | undefined;
}

/** Writes chunks of the same columns in the client's transaction. */
export async function writeChunks(client: PoolClient, { table, method, onConflict }: Writing, chunks: readonly Chunk[]): Promise<void> {
  const columns = chunks[0]?.columns ?? [];
  const into = `${table} (${columns.map(quoteIdentifier).join(', ')})`;
  if (method === 'copy') {
    await pipeline(Readable.from(chunks.flatMap(({ lines }) => lines)), client.query(copyFrom(`COPY ${into} FROM STDIN`)));
    return;
  }
  const rows = chunks.flatMap(({ values }) => values);
  const step = Math.floor(mostParameters / columns.length);
  for (let at = 0; at < rows.length; at += step) {
    const some = rows.slice(at, at + step);
    const places = some.map((_, row) => `(${columns.map((_, column) => `$${row * columns.length + column + 1}`).join(',')})`).join(',');
    await client.query(`INSERT INTO ${into} VALUES ${places}${onConflict === undefined ? '' : ` ON CONFLICT ${onConflict}`}`, some.flat());
  }
}
