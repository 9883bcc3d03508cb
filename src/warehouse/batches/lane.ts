import type { PoolClient } from 'pg';
import { GivewayError } from '../../lock/errors.ts';
import { classifyConflict } from '../conflicts.ts';
import type { Chunk, ChunkLimits } from './chunk.ts';
import type { CommitWitness } from './commit-fate.ts';

/** What became of a chunk: written, or not, or nobody knows. */
export type ChunkFate = { readonly status: 'in' } | { readonly status: 'not-in' | 'unknown'; readonly error: unknown };

/** What a lane stands on. */
export interface LaneContext {
  readonly witness: CommitWitness;
  /** The most that goes into one transaction. */
  readonly limits: ChunkLimits;
  /** Runs `work` in a transaction under the lane's lock; more than once when there are conflicts. */
  transaction(work: (client: PoolClient) => Promise<void>): Promise<void>;
  write(client: PoolClient, chunks: readonly Chunk[]): Promise<void>;
}

interface Queued {
  readonly chunk: Chunk;
  settle(fate: ChunkFate): void;
}

/**
 * Everything this process has to write into one table in one way. While the lane waits for the lock, chunks gather, from one
 * caller or from many; once it has the lock, as many as the limits allow go in one transaction.
 */
export class Lane {
  readonly #context: LaneContext;
  #queue: Queued[] = [];
  #driving: Promise<void> | undefined;

  constructor(context: LaneContext) {
    this.#context = context;
  }

  get idle(): boolean {
    return this.#driving === undefined;
  }

  /** Never rejects: the fate tells. */
  write(chunk: Chunk, signal: AbortSignal | undefined): Promise<ChunkFate> {
    return new Promise((resolve) => {
      const leave = (): void => {
        if (!this.#queue.includes(queued)) return;
        this.#queue = this.#queue.filter((each) => each !== queued);
        queued.settle({ status: 'not-in', error: abortError(signal) });
      };
      const queued: Queued = {
        chunk,
        settle: (fate) => {
          signal?.removeEventListener('abort', leave);
          resolve(fate);
        },
      };
      this.#queue.push(queued);
      signal?.addEventListener('abort', leave, { once: true });
      if (signal?.aborted) leave();
      this.#driving ??= this.#drive().finally(() => {
        this.#driving = undefined;
      });
    });
  }

  async #drive(): Promise<void> {
    while (this.#queue.length > 0) {
      const waiting = [...this.#queue];
      const batch = await this.#writeNext(() => this.#take());
      // Not even the lock was had: those who waited for it wait no longer.
      if (batch.queued.length === 0 && batch.error !== undefined) {
        this.#queue = this.#queue.filter((queued) => !waiting.includes(queued));
        settleAll(waiting, { status: 'not-in', error: batch.error });
      } else await this.#settle(batch);
    }
  }

  async #settle({ queued, error, transactionId }: Written): Promise<void> {
    if (error === undefined) return settleAll(queued, { status: 'in' });
    if (codeOf(error) === 'ERR_GIVEWAY_COMMIT_UNKNOWN') {
      const fate = await this.#context.witness.fateOf(transactionId);
      settleAll(queued, fate === 'committed' ? { status: 'in' } : { status: fate === 'aborted' ? 'not-in' : 'unknown', error });
      return;
    }
    if (queued.length === 1 || !isAboutRows(error)) return settleAll(queued, { status: 'not-in', error });
    // One caller's row must not cost the others theirs: each on its own.
    for (const one of queued) await this.#settle(await this.#writeNext(() => [one]));
  }

  /** One transaction. `take` is called once the lock is held, and its answer kept for every retry. */
  async #writeNext(take: () => readonly Queued[]): Promise<Written> {
    let queued: readonly Queued[] | undefined;
    let transactionId: string | undefined;
    try {
      await this.#context.transaction(async (client) => {
        queued ??= take();
        const chunks = queued.map(({ chunk }) => chunk);
        if (chunks.length === 0) return;
        await this.#context.write(client, chunks);
        transactionId = await this.#context.witness.note(client);
      });
      return { queued: queued ?? [], error: undefined, transactionId };
    } catch (error) {
      return { queued: queued ?? [], error, transactionId };
    }
  }

  #take(): readonly Queued[] {
    const { rows, bytes } = this.#context.limits;
    const taken: Queued[] = [];
    let sum = { rows: 0, bytes: 0 };
    for (const queued of this.#queue) {
      sum = { rows: sum.rows + queued.chunk.rows, bytes: sum.bytes + queued.chunk.bytes };
      if (taken.length > 0 && (sum.rows > rows || sum.bytes > bytes)) break;
      taken.push(queued);
    }
    this.#queue = this.#queue.slice(taken.length);
    return taken;
  }
}

interface Written {
  readonly queued: readonly Queued[];
  readonly error: unknown;
  readonly transactionId: string | undefined;
}

function settleAll(queued: readonly Queued[], fate: ChunkFate): void {
  for (const each of queued) each.settle(fate);
}

/** The server refused what was sent, and would refuse it again. */
function isAboutRows(error: unknown): boolean {
  return classifyConflict(error) === undefined && /^(22|23|42)/.test(codeOf(error) ?? '');
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

function abortError(signal: AbortSignal | undefined): Error {
  const error = new GivewayError('ERR_GIVEWAY_ABORTED', 'The insert was aborted', { cause: signal?.reason });
  return Object.assign(error, { name: 'AbortError' });
}
