import { type OnBusy, resultOf } from '../../conflicts/result.ts';
import { InvalidOptionError } from '../../lock/errors.ts';
import type { LockScope } from '../../lock/options.ts';
import type { Dialect } from '../../lock/plan/identifiers.ts';
import type { Isolation } from '../attempt.ts';
import { withEither } from '../either-signal.ts';
import { refuseNested, type Surrounding } from '../nested.ts';
import { foldIdentifier } from '../sql/names.ts';
import { checkTransactionOptions, runTransaction, type TransactionContext, type TransactionOptions } from '../transaction.ts';
import { type Chunk, type ChunkLimits, chunksOf } from './chunk.ts';
import { quoteIdentifier, type Row } from './columns.ts';
import { type CommitWitness, createCommitWitness } from './commit-fate.ts';
import { createDatabase, type Database } from './database.ts';
import { type InsertProgress, sendChunks } from './insertion.ts';
import { Lane, type LaneContext, mergedBatches } from './lane.ts';
import { sourceOf } from './source.ts';
import { askKinds, loadPrepare, readKinds } from './values.ts';
import { metTwice, type Writing, writeChunks } from './write.ts';

export interface InsertOptions extends Omit<TransactionOptions<OnBusy>, 'audit' | 'signal'> {
  /** Default: the keys of the first row. Every row must have exactly these. */
  readonly columns?: readonly string[];
  /** Default `'copy'`, which is faster; `'insert'` where `onConflict` is given, and with `dialect: 'redshift'`, which copies from S3 only. */
  readonly method?: 'copy' | 'insert';
  /** What follows ON CONFLICT: `'do nothing'`, `'(id) do update set …'`. It goes into the SQL as it is. */
  readonly onConflict?: string;
  /** Default `'append'`; `'write'` where batches could conflict with each other: `onConflict` updates, or `isolation` is not read committed. */
  readonly mode?: 'append' | 'write';
  /** The resource to lock. Default: the table. For instance `events/acme`, where a tenant has a physical table of its own. */
  readonly resource?: string;
  /** Most rows in a batch. Default 10 000. */
  readonly batchRows?: number;
  /** Most bytes in a batch, about. Default 1 MiB. */
  readonly batchBytes?: number;
  /** Told after each batch that is in. */
  readonly onProgress?: (progress: InsertProgress) => void;
  /** Ends the insert: the batch under way goes in or not, the others do not. */
  readonly signal?: AbortSignal;
}

/** What `insertBatches` did. */
export interface InsertResult extends InsertProgress {
  readonly elapsedMs: number;
}

const limitDefaults: ChunkLimits = { rows: 10_000, bytes: 1_048_576 };
const ownNames = ['columns', 'method', 'onConflict', 'mode', 'resource', 'batchRows', 'batchBytes', 'onProgress'];

/** The lanes of one warehouse, one for each way to write into a table. */
export class Batches {
  readonly #context: TransactionContext;
  readonly #database: Database;
  readonly #witness: CommitWitness;
  /** Redshift copies from S3 only. */
  readonly #usualMethod: 'copy' | 'insert';
  readonly #lanes = new Map<string, Lane>();

  constructor(context: TransactionContext, dialect: Dialect | undefined) {
    this.#context = context;
    this.#database = createDatabase(dialect);
    this.#usualMethod = dialect === 'redshift' ? 'insert' : 'copy';
    this.#witness = createCommitWitness(context.pool, this.#database);
  }

