import { setImmediate } from 'node:timers/promises';
import { columnsOf, type Row, valuesOf } from './columns.ts';
import { copyLine } from './copy-text.ts';
import { type ColumnKind, inColumn, needsKinds, type Prepare } from './values.ts';

/** Some rows in a row, ready to be written. */
export interface Chunk {
  readonly columns: readonly string[];
  /** The number of the first row, from 0. */
  readonly first: number;
  readonly rows: number;
  readonly bytes: number;
  /** Lines of COPY's text format; or, for INSERT, the values of each row. */
  readonly lines: readonly Buffer[];
  readonly values: readonly (readonly (string | Buffer | null)[])[];
}

export interface ChunkLimits {
  readonly rows: number;
  readonly bytes: number;
}

/** How rows become what is sent. */
export interface Encoding {
  /** As lines of text, for COPY? */
  readonly asText: boolean;
  readonly prepare: Prepare;
  /** Asked only where a value's form hangs on it, and once. */
  kindsOf(columns: readonly string[]): Promise<readonly ColumnKind[]>;
}

/** Text is turned to bytes in pieces so small that it dies young: measured, long strings made of short ones cost most in garbage. */
const pieceLength = 32_768;

/** Cuts rows of any source into chunks, holding one at a time. Throws `InvalidOptionError` for a row that does not fit. */
export async function* chunksOf(
  rows: Iterable<Row> | AsyncIterable<Row>,
  asked: readonly string[] | undefined,
  limits: ChunkLimits,
  { asText, prepare, kindsOf }: Encoding,
): AsyncGenerator<Chunk> {
  let columns: readonly string[] | undefined;
  let kinds: readonly ColumnKind[] | undefined;
  let first = 0;
  let count = 0;
  let bytes = 0;
  let text = '';
  let lines: Buffer[] = [];
  let values: Chunk['values'][number][] = [];
  /** For the values of one row, which as they are given are not kept. */
  const fields: unknown[] = [];
  const endPiece = (): void => {
    lines.push(Buffer.from(text));
    text = '';
  };
  const cut = (): Chunk => {
    if (text !== '') endPiece();
    const chunk = { columns: columns ?? [], first, rows: count, bytes, lines, values };
    first += count;
    count = 0;
    bytes = 0;
    lines = [];
    values = [];
    return chunk;
  };
  /** Takes up a row; are the kinds of its columns to be known first? */
  const take = (row: Row): boolean => {
    columns ??= columnsOf(row, asked);
    valuesOf(row, columns, first + count, fields);
    return kinds === undefined && needsKinds(fields);
  };
  const askKinds = async (): Promise<void> => {
    kinds = await kindsOf(columns ?? []);
  };
  /** Adds what was taken up; is the chunk full? */
  const add = (): boolean => {
    if (kinds !== undefined) for (let at = 0; at < fields.length; at++) fields[at] = inColumn(fields[at], kinds[at]);
    if (asText) {
      const line = copyLine(fields, prepare);
      text += line;
      bytes += line.length;
      if (text.length >= pieceLength) endPiece();
    } else {
      // Bytes are the caller's, who may fill them anew for the next row.
      const prepared = fields.map((field) => copyOf(prepare(field)));
      values.push(prepared);
      bytes += prepared.reduce((sum, field) => sum + (field === null ? 0 : Buffer.byteLength(field)), 0);
    }
    return ++count >= limits.rows || bytes >= limits.bytes;
  };
  // A plain loop where the source allows: awaiting every row would cost more than writing it. But what was sent before must
  // get on meanwhile, so the event loop has its turn after each piece.
  if (Symbol.iterator in rows) {
    let pieces = 0;
    for (const row of rows) {
      if (take(row)) await askKinds();
      if (add()) yield cut();
      else if (lines.length > pieces) await setImmediate();
      pieces = lines.length;
    }
  } else {
    for await (const row of rows) {
      if (take(row)) await askKinds();
      if (add()) yield cut();
    }
  }
  if (count > 0) yield cut();
}

function copyOf(prepared: string | Buffer | null): string | Buffer | null {
  return typeof prepared === 'object' && prepared !== null ? Buffer.from(prepared) : prepared;
}
