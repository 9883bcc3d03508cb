import { setImmediate } from 'node:timers/promises';
import { columnsOf, type Row, valuesOf } from './columns.ts';
import { copyLine, fieldText } from './copy-text.ts';

/** Some rows in a row, ready to be written. */
export interface Chunk {
  readonly columns: readonly string[];
  /** The number of the first row, from 0. */
  readonly first: number;
  readonly rows: number;
  readonly bytes: number;
  /** Lines of COPY's text format; or, for INSERT, the values of each row. */
  readonly lines: readonly Buffer[];
  readonly values: readonly (readonly unknown[])[];
}

export interface ChunkLimits {
  readonly rows: number;
  readonly bytes: number;
}

/** Text is turned to bytes in pieces so small that it dies young: measured, long strings made of short ones cost most in garbage. */
const pieceLength = 32_768;

/** Cuts rows of any source into chunks, holding one at a time. Throws `InvalidOptionError` for a row that does not fit. */
export async function* chunksOf(
  rows: Iterable<Row> | AsyncIterable<Row>,
  asked: readonly string[] | undefined,
  limits: ChunkLimits,
  asText: boolean,
): AsyncGenerator<Chunk> {
  let columns: readonly string[] | undefined;
  let first = 0;
  let count = 0;
  let bytes = 0;
  let text = '';
  let lines: Buffer[] = [];
  let values: (readonly unknown[])[] = [];
  /** For the values of one row, which as text are not kept. */
  const scratch: unknown[] = [];
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
  const add = (row: Row): boolean => {
    columns ??= columnsOf(row, asked);
    if (asText) {
      const line = copyLine(valuesOf(row, columns, first + count, scratch));
      text += line;
      bytes += line.length;
      if (text.length >= pieceLength) endPiece();
    } else {
      const fields = valuesOf(row, columns, first + count);
      values.push(fields);
      bytes += fields.reduce<number>((sum, field) => sum + sizeOf(field), 0);
    }
    return ++count >= limits.rows || bytes >= limits.bytes;
  };
  // A plain loop where the source allows: awaiting every row would cost more than writing it. But what was sent before must
  // get on meanwhile, so the event loop has its turn after each piece.
  if (Symbol.iterator in rows) {
    let pieces = 0;
    for (const row of rows) {
      if (add(row)) yield cut();
      else if (lines.length > pieces) await setImmediate();
      pieces = lines.length;
    }
  } else {
    for await (const row of rows) if (add(row)) yield cut();
  }
  if (count > 0) yield cut();
}

/** About how many bytes a value is when it is sent. */
function sizeOf(field: unknown): number {
  if (typeof field === 'string') return field.length;
  if (typeof field !== 'object' || field === null || field instanceof Date) return 8;
  return field instanceof Uint8Array ? field.byteLength : fieldText(field).length;
}
