import { StoreUnavailableError } from '../../lock/errors.ts';
import type { Connection, Statement } from './driver.ts';

/** A live entry as it is kept. */
export interface Row {
  readonly value: string;
  /** The fence. */
  readonly version: number;
  /** Milliseconds since 1970, on this host's clock. */
  readonly expiresAt: number;
}

interface KeyedRow extends Row {
  readonly key: string;
}

/** What is to stand under a key from now on. `gone`: nothing. */
export type Next = Omit<Row, 'version'> | 'gone';

/** An open file. Each call is done when it returns, and throws what the driver throws. */
export interface LockFile {
  read(key: string): Row | undefined;
  /**
   * Puts what `decide` wants in the place of the live row, as one step among all processes: it is asked once without a lock, so that a no
   * costs none, and then again under the lock that lets one process write. `undefined`: nothing is to change, and nothing has.
   */
  change(key: string, decide: (row: Row | undefined) => Next | undefined): { readonly version: number } | undefined;
  list(prefix: string, after: string): readonly KeyedRow[];
  /** Deletes what has expired. */
  sweep(): void;
  /** Another number whenever another connection has written. Costs a look at memory that all share. */
  dataVersion(): number;
  close(): void;
}

/** Rows that `list` reads at once. */
export const listPage = 500;

const setUp = `
create table giveway_locks (key text primary key, value text not null, version integer not null, expires_at integer not null) strict;
create table giveway_fence (id integer primary key check (id = 1), last integer not null) strict;
insert into giveway_fence values (1, 0);
`;

/**
 * Makes of a new connection one to a lock file, with the tables in it. It never waits for others: what is locked is an error at once.
 * Without `flush` the disk is waited for at checkpoints alone, after which, as before, what is in the file is whole.
 */
export function openLockFile(connection: Connection, flush: boolean): LockFile {
  connection.exec('pragma busy_timeout = 0');
  const { journal_mode: mode } = connection.prepare('pragma journal_mode = wal').get() as { journal_mode: string };
  if (mode !== 'wal') {
    throw new StoreUnavailableError(
      `SQLite cannot keep a log beside the file here (journal_mode is ${mode}): name a file on a local disk`,
      {
        code: 'ERR_GIVEWAY_STORE_SETUP',
      },
    );
  }
  connection.exec(`pragma synchronous = ${flush ? 'full' : 'normal'}`);
  const transaction = transactions(connection);
  const isThere = connection.prepare(`select 1 from sqlite_schema where name = 'giveway_fence'`);
  if (isThere.get() === undefined) transaction(() => isThere.get() === undefined && connection.exec(setUp));

  const live = 'expires_at > ?';
  const columns = 'value, version, expires_at as expiresAt';
  const read = connection.prepare(`select ${columns} from giveway_locks where key = ? and ${live}`);
  const draw = connection.prepare('update giveway_fence set last = max(last + 1, ?) returning last');
  const write = connection.prepare('insert or replace into giveway_locks (key, value, version, expires_at) values (?, ?, ?, ?)');
  const remove = connection.prepare('delete from giveway_locks where key = ?');
  const sweep = connection.prepare('delete from giveway_locks where expires_at <= ?');
  // By place: the drivers disagree on numbered parameters.
  const list = connection.prepare(
    `select key, ${columns} from giveway_locks where key >= ? and substr(key, 1, ?) = ? and key > ? and ${live} order by key limit ${listPage}`,
  );
  const dataVersion = connection.prepare('pragma data_version');
  const readLive = (key: string): Row | undefined => read.get(key, Date.now()) as Row | undefined;

  return {
    read: readLive,
    change(key, decide) {
      if (decide(readLive(key)) === undefined) return undefined;
      return transaction(() => {
        const row = readLive(key);
        const next = decide(row);
        if (next === undefined) return undefined;
        if (next === 'gone') {
          remove.run(key);
          return { version: row?.version ?? 0 };
        }
        // Not below the clock: fences go on growing when a power cut takes the last ones, or somebody deletes the file.
        const { last: version } = draw.get(Date.now() * 1_000) as { last: number };
        write.run(key, next.value, version, next.expiresAt);
        return { version };
      });
    },
    list: (prefix, after) => list.all(prefix, prefix.length, prefix, after, Date.now()) as KeyedRow[],
    sweep: () => void sweep.run(Date.now()),
    dataVersion: () => (dataVersion.get() as { data_version: number }).data_version,
    close: () => void connection.close(),
  };
}

/** Runs `work` while nobody else can write. Whatever it throws, nothing of it stays. */
function transactions(connection: Connection): <T>(work: () => T) => T {
  const [begin, commit, rollback] = ['begin immediate', 'commit', 'rollback'].map((sql) => connection.prepare(sql)) as [
    Statement,
    Statement,
    Statement,
  ];
  return (work) => {
    begin.run();
    try {
      const result = work();
      commit.run();
      return result;
    } catch (error) {
      try {
        rollback.run();
      } catch {
        // SQLite has rolled back by itself; what went wrong before matters.
      }
      throw error;
    }
  };
}
