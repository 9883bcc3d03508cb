import { InvalidOptionError } from '../../lock/errors.ts';
import { requireOptions } from '../../lock/plan/options.ts';
import type { BreakerOptions } from '../breaker.ts';
import type { PgPool } from './pool.ts';
import { checkTable, defaultTable } from './table.ts';

/** Options of `postgresStore`: where the database is, by `connectionString` or `pool` and not both, and how to talk to it. */
export type PostgresStoreOptions = PostgresPoolOptions | PostgresConnectionOptions;

interface PostgresConnectionOptions extends PostgresSettings {
  /** `postgres://user:password@host:5432/database`. giveway opens a pool of two of its own, and closes it. */
  readonly connectionString: string;
  readonly pool?: never;
  /**
   * Hear of releases through `LISTEN`, on one more connection, instead of asking again and again. It must be direct: give a
   * connection string of its own if the other goes through PgBouncer. Default true.
   */
  readonly listen?: boolean | string;
}

interface PostgresPoolOptions extends PostgresSettings {
  /** A `Pool` of `pg`. It stays yours: keep a connection free in it, or long transactions starve the heartbeats. */
  readonly pool: PgPool;
  readonly connectionString?: never;
  /**
   * Hear of releases through `LISTEN`, on one more connection, instead of asking again and again: a connection string for it,
   * which must be direct and not go through PgBouncer. Default false.
   */
  readonly listen?: false | string;
}

interface PostgresSettings {
  /** Name of the lock table, `table` or `schema.table`, in lower case. Default `giveway_locks`. */
  readonly table?: string;
  /** Make the table when it turns out to be missing. Default false: a missing table is an error that says how to make it. */
  readonly createTable?: boolean;
  /** How long one operation may take, in milliseconds, connecting included. Default 1 000, at most 60 000. */
  readonly timeoutMs?: number;
  /** When calls to a failing server are refused at once, see `withBreaker`; `false`: never. */
  readonly breaker?: Omit<BreakerOptions, 'serverOf'> | false;
}

/** Options as the store uses them. */
export interface ResolvedOptions {
  /** A connection string, or the caller's pool. */
  readonly source: string | PgPool;
  readonly table: string;
  readonly makesTable: boolean;
  /** Connection string of the listener, if there is one. */
  readonly listenTo: string | undefined;
  readonly timeoutMs: number;
  readonly breaker: BreakerOptions | false;
}

const known = new Set(['connectionString', 'pool', 'table', 'createTable', 'listen', 'timeoutMs', 'breaker']);

/** Refuses what cannot work, before anything is sent. */
export function resolveOptions(options: PostgresStoreOptions): ResolvedOptions {
  requireOptions(options);
  for (const name of Object.keys(options)) {
    if (!known.has(name)) throw new InvalidOptionError(name, hidden(optionOf(options, name)), `the options are ${[...known].join(', ')}`);
  }
  const { connectionString, pool, table = defaultTable, createTable = false, timeoutMs = 1_000, breaker = {} } = options;
  if ((connectionString === undefined) === (pool === undefined)) {
    throw new InvalidOptionError('connectionString', pool && 'both', 'either `connectionString` or `pool` is needed');
  }
  // A `Client` has `connect` too, and cannot be shared; it alone knows a process of the server.
  if (pool !== undefined && (typeof pool?.connect !== 'function' || 'processID' in pool)) {
    throw new InvalidOptionError('pool', hidden(pool), 'a Pool of pg is allowed, no Client');
  }
  if (typeof createTable !== 'boolean') throw new InvalidOptionError('createTable', createTable, 'true or false is allowed');
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 60_000) {
    throw new InvalidOptionError('timeoutMs', timeoutMs, 'an integer from 1 to 60000 is allowed');
  }
  return {
    source: pool ?? checkConnectionString(connectionString, 'connectionString'),
    table: checkTable(table),
    makesTable: createTable,
    listenTo: listenTo(options),
    timeoutMs,
    breaker,
  };
}

function listenTo({ connectionString, listen = connectionString !== undefined }: PostgresStoreOptions): string | undefined {
  if (listen === false) return undefined;
  if (listen !== true) return checkConnectionString(listen, 'listen');
  if (connectionString !== undefined) return connectionString;
  throw new InvalidOptionError('listen', true, 'with `pool`, a connection string for the one listening connection is needed');
}

function checkConnectionString(value: unknown, path: string): string {
  if (typeof value === 'string' && /^(postgres(ql)?:\/\/|socket:|\/)/i.test(value)) {
    // `pg` too takes a URL without a host.
    if (value.startsWith('/') || URL.canParse(value.replace('@/', '@host/'))) return value;
    const allowed = 'a URL with one host is allowed; in user and password encodeURIComponent() whatever is no letter and no digit';
    throw new InvalidOptionError(path, 'postgres:…', allowed);
  }
  // Never the string itself: it may hold a password.
  const received = typeof value === 'string' ? `${/^\w+:|/.exec(value)?.[0]}…` : value;
  throw new InvalidOptionError(path, received, 'a URL such as postgres://user:password@host:5432/database is allowed');
}

/** Text under a wrong name may be a password, or a URL with one. */
function hidden(value: unknown): unknown {
  return typeof value === 'string' ? '…' : value;
}

function optionOf(options: PostgresStoreOptions, name: string): unknown {
  return (options as PostgresStoreOptions & Record<string, unknown>)[name];
}
