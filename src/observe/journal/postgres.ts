import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '../../lock/clock.ts';
import { InvalidOptionError } from '../../lock/errors.ts';
import { defaultEntries, type Journal } from './journal.ts';
import { type Hold, type Moment, type Recorder, record, self } from './recorder.ts';
import { encodeRows, entryOf, type ReadRow, rowsOf } from './rows.ts';
import { defaultJournalTable, journalTable } from './table.ts';

/** The part of a `Pool` of `pg` that is used. */
export interface JournalPool {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

export interface PostgresJournalOptions {
  /** Stays yours; one statement per `flushMs` and process goes through it. */
  readonly pool: JournalPool;
  /** Default `giveway_journal`. */
  readonly table?: string;
  /** What began longer ago is deleted, in milliseconds. Default 7 days. */
  readonly retentionMs?: number;
  /** How long entries are gathered before they are written, in milliseconds. Default 1 000. */
  readonly flushMs?: number;
  /** How many entries are kept while the database does not take them; the oldest go first. Default 10 000. */
  readonly bufferLimit?: number;
  /** Told of each write that failed. What it throws is ignored. */
  readonly onError?: (error: unknown) => void;
  /** For tests. */
  readonly clock?: Clock;
}

/** The journal of a fleet. */
export interface PostgresJournal extends Journal, AsyncDisposable {
  /** Creates the table if it is not there. Rejects with the database's error. */
  createTable(): Promise<void>;
  /** Writes what has gathered. Never rejects: `onError` hears of a failure, and the entries stay. */
  flush(): Promise<void>;
  /** How many entries were given up because the buffer was full. */
  readonly dropped: number;
  /** Stops the timer and writes what has gathered, within 5 seconds. Never rejects. */
  close(): Promise<void>;
}

const dayMs = 86_400_000;
const longestRetryMs = 30_000;
const sweepEveryMs = 60_000;
const closeWithinMs = 5_000;
/** Holds and moments in one statement. */
const batchSize = 1_000;

/**
 * A journal in a Postgres table, shared by all processes that name the same table. Nothing is sent while a lock is taken or
 * let go: entries gather in memory, and a failure to write them disturbs nobody. Throws `InvalidOptionError`.
 */
export function postgresJournal(options: PostgresJournalOptions): PostgresJournal {
  const { pool, onError, clock = systemClock } = options;
  if (typeof pool?.query !== 'function') throw new InvalidOptionError('pool', pool, 'a Pool of "pg" is allowed');
  const retentionMs = positive('retentionMs', options.retentionMs, 7 * dayMs);
  const flushMs = positive('flushMs', options.flushMs, 1_000);
  const bufferLimit = positive('bufferLimit', options.bufferLimit, 10_000);
  const statements = journalTable(options.table ?? defaultJournalTable);

  const instance = randomUUID();
  const ids = new WeakMap<Hold | Moment, string>();
  let idsGiven = 0;
  const waiting = new Set<Hold | Moment>();
  const recorders = new Set<Recorder>();
  let dropped = 0;
  let failures = 0;
  let sweptMs = Number.NEGATIVE_INFINITY;
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
    const excess = waiting.size - Math.floor(bufferLimit * 0.9);
    for (const oldest of first(waiting, excess)) waiting.delete(oldest);
    dropped += excess;
  };
  const arm = (): void => {
    if (timer !== undefined || writing !== undefined || isClosed) return;
    timer = clock.setTimer(() => void flush(), Math.min(flushMs * 2 ** failures, Math.max(longestRetryMs, flushMs)), false);
  };
  const idOf = (one: Hold | Moment): string => {
    const id = ids.get(one) ?? `${instance}.${++idsGiven}`;
    ids.set(one, id);
    return id;
  };

  /** Holds that have no row yet and go on: most end before anybody looks, and need one row only. */
  const gatherOngoing = (): void => {
    for (const recorder of recorders) for (const hold of recorder.live()) if (!ids.has(hold)) waiting.add(hold);
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
        await pool.query(statements.write, [encodeRows(rows), self.host, self.pid]);
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
    if (clock.monotonicMs() - sweptMs < sweepEveryMs) return;
    sweptMs = clock.monotonicMs();
    await pool.query(statements.sweep, [new Date(clock.wallMs() - retentionMs)]);
  }

  function flush(): Promise<void> {
    timer?.[Symbol.dispose]();
    timer = undefined;
    writing ??= write()
      .catch((error: unknown) => {
        failures = Math.min(failures + 1, 10);
        try {
          onError?.(error);
        } catch {
          // Whoever listens to failures must not cause more.
        }
      })
      .finally(() => {
        writing = undefined;
        gatherOngoing();
        if (waiting.size > 0) arm();
      });
    return writing;
  }

  async function close(): Promise<void> {
    isClosed = true;
    let late: Disposable | undefined;
    const tooLong = new Promise<void>((resolve) => {
      late = clock.setTimer(resolve, closeWithinMs);
    });
    const last = writing === undefined ? flush() : writing.then(flush);
    await Promise.race([last, tooLong]);
    late?.[Symbol.dispose]();
  }

  return {
    observe(locker) {
      const recorder = record(locker, { began: arm, ended: gather, happened: gather }, clock);
      recorders.add(recorder);
      return {
        [Symbol.dispose]() {
          recorders.delete(recorder);
          recorder[Symbol.dispose]();
        },
      };
    },
    async entries({ since, resource, kind, limit = defaultEntries } = {}) {
      const { rows } = await pool.query(statements.read, [since ?? null, resource ?? null, kind ?? null, limit]);
      return rows.map((row) => entryOf(row as ReadRow));
    },
    async createTable() {
      await pool.query(statements.setUp);
    },
    flush,
    get dropped() {
      return dropped;
    },
    close,
    [Symbol.asyncDispose]: close,
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

function positive(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidOptionError(name, value, 'a positive integer is allowed');
}
