import { InvalidOptionError } from '../../lock/errors.ts';
import { flag } from '../../lock/plan/options.ts';
import { hidden } from '../../lock/redact.ts';
import type { BreakerOptions } from '../breaker.ts';
import { checkOptions, commonRules, judgedElsewhere, type OptionRules } from '../check-options.ts';
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

const rules: OptionRules<PostgresStoreOptions> = {
  connectionString: judgedElsewhere,
  pool: judgedElsewhere,
  table: judgedElsewhere,
  createTable: flag,
  listen: judgedElsewhere,
  ...commonRules,
};

/** Refuses what cannot work, before anything is sent. */
export function resolveOptions(options: PostgresStoreOptions): ResolvedOptions {
  const { table, createTable, timeoutMs, breaker } = checkOptions(options, rules, { table: defaultTable, createTable: false });
  return {
    source: sourceOf(options),
    table: checkTable(table),
    makesTable: createTable,
    listenTo: listenTo(options),
    timeoutMs,
    breaker,
  };
}

/** Where the database is: one of the two, and a pool that can be shared. */
export function sourceOf({ connectionString, pool }: Pick<PostgresStoreOptions, 'connectionString' | 'pool'>): string | PgPool {
  if ((connectionString === undefined) === (pool === undefined)) {
    throw new InvalidOptionError('connectionString', pool && 'both', 'either `connectionString` or `pool` is needed');
  }
  if (pool === undefined) return checkConnectionString(connectionString, 'connectionString');
  // A `Client` has `connect` too, and cannot be shared; it alone knows a process of the server.
  if (typeof pool?.connect === 'function' && !('processID' in pool)) return pool;
  throw new InvalidOptionError('pool', hidden(pool), 'a Pool of pg is allowed, no Client');
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
