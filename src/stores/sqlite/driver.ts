import { StoreUnavailableError } from '../../lock/errors.ts';

/** What talks to SQLite: a package that you install, or what Node brings along from 22.13 on. */
export type SqliteDriver = 'better-sqlite3' | 'node:sqlite' | '@photostructure/sqlite';

/** The part of a connection that giveway uses. It is the same in all drivers, and a call is done when it returns. */
export interface Connection {
  prepare(sql: string): Statement;
  exec(sql: string): unknown;
  close(): unknown;
}

export interface Statement {
  /** The first row. */
  get(...values: readonly (string | number)[]): unknown;
  all(...values: readonly (string | number)[]): unknown[];
  run(...values: readonly (string | number)[]): unknown;
}

type Database = new (file: string) => Connection;

/** In the order in which they are tried: a package that somebody installed was chosen. */
const drivers: Readonly<Record<SqliteDriver, () => Promise<Database | undefined>>> = {
  'better-sqlite3': betterSqlite3,
  'node:sqlite': nodeSqlite,
  '@photostructure/sqlite': photostructure,
};

export const driverNames: readonly SqliteDriver[] = Object.keys(drivers) as SqliteDriver[];

/** `wanted`, or the first that is there. Rejects with `StoreUnavailableError`, which says what to install. */
export async function loadDriver(wanted?: SqliteDriver): Promise<(file: string) => Connection> {
  for (const name of wanted === undefined ? driverNames : [wanted]) {
    const Database = await drivers[name]();
    if (Database !== undefined) return (file) => new Database(file);
  }
  const what = wanted ?? 'a driver for SQLite';
  const message = `giveway/sqlite needs ${what}, which is not there for Node ${process.versions.node}: ${howToGet(wanted)}`;
  throw new StoreUnavailableError(message, { code: 'ERR_GIVEWAY_PEER_MISSING' });
}

/** The majors that still run on Node 20. Of the later ones better-sqlite3 ends the process when its first file is opened there. */
const lastForNode20 = { 'better-sqlite3': 12, '@photostructure/sqlite': 1 } as const;

/** The default is the one that brings its binary along. */
function howToGet(wanted: SqliteDriver = isNode20() ? '@photostructure/sqlite' : 'better-sqlite3'): string {
  if (wanted === 'node:sqlite') return 'Node has it from 22.13 on';
  return `npm install ${wanted}${isNode20() ? `@${lastForNode20[wanted]}` : ''}`;
}

async function betterSqlite3(): Promise<Database | undefined> {
  // An `import` in a `try`: there a bundler leaves a package that is not installed to the run time.
  try {
    const { default: Database } = await import('better-sqlite3');
    if (isNode20()) {
      const { default: manifest } = await import('better-sqlite3/package.json', { with: { type: 'json' } });
      if (Number.parseInt(manifest.version, 10) > lastForNode20['better-sqlite3']) return undefined;
    }
    return Database;
  } catch (error) {
    return undefinedIfMissing(error);
  }
}

/** Node warns at the first use that this module is experimental. Whoever locks has not chosen it, and cron mails what is on stderr. */
async function nodeSqlite(): Promise<Database | undefined> {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    // Not imported: a bundler or test runner that does not know the module would stop there.
    return (process.getBuiltinModule('node:sqlite') as { DatabaseSync: Database } | undefined)?.DatabaseSync;
  } finally {
    process.emitWarning = emitWarning;
  }
}

async function photostructure(): Promise<Database | undefined> {
  try {
    return (await import('@photostructure/sqlite')).DatabaseSync as Database;
  } catch (error) {
    return undefinedIfMissing(error);
  }
}

function undefinedIfMissing(error: unknown): undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error;
}

function isNode20(): boolean {
  return process.versions.node.startsWith('20.');
}
