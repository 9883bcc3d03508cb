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
  /** Does that change rows that are there? */
  readonly updates: boolean;
}

/** Writes chunks of the same columns in the client's transaction. */
export async function writeChunks(client: PoolClient, writing: Writing, chunks: readonly Chunk[]): Promise<void> {
  const columns = chunks[0]?.columns ?? [];
  const into = `${writing.table} (${columns.map(quoteIdentifier).join(', ')})`;
  if (writing.method === 'copy') {
    await pipeline(Readable.from(chunks.flatMap(({ lines }) => lines)), client.query(copyFrom(`COPY ${into} FROM STDIN`)));
    return;
  }
  const end = writing.onConflict === undefined ? '' : ` ON CONFLICT ${writing.onConflict}`;
  const insert = async (rows: readonly (readonly unknown[])[]): Promise<void> => {
    const step = Math.floor(mostParameters / columns.length);
    for (let at = 0; at < rows.length; at += step) {
      const some = rows.slice(at, at + step);
      const places = some.map((_, row) => `(${columns.map((_, column) => `$${row * columns.length + column + 1}`).join(',')})`).join(',');
      await client.query(`INSERT INTO ${into} VALUES ${places}${end}`, some.flat());
    }
  };
  // One statement cannot update a row twice, and batches that waited together may hold the same row.
  if (writing.updates) for (const { values } of chunks) await insert(values);
  else await insert(chunks.flatMap(({ values }) => values));
}