  /** See `Warehouse.insertBatches`. */
  async insert(table: string, rows: Iterable<Row> | AsyncIterable<Row>, options: InsertOptions = {}): Promise<InsertResult> {
    checkInsertOptions(options);
    const { onProgress, signal, columns, batchRows = limitDefaults.rows, batchBytes = limitDefaults.bytes, ...how } = options;
    const limits = { rows: batchRows, bytes: batchBytes };
    const { onConflict, method = onConflict === undefined ? this.#usualMethod : 'insert' } = how;
    const target = sqlName(table);
    const writing: Writing = { table: target, method, onConflict, updates: onConflict !== undefined && this.#updates(target, onConflict) };
    if (typeof rows !== 'object' || rows === null || !(Symbol.iterator in rows || Symbol.asyncIterator in rows))
      throw new InvalidOptionError('rows', rows, 'an array, an iterable, an async iterable or a stream of objects is allowed');
    const around = this.#context.open.around();
    if (around !== undefined && (how.nested ?? this.#context.defaults.nested) !== 'savepoint')
      throw refuseNested(`Inserting batches into "${table}"`);
    const startMs = performance.now();
    const joined = around && this.#joined(around, table, writing, limits, how);
    const prepare = await loadPrepare();
    const source = sourceOf(rows);
    const progress = await sendChunks({
      table,
      chunks: chunksOf(source.rows, columns, limits, {
        asText: writing.method === 'copy',
        prepare,
        kindsOf: (names) =>
          around === undefined
            ? readKinds(this.#context.pool, this.#database, target, names)
            : askKinds(around.client, this.#database, target, names),
      }),
      laneFor: (chunk) => joined ?? this.#lane(table, chunk, writing, limits, how),
      onProgress,
      signal,
    }).finally(() => source.end());
    return { ...progress, elapsedMs: performance.now() - startMs };
  }

  /** May ON CONFLICT change rows? Asked of what reads SQL; what cannot be read may. */
  #updates(target: string, onConflict: string): boolean {
    const touched = this.#context.reader.tablesWritten(`insert into ${target} default values on conflict ${onConflict}`);
    return touched === undefined || touched.writes.length > 0;
  }

  /** In the transaction around, which decides in the end whether what is in stays. */
  #joined(
    around: Surrounding,
    table: string,
    writing: Writing,
    limits: ChunkLimits,
    { mode, resource = table, isolation }: InsertOptions,
  ): Lane {
    const scope = scopeOf(resource, mode ?? modeFor(writing, isolation ?? this.#context.defaults.isolation));
    return this.#laneOver(writing, limits, { note: async () => undefined, fateOf: async () => 'unknown' }, (work) =>
      this.#context.open.join(around, scope, work).then((outcome) => resultOf(outcome, undefined)),
    );
  }

  #laneOver(writing: Writing, { rows, bytes }: ChunkLimits, witness: CommitWitness, transaction: LaneContext['transaction']): Lane {
    return new Lane({
      witness,
      limits: { rows: rows * mergedBatches, bytes: bytes * mergedBatches },
      transaction,
      write: (client, chunks, apart) => writeChunks(client, writing, chunks, apart, this.#database),
      metTwice: (error) => metTwice(writing, error),
    });
  }

  #lane(table: string, { columns }: Chunk, writing: Writing, limits: ChunkLimits, how: InsertOptions): Lane {
    const { method: _method, onConflict: _onConflict, mode, resource = table, ...options } = how;
    // A run waits for its locks in its own way: whoever is inside one must not queue behind those who wait for it to end, nor
    // have others wait as it does.
    const around = this.#context.locker.current()?.token;
    const key = JSON.stringify([around, resource, columns, writing, mode, limits, options]);
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    for (const [name, lane] of this.#lanes) if (lane.idle) this.#lanes.delete(name);
    const { signal: given, isolation: usual } = this.#context.defaults;
    const scope = scopeOf(resource, mode ?? modeFor(writing, options.isolation ?? usual));
    const lane = this.#laneOver(writing, limits, this.#witness, (work, ended) =>
      withEither(given, ended, async (signal) =>
        resultOf(await runTransaction(this.#context, scope, work, { ...options, audit: 'off', signal }), signal),
      ),
    );
    this.#lanes.set(key, lane);
    return lane;
  }
}

function scopeOf(resource: string, mode: 'append' | 'write'): LockScope {
  return { [mode === 'append' ? 'appends' : 'writes']: resource };
}

/** Which rows are there already is what ON CONFLICT looks at, and a strict isolation level aborts what saw too little. */
function modeFor({ onConflict, updates }: Writing, isolation: Isolation = 'read committed'): 'append' | 'write' {
  if (onConflict === undefined) return 'append';
  return isolation === 'read committed' && !updates ? 'append' : 'write';
}

function checkInsertOptions(options: InsertOptions): void {
  checkTransactionOptions(options, ownNames);
  const { method, mode, onConflict, columns } = options;
  const oneOf = (path: string, value: unknown, allowed: readonly unknown[]): void => {
    if (value !== undefined && !allowed.includes(value))
      throw new InvalidOptionError(path, value, `${allowed.map((each) => `'${each}'`).join(' or ')} is allowed`);
  };
  oneOf('method', method, onConflict === undefined ? ['copy', 'insert'] : ['insert']);
  oneOf('mode', mode, ['append', 'write']);
  if (onConflict !== undefined && (typeof onConflict !== 'string' || onConflict.trim() === ''))
    throw new InvalidOptionError('onConflict', onConflict, "what follows ON CONFLICT is allowed, such as 'do nothing'");
  if (columns !== undefined && !(Array.isArray(columns) && columns.length > 0 && columns.every((each) => typeof each === 'string')))
    throw new InvalidOptionError('columns', columns, 'a list of column names is allowed');
  for (const path of ['batchRows', 'batchBytes'] as const) {
    const value = options[path];
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1))
      throw new InvalidOptionError(path, value, 'a positive integer is allowed');
  }
}

/** `analytics.visits` as SQL: each part folded unless quoted, and quoted. */
function sqlName(table: unknown): string {
  const part = '(?:"(?:[^"]|"")+"|[^".]+)';
  if (typeof table !== 'string' || !new RegExp(`^${part}(?:\\.${part})*$`, 's').test(table))
    throw new InvalidOptionError('table', table, 'the name of a table is allowed, with its schema if you like');
  const parts = table.trim().match(new RegExp(part, 'gs')) ?? [];
  // Blanks around a name mean nothing to the locker either.
  return parts.map((each) => (each.startsWith('"') ? each : quoteIdentifier(foldIdentifier(each.trim())))).join('.');
}
