import { Readable } from 'node:stream';
import type { Row } from './columns.ts';

/** Where rows come from, and how that hears that no more are wanted. */
export interface Source {
  readonly rows: Iterable<Row> | AsyncIterable<Row>;
  /** A stream that gives nothing would hear of the end only with its next row. */
  end(): void;
}

export function sourceOf(rows: Iterable<Row> | AsyncIterable<Row>): Source {
  if (rows instanceof ReadableStream) return webSource(rows);
  return {
    rows,
    end() {
      if (rows instanceof Readable) rows.destroy();
    },
  };
}

/** Read by a reader of ours: a stream that is iterated cannot be cancelled by anybody else while it is asked for a row. */
function webSource(stream: ReadableStream<Row>): Source {
  const reader = stream.getReader();
  const next = (): Promise<IteratorResult<Row, undefined>> => reader.read() as Promise<IteratorResult<Row, undefined>>;
  return {
    rows: { [Symbol.asyncIterator]: () => ({ next }) },
    end() {
      reader.cancel().catch(() => {});
      reader.releaseLock();
    },
  };
}
