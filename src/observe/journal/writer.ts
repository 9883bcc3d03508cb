import { randomUUID } from 'node:crypto';
import type { Clock } from '../../lock/clock.ts';
import type { Hold, Moment } from './recorder.ts';
import { encodeRows, rowsOf } from './rows.ts';

export interface WriterOptions {
  /** Sends one batch of rows, as JSON. */
  send(rows: string): Promise<unknown>;
  /** Called when all is sent. What it rejects with is a failed write too. */
  afterwards(): Promise<void>;
  /** The holds that go on. */
  ongoing(): Iterable<Hold>;
  onError(error: unknown): void;
  readonly flushMs: number;
  readonly bufferLimit: number;
  readonly clock: Clock;
}

/** Gathers what a journal is told, and sends it in batches; what could not be sent is sent again, later each time. */
export interface Writer {
  /** Nothing any more once it is closed. */
  gather(one: Hold | Moment): void;
  /** Sends before long, though nothing was gathered: a hold goes on. */
  arm(): void;
  /** Never rejects: `onError` hears of a failure, and the entries stay. */
  flush(): Promise<void>;
  /** How many entries were given up because the buffer was full. */
  readonly dropped: number;
  /** Sends what has gathered, within 5 seconds. */
  close(): Promise<void>;
}

const longestRetryMs = 30_000;
const closeWithinMs = 5_000;
/** Holds and moments in one statement. */
const batchSize = 1_000;

export function createWriter({ send, afterwards, ongoing, onError, flushMs, bufferLimit, clock }: WriterOptions): Writer {
  const instance = randomUUID();
  const ids = new WeakMap<Hold | Moment, string>();
  let idsGiven = 0;
  const waiting = new Set<Hold | Moment>();
  let dropped = 0;
  let failures = 0;
  let timer: Disposable | undefined;
  let writing: Promise<void> | undefined;
  let isClosed = false;

  const gather = (one: Hold | Moment): void => {
    if (isClosed) return;
    waiting.add(one);
    if (waiting.size > bufferLimit) makeRoom();
    arm();
  };
  /** Many at once: to find the first of a set costs as much as has been taken from its front. */
  const makeRoom = (): void => {
    const excess = waiting.size - Math.max(Math.floor(bufferLimit * 0.9), 1);
    for (const oldest of first(waiting, excess)) waiting.delete(oldest);
    dropped += excess;
  };
  const arm = (): void => {
    if (timer !== undefined || writing !== undefined || isClosed) return;
    timer = clock.setTimer(() => void writeNow(), Math.min(flushMs * 2 ** failures, Math.max(longestRetryMs, flushMs)), false);
  };
  const idOf = (one: Hold | Moment): string => {
    const id = ids.get(one) ?? `${instance}.${++idsGiven}`;
    ids.set(one, id);
    return id;
  };

  /** Holds that have no row yet and go on: most end before anybody looks, and need one row only. */
  const gatherOngoing = (): void => {
    for (const hold of ongoing()) if (!ids.has(hold)) waiting.add(hold);
  };

  async function write(): Promise<void> {
    gatherOngoing();
    // Whoever only reads must not apply a retention of its own.
    if (waiting.size === 0) return;
    while (waiting.size > 0) {
      const batch = first(waiting, batchSize);
      const rows = batch.flatMap((one) => rowsOf(one, idOf(one)));
      for (const one of batch) waiting.delete(one);
      try {
        await send(encodeRows(rows));
        failures = 0;
      } catch (error) {
        // A hold that ended meanwhile is among `waiting` again; its row will tell both.
        const later = [...waiting];
        waiting.clear();
        for (const one of [...batch, ...later]) waiting.add(one);
        if (waiting.size > bufferLimit) makeRoom();
        throw error;
      }
    }
    await afterwards();
  }

  function writeNow(): Promise<void> {
    timer?.[Symbol.dispose]();
    timer = undefined;
    writing ??= write()
      .catch((error: unknown) => {
        failures = Math.min(failures + 1, 10);
        onError(error);
      })
      .finally(() => {
        writing = undefined;
        gatherOngoing();
        if (waiting.size > 0) arm();
      });
    return writing;
  }

  async function flush(): Promise<void> {
    if (writing === undefined) return writeNow();
    await writing;
    if (waiting.size > 0) await writeNow();
  }

  async function close(): Promise<void> {
    isClosed = true;
    let late: Disposable | undefined;
    const tooLong = new Promise<void>((resolve) => {
      late = clock.setTimer(resolve, closeWithinMs);
    });
    await Promise.race([flush(), tooLong]);
    late?.[Symbol.dispose]();
  }

  return {
    gather,
    arm,
    flush,
    get dropped() {
      return dropped;
    },
    close,
  };
}

function first<T>(items: Iterable<T>, count: number): readonly T[] {
  const found: T[] = [];
  for (const item of items) {
    if (found.length === count) break;
    found.push(item);
  }
  return found;
}
