import { setImmediate } from 'node:timers/promises';
import { onAbort } from '../../lock/api/aborts.ts';
import { GivewayError, ResourceBusyError } from '../../lock/errors.ts';
import { orAborted } from '../or-aborted.ts';
import type { Chunk } from './chunk.ts';
import { InsertError, mergeRanges, type RowRange } from './insert-error.ts';
import { type ChunkFate, type Lane, mergedBatches } from './lane.ts';

/** How far an insert has come. */
export interface InsertProgress {
  readonly rows: number;
  readonly batches: number;
}

/** One call of `insertBatches`. */
export interface Insertion {
  readonly table: string;
  readonly chunks: AsyncGenerator<Chunk>;
  laneFor(chunk: Chunk): Lane;
  readonly onProgress: ((progress: InsertProgress) => void) | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Chunks of one call that may be under way: as many as go in together, and as many again that are read meanwhile. */
const mostUnderWay = 2 * mergedBatches;

/** Sends chunk after chunk; stops at the first that does not go in. Rejects with `InsertError`, or `ResourceBusyError` while nothing is in. */
export async function sendChunks({ table, chunks, laneFor, onProgress, signal }: Insertion): Promise<InsertProgress> {
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  const inserted: RowRange[] = [];
  const unknown: RowRange[] = [];
  let progress: InsertProgress = { rows: 0, batches: 0 };
  let lane: Lane | undefined;
  let failure: { readonly error: unknown } | undefined;
  const stop = (error: unknown): void => {
    stopping.abort(error);
    lane?.sweep();
  };
  const settle = (chunk: Chunk, fate: ChunkFate): void => {
    const range = { from: chunk.first, to: chunk.first + chunk.rows };
    if (fate.status === 'in') {
      inserted.push(range);
      progress = { rows: progress.rows + chunk.rows, batches: progress.batches + 1 };
      tell(onProgress, progress);
      return;
    }
    if (fate.status === 'unknown') unknown.push(range);
    stop(fate.error);
  };
  const send = (to: Lane, chunk: Chunk): void => {
    const sent: Promise<void> = new Promise<void>((resolve) => {
      to.add({
        chunk,
        isUnwanted: () => stopping.signal.aborted,
        settle(fate) {
          settle(chunk, fate);
          resolve();
        },
      });
    }).finally(() => underWay.delete(sent));
    underWay.add(sent);
  };
  const giveUp = (): void => stop(abortError(signal));
  const listening = signal && onAbort(signal, giveUp);
  if (signal?.aborted) giveUp();
  try {
    for (;;) {
      // A source may take as long as it likes to give the next row; an end of ours must not wait for it.
      const next = await orAborted(chunks.next(), stopping.signal);
      if (next.done === true) break;
      lane ??= laneFor(next.value);
      send(lane, next.value);
      // A source that is no stream never lets the event loop go by itself, and what was sent would not get on meanwhile.
      await setImmediate();
      if (underWay.size >= mostUnderWay) await Promise.race(underWay);
    }
  } catch (error) {
    // What the source gave before it broke still goes in.
    failure = { error };
    chunks.return(undefined).catch(() => {});
  }
  await Promise.all(underWay);
  listening?.[Symbol.dispose]();
  if (stopping.signal.aborted) failure = { error: stopping.signal.reason };
  if (failure === undefined) return progress;
  const nothingDone = inserted.length === 0 && unknown.length === 0;
  if (nothingDone && failure.error instanceof ResourceBusyError) throw failure.error;
  throw new InsertError(table, mergeRanges(inserted), mergeRanges(unknown), failure.error);
}

/** Whoever watches must not be able to break what they watch. */
function tell(onProgress: Insertion['onProgress'], progress: InsertProgress): void {
  try {
    const told: unknown = onProgress?.(progress);
    if (told instanceof Promise) told.catch(() => {});
  } catch {
    // Nothing depends on it.
  }
}

function abortError(signal: AbortSignal | undefined): Error {
  const error = new GivewayError('ERR_GIVEWAY_ABORTED', 'The insert was aborted', { cause: signal?.reason });
  return Object.assign(error, { name: 'AbortError' });
}
