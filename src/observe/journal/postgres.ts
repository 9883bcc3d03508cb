import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '../../lock/clock.ts';
import { anything, callback, checkOptions, positive, positiveInteger, type RulesOf, withMethods } from '../check-options.ts';
import { harmlessly } from '../harmless.ts';
import { checkQuery, defaultEntries, entriesWithin, type Journal } from './journal.ts';
import { impatientQuery, type JournalPool } from './pool.ts';
import { entryOf, type ReadRow } from './read-row.ts';
import { type Hold, type Moment, type Recorder, record, self } from './recorder.ts';
import { encodeRows, rowsOf } from './rows.ts';
import { createSweep } from './sweep.ts';
import { defaultJournalTable, journalTable } from './table.ts';

export interface PostgresJournalOptions {
  /**
   * Stays yours; one statement per `flushMs` and process goes through it. Until `close` the journal listens to its `error`:
   * where nobody does, a connection that breaks while idle ends the process.
   */
  readonly pool: JournalPool;
  /** Default `giveway_journal`. */
  readonly table?: string;
  /** What began longer ago is deleted, in milliseconds; `Infinity`: nothing is. Default 7 days. */
  readonly retentionMs?: number;
  /** How long entries are gathered before they are written, in milliseconds. Default 1 000. */
  readonly flushMs?: number;
  /** How many entries are kept while the database does not take them; the oldest go first. Default 10 000. */
  readonly bufferLimit?: number;
  /** Told of each write that failed, and of each idle connection that broke. What it throws, or rejects with, is ignored. */
  readonly onError?: (error: unknown) => void;
  /** For tests. */
  readonly clock?: Clock;
}

/** The journal of a fleet. */
export interface PostgresJournal extends Journal, AsyncDisposable {
  /** The names of all jobs that it tells of, in order; 10 000 at most. Rejects with the database's error. */
  jobs(): Promise<readonly string[]>;
  /** Creates the table if it is not there. Rejects with the database's error. */
  createTable(): Promise<void>;
  /** Writes what has gathered. Never rejects: `onError` hears of a failure, and the entries stay. */
  flush(): Promise<void>;
  /** How many entries were given up because the buffer was full. */
  readonly dropped: number;
  /** Observes no more, and writes what has gathered, within 5 seconds: what is held then is `'unknown'`. Never rejects. */
  close(): Promise<void>;
}

const dayMs = 86_400_000;
const longestRetryMs = 30_000;
const closeWithinMs = 5_000;
/** To find a name that is near: in more nobody looks. */
const jobsNamed = 10_000;
/** Holds and moments in one statement. */
const batchSize = 1_000;

const rules: RulesOf<PostgresJournalOptions> = {
  pool: withMethods('a Pool of "pg" is allowed', 'query'),
  table: anything,
  retentionMs: positive,
  flushMs: positiveInteger,
  bufferLimit: positiveInteger,
  onError: callback,
  clock: anything,
};

/**
 * A journal in a Postgres table, shared by all processes that name the same table. Nothing is sent while a lock is taken or
 * let go: entries gather in memory, and a failure to write them disturbs nobody. Throws `InvalidOptionError`.
 */
export function postgresJournal(options: PostgresJournalOptions): PostgresJournal {
  checkOptions(options, rules, 'pool');
  const { pool, table = defaultJournalTable, retentionMs = 7 * dayMs, flushMs = 1_000, bufferLimit = 10_000, onError } = options;
  const { clock = systemClock } = options;
  const statements = journalTable(table);
  const query = impatientQuery(pool, clock);
  const sweep = createSweep(query, statements.sweep, retentionMs, clock);

  const instance = randomUUID();
  const ids = new WeakMap<Hold | Moment, string>();
  let idsGiven = 0;
  const waiting = new Set<Hold | Moment>();
  const recorders = new Set<Recorder>();
  let dropped = 0;
  let failures = 0;
  let timer: Disposable | undefined;
  let writing: Promise<void> | undefined;
  let closing: Promise<void> | undefined;
  let isClosed = false;

  const tell = (error: unknown): void => harmlessly(() => onError?.(error));
  pool.on?.('error', tell);

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
        await query(statements.write, [encodeRows(rows), self.host, self.pid]);
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
    await sweep();
  }

  function writeNow(): Promise<void> {
    timer?.[Symbol.dispose]();
    timer = undefined;
    writing ??= write()
      .catch((error: unknown) => {
        failures = Math.min(failures + 1, 10);
        tell(error);
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

  const unobserve = (recorder: Recorder): void => {
    recorders.delete(recorder);
    recorder[Symbol.dispose]();
  };

  async function end(): Promise<void> {
    for (const recorder of recorders) unobserve(recorder);
    isClosed = true;
    let late: Disposable | undefined;
    const tooLong = new Promise<void>((resolve) => {
      late = clock.setTimer(resolve, closeWithinMs);
    });
    await Promise.race([flush(), tooLong]);
    late?.[Symbol.dispose]();
    pool.off?.('error', tell);
  }

  /** Once: `beforeExit` comes again after all that is sent in it, and with a database that is away there would be no end. */
  function close(): Promise<void> {
    closing ??= end();
    return closing;
  }

  return {
    observe(locker) {
      const recorder = record(locker, { began: arm, ended: gather, happened: gather }, clock);
      recorders.add(recorder);
      return { [Symbol.dispose]: () => unobserve(recorder) };
    },
    async entries(query = {}) {
      checkQuery(query);
      const { limit = defaultEntries } = query;
      const { text, values } = statements.read(query, limit);
      const { rows } = await pool.query(text, values);
      return entriesWithin(
        rows.map((row) => entryOf(row as ReadRow)),
        limit,
      );
    },
    async jobs() {
      const { rows } = await pool.query(statements.jobs, [jobsNamed]);
      return (rows as readonly { readonly job: string }[]).map(({ job }) => job);
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
