import type { PoolClient } from 'pg';
import { classifyConflict } from '../../conflicts/classify.ts';
import { endsSession, sqlStateOf } from '../sql-state.ts';
import type { Chunk, ChunkLimits } from './chunk.ts';
import type { CommitWitness, NotedTransaction } from './commit-fate.ts';

/** So many full batches go into one transaction at most. */
export const mergedBatches = 8;

/** What became of a chunk: written, or not, or nobody knows. */
export type ChunkFate = { readonly status: 'in' } | { readonly status: 'not-in' | 'unknown'; readonly error: unknown };

/** A chunk on its way, and whom to tell what became of it. */
export interface Parcel {
  readonly chunk: Chunk;
  /** Its call is over: what is not under way yet must not go in. */
  isUnwanted(): boolean;
  settle(fate: ChunkFate): void;
}

/** What a lane stands on. */
export interface LaneContext {
  readonly witness: CommitWitness;
  /** The most that goes into one transaction. */
  readonly limits: ChunkLimits;
  /** Runs `work` in a transaction under the lane's lock; more than once when there are conflicts. `signal` ends the wait for it. */
  transaction(work: (client: PoolClient) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** `apart`: a statement has met one row twice. */
  write(client: PoolClient, chunks: readonly Chunk[], apart: boolean): Promise<void>;
  metTwice(error: unknown): boolean;
}

/**
 * Everything this process has to write into one table in one way. While the lane waits for the lock, chunks gather, from one
 * caller or from many; once it has the lock, as many as the limits allow go in one transaction.
 */
export class Lane {
  readonly #context: LaneContext;
  #queue: Parcel[] = [];
  #driving = false;
  /** While the queue waits for the lock. */
  #wait: AbortController | undefined;

  constructor(context: LaneContext) {
    this.#context = context;
  }

  get idle(): boolean {
    return !this.#driving;
  }

  /** Chunks of one call go in in the order in which they are added. */
  add(parcel: Parcel): void {
    this.#queue.push(parcel);
    if (!this.#driving) void this.#drive();
  }

  /** Gives back what is unwanted and waits for its turn. */
  sweep(): void {
    const unwanted = this.#queue.filter((parcel) => parcel.isUnwanted());
    this.#queue = this.#queue.filter((parcel) => !unwanted.includes(parcel));
    settleAll(unwanted, { status: 'not-in', error: undefined });
    if (this.#queue.length === 0) this.#wait?.abort();
  }

  /** Never rejects. */
  async #drive(): Promise<void> {
    this.#driving = true;
    while (this.#queue.length > 0) {
      const waiting = [...this.#queue];
      const wait = new AbortController();
      this.#wait = wait;
      const batch = await this.#writeNext(() => this.#take(), wait.signal);
      this.#wait = undefined;
      // Not even the lock was had: those who waited for it wait no longer.
      if (batch.parcels.length === 0 && batch.error !== undefined) {
        const refused = this.#queue.filter((parcel) => waiting.includes(parcel));
        this.#queue = this.#queue.filter((parcel) => !waiting.includes(parcel));
        settleAll(refused, { status: 'not-in', error: batch.error });
      } else await this.#settle(batch);
    }
    // At once, and not when a promise of this has settled: a chunk added in between would wait for ever.
    this.#driving = false;
  }

  async #settle({ parcels, error, noted, apart }: Written): Promise<void> {
    if (error === undefined) return settleAll(parcels, { status: 'in' });
    if (codeOf(error) === 'ERR_GIVEWAY_COMMIT_UNKNOWN') {
      const fate = await this.#context.witness.fateOf(noted);
      settleAll(parcels, fate === 'committed' ? { status: 'in' } : { status: fate === 'aborted' ? 'not-in' : 'unknown', error });
      return;
    }
    if (!apart && this.#context.metTwice(error)) return this.#settle(await this.#writeAgain(parcels, true));
    if (parcels.length === 1 || !isAboutRows(error)) return settleAll(parcels, { status: 'not-in', error });
    // One caller's row must not cost the others theirs: each on its own.
    for (const one of parcels) {
      if (one.isUnwanted()) one.settle({ status: 'not-in', error });
      else await this.#settle(await this.#writeAgain([one], apart));
    }
  }

  /** One transaction. `take` is called once the lock is held, and its answer kept for every retry. */
  async #writeNext(take: () => readonly Parcel[], signal: AbortSignal, apart = false): Promise<Written> {
    let parcels: readonly Parcel[] | undefined;
    let noted: NotedTransaction | undefined;
    try {
      await this.#context.transaction(async (client) => {
        noted = undefined;
        parcels ??= take();
        const chunks = parcels.map(({ chunk }) => chunk);
        if (chunks.length === 0) return;
        await this.#context.write(client, chunks, apart);
        noted = await this.#context.witness.note(client);
      }, signal);
      return { parcels: parcels ?? [], error: undefined, noted, apart };
    } catch (error) {
      return { parcels: parcels ?? [], error, noted, apart };
    }
  }

  /** Parcels that were taken before are what it is about, even where the lock is not had this time. */
  async #writeAgain(parcels: readonly Parcel[], apart: boolean): Promise<Written> {
    return { ...(await this.#writeNext(() => parcels, never(), apart)), parcels };
  }

  #take(): readonly Parcel[] {
    this.#wait = undefined;
    const { rows, bytes } = this.#context.limits;
    const taken: Parcel[] = [];
    let sum = { rows: 0, bytes: 0 };
    for (const parcel of this.#queue) {
      sum = { rows: sum.rows + parcel.chunk.rows, bytes: sum.bytes + parcel.chunk.bytes };
      if (taken.length > 0 && (sum.rows > rows || sum.bytes > bytes)) break;
      taken.push(parcel);
    }
    this.#queue = this.#queue.slice(taken.length);
    return taken;
  }
}

interface Written {
  readonly parcels: readonly Parcel[];
  readonly error: unknown;
  readonly noted: NotedTransaction | undefined;
  readonly apart: boolean;
}

/** A signal that does not abort. */
function never(): AbortSignal {
  return new AbortController().signal;
}

function settleAll(parcels: readonly Parcel[], fate: ChunkFate): void {
  for (const each of parcels) each.settle(fate);
}

/** The server, or a trigger with a code of its own, refused what was sent; it is neither the transactions beside this one nor the connection. */
function isAboutRows(error: unknown): boolean {
  return sqlStateOf(error) !== undefined && !endsSession(error) && classifyConflict(error) === undefined;
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
