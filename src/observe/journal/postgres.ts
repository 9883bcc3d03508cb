import { type Clock, systemClock } from '../../lock/clock.ts';
import { anything, callback, checkOptions, positive, positiveInteger, type RulesOf, withMethods } from '../check-options.ts';
import { harmlessly } from '../harmless.ts';
import { checkQuery, defaultEntries, entriesWithin, type Journal } from './journal.ts';
import { impatientQuery, type JournalPool } from './pool.ts';
import { entryOf, type ReadRow } from './read-row.ts';
import { type Recorder, record, self } from './recorder.ts';
import { createSweep } from './sweep.ts';
import { defaultJournalTable, journalTable } from './table.ts';
import { createWriter } from './writer.ts';

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
/** To find a name that is near: in more nobody looks. */
const jobsNamed = 10_000;

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

  const tell = (error: unknown): void => harmlessly(() => onError?.(error));
  pool.on?.('error', tell);

  const recorders = new Set<Recorder>();
  const writer = createWriter({
    send: (rows) => query(statements.write, [rows, self.host, self.pid]),
    afterwards: createSweep(query, statements.sweep, retentionMs, clock),
    ongoing: () => [...recorders].flatMap((recorder) => [...recorder.live()]),
    ...{ onError: tell, flushMs, bufferLimit, clock },
  });
  const unobserve = (recorder: Recorder): void => {
    recorders.delete(recorder);
    recorder[Symbol.dispose]();
  };

  async function end(): Promise<void> {
    for (const recorder of recorders) unobserve(recorder);
    await writer.close();
    pool.off?.('error', tell);
  }
  let closing: Promise<void> | undefined;
  /** Once: `beforeExit` comes again after all that is sent in it, and with a database that is away there would be no end. */
  function close(): Promise<void> {
    closing ??= end();
    return closing;
  }

  return {
    observe(locker) {
      const recorder = record(locker, { began: writer.arm, ended: writer.gather, happened: writer.gather }, clock);
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
    flush: writer.flush,
    get dropped() {
      return writer.dropped;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
