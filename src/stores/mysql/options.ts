import { InvalidOptionError } from '../../lock/errors.ts';
import { flag } from '../../lock/plan/options.ts';
import { hidden } from '../../lock/redact.ts';
import type { BreakerOptions } from '../breaker.ts';
import { checkOptions, commonRules, judgedElsewhere, type OptionRules } from '../check-options.ts';
import type { MysqlPool } from './pool.ts';
import { checkTable, defaultTable } from './table.ts';

/** Options of `mysqlStore`: where the database is, by `uri` or `pool` and not both, and how to talk to it. */
export type MysqlStoreOptions = MysqlSettings &
  (
    | {
        /** `mysql://user:password@host:3306/database`. giveway opens a pool of two of its own, and closes it. */
        readonly uri: string;
        readonly pool?: never;
      }
    | {
        /** A pool of `mysql2/promise`. It stays yours: keep a connection free in it, or long transactions starve the heartbeats. */
        readonly pool: MysqlPool;
        readonly uri?: never;
      }
  );

interface MysqlSettings {
  /** Name of the lock table, `table` or `database.table`, in lower case. Default `giveway_locks`. */
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
  /** A URL, or the caller's pool. */
  readonly source: string | MysqlPool;
  readonly table: string;
  readonly makesTable: boolean;
  readonly timeoutMs: number;
  readonly breaker: BreakerOptions | false;
}

const rules: OptionRules<MysqlStoreOptions> = {
  uri: judgedElsewhere,
  pool: judgedElsewhere,
  table: judgedElsewhere,
  createTable: flag,
  ...commonRules,
};

/** Refuses what cannot work, before anything is sent. */
export function resolveOptions(options: MysqlStoreOptions): ResolvedOptions {
  const { uri, pool, table, createTable, timeoutMs, breaker } = checkOptions(options, rules, { table: defaultTable, createTable: false });
  if ((uri === undefined) === (pool === undefined)) {
    throw new InvalidOptionError('uri', pool && 'both', 'either `uri` or `pool` is needed');
  }
  if (pool !== undefined) checkPool(pool);
  return { source: pool ?? checkUri(uri), table: checkTable(table), makesTable: createTable, timeoutMs, breaker };
}

/** Pools with callbacks have `promise`. */
function checkPool(pool: unknown): void {
  const { getConnection, promise } = (pool ?? {}) as { getConnection?: unknown; promise?: unknown };
  if (typeof getConnection === 'function' && typeof promise !== 'function') return;
  throw new InvalidOptionError('pool', hidden(pool), 'a pool of mysql2/promise is allowed; of one with callbacks hand in pool.promise()');
}

function checkUri(uri: unknown): string {
  if (typeof uri === 'string' && /^mysql:\/\/[^/]/i.test(uri) && URL.canParse(uri)) return uri;
  // Never the string itself: it may hold a password.
  const received = typeof uri === 'string' ? `${/^\w+:|/.exec(uri)?.[0]}…` : uri;
  throw new InvalidOptionError(
    'uri',
    received,
    'a URL such as mysql://user:password@host:3306/database is allowed, with one host; in user and password encodeURIComponent() whatever is no letter and no digit',
  );
}
