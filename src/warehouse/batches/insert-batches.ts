import { InvalidOptionError } from '../../lock/errors.ts';
import { runTransaction, type TransactionContext, type TransactionOptions } from '../transaction.ts';
import { type Chunk, type ChunkLimits, chunksOf } from './chunk.ts';
import { quoteIdentifier, type Row } from './columns.ts';
import { type CommitWitness, createCommitWitness } from './commit-fate.ts';
import { InsertError, mergeRanges, type RowRange } from './insert-error.ts';
import { type ChunkFate, Lane } from './lane.ts';
import { type Writing, writeChunks } from './write.ts';

export interface InsertOptions extends Omit<TransactionOptions, 'audit' | 'signal'> {
  /** Default: the keys of the first row. Every row must have exactly these. */
  readonly columns?: readonly string[];
  /** Default `'copy'`, which is faster; `'insert'` where `onConflict` is given. */
  readonly method?: 'copy' | 'insert';
  /** What follows ON CONFLICT: `'do nothing'`, `'(id) do update set …'`. */
  readonly onConflict?: string;
  /** Default `'append'`; `'write'` where `onConflict` updates. */
  readonly mode?: 'append' | 'write';
  /** The resource to lock. Default: the table. For instance `events/acme`, where a tenant has a physical table of its own. */
  readonly resource?: string;
  /** Most rows in a batch. Default 5 000. */
  readonly batchRows?: number;
  /** Most bytes in a batch, about. Default 1 MiB. */
  readonly batchBytes?: number;
  /** Told after each batch that is in. */
  readonly onProgress?: (progress: InsertProgress) => void;
  /** Ends the insert before its next batch. */
  readonly signal?: AbortSignal;
}

export interface InsertProgress {
  readonly rows: number;
  readonly batches: number;
}

/** What `insertBatches` did. */
export interface InsertResult extends InsertProgress {
  readonly elapsedMs: number;
}

/** Batches of one call that may be read ahead while the table is taken; they go in together. */
const readAhead = 4;
/** A transaction takes so many batches at most. */
const mergedBatches = 4;
const limitDefaults: ChunkLimits = { rows: 5_000, bytes: 1_048_576 };

/** The lanes of one warehouse, one for each way to write into a table. */
export class Batches {
  readonly #context: TransactionContext;
  readonly #witness: CommitWitness;
  readonly #lanes = new Map<string, Lane>();

  constructor(context: TransactionContext) {
    this.#context = context;
    this.#witness = createCommitWitness(context.pool);
  }

  /** See `Warehouse.insertBatches`. */
  async insert(table: string, rows: Iterable<Row> | AsyncIterable<Row>, options: InsertOptions = {}): Promise<InsertResult> {
    const { onProgress, signal, columns, ...how } = options;
    const limits = limitsOf(how);
    const writing: Writing = {
      table: sqlName(table),
      method: how.method ?? (how.onConflict === undefined ? 'copy' : 'insert'),
      onConflict: how.onConflict,
    };
    if (writing.method === 'copy' && how.onConflict !== undefined)
      throw new InvalidOptionError('method', 'copy', "'insert' is allowed together with onConflict");
    if (typeof rows !== 'object' || rows === null || !(Symbol.iterator in rows || Symbol.asyncIterator in rows))
      throw new InvalidOptionError('rows', rows, 'an array, an iterable, an async iterable or a stream of objects is allowed');
    const startMs = performance.now();
    const underWay = new Set<Promise<void>>();
    const inserted: RowRange[] = [];
    const unknown: RowRange[] = [];
    let failure: { readonly error: unknown } | undefined;
    let progress: InsertProgress = { rows: 0, batches: 0 };
    const settle = (chunk: Chunk, fate: ChunkFate): void => {
      const range = { from: chunk.first, to: chunk.first + chunk.rows };
      if (fate.status !== 'in') {
        failure ??= { error: fate.error };
        if (fate.status === 'unknown') unknown.push(range);
        return;
      }
      inserted.push(range);
      progress = { rows: progress.rows + chunk.rows, batches: progress.batches + 1 };
      tell(onProgress, progress);
    };
    try {
      for await (const chunk of chunksOf(rows, columns, limits, writing.method === 'copy')) {
        if (signal?.aborted) failure ??= { error: signal.reason };
        if (failure !== undefined) break;
        const lane = this.#lane(table, chunk, writing, limits, how);
        const written: Promise<void> = lane.write(chunk, signal).then((fate) => {
          underWay.delete(written);
          settle(chunk, fate);
        });
        underWay.add(written);
        if (underWay.size >= readAhead) await Promise.race(underWay);
      }
    } catch (error) {
      failure ??= { error };
    }
    await Promise.all(underWay);
    if (failure !== undefined) throw new InsertError(table, mergeRanges(inserted), mergeRanges(unknown), failure.error);
    return { ...progress, elapsedMs: performance.now() - startMs };
  }

  #lane(
    table: string,
    { columns }: Chunk,
    writing: Writing,
    limits: ChunkLimits,
    how: Omit<InsertOptions, 'onProgress' | 'signal' | 'columns'>,
  ): Lane {
    const { method: _method, onConflict, mode, resource, batchRows: _rows, batchBytes: _bytes, ...options } = how;
    const key = JSON.stringify([table, resource, columns, writing, mode, limits, options]);
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    for (const [name, lane] of this.#lanes) if (lane.idle) this.#lanes.delete(name);
    const appends = (mode ?? (/\bdo\s+update\b/i.test(onConflict ?? '') ? 'write' : 'append')) === 'append';
    const scope = { [appends ? 'appends' : 'writes']: resource ?? table };
    const lane = new Lane({
      witness: this.#witness,
      limits: { rows: limits.rows * mergedBatches, bytes: limits.bytes * mergedBatches },
      transaction: (work) => runTransaction(this.#context, scope, work, options),
      write: (client, chunks) => writeChunks(client, writing, chunks),
    });
    this.#lanes.set(key, lane);
    return lane;
  }
}

/** Whoever watches must not be able to break what they watch. */
function tell(onProgress: InsertOptions['onProgress'], progress: InsertProgress): void {
  try {
    onProgress?.(progress);
  } catch {
    // Nothing depends on it.
  }
}

function limitsOf({ batchRows = limitDefaults.rows, batchBytes = limitDefaults.bytes }: InsertOptions): ChunkLimits {
  for (const [path, value] of Object.entries({ batchRows, batchBytes })) {
    if (!Number.isSafeInteger(value) || value < 1) throw new InvalidOptionError(path, value, 'a positive integer is allowed');
  }
  return { rows: batchRows, bytes: batchBytes };
}

/** `analytics.visits` as SQL: each part folded unless quoted, and quoted. */
function sqlName(table: string): string {
  if (typeof table !== 'string' || table === '') throw new InvalidOptionError('table', table, 'the name of a table is allowed');
  const parts = table.match(/"(?:[^"]|"")+"|[^."]+/g) ?? [];
  return parts.map((part) => (part.startsWith('"') ? part : quoteIdentifier(part.toLowerCase()))).join('.');
}
