import { InvalidOptionError } from '../../lock/errors.ts';
import type { BreakerOptions } from '../breaker.ts';
import { checkOptions, commonRules, judgedElsewhere, type OptionRules } from '../check-options.ts';
import { sourceOf } from '../postgres/options.ts';
import type { PgPool } from '../postgres/pool.ts';
import { checkTable } from '../postgres/table.ts';

/** Options of `shedlockTable`: where the database is, by `connectionString` or `pool` and not both, and which clock its rows follow. */
export interface ShedlockTableOptions {
  /** A `Pool` of `pg`. It stays yours: keep a connection free in it, or long transactions starve the heartbeats. */
  readonly pool?: PgPool;
  /** `postgres://user:password@host:5432/database`. giveway opens a pool of two of its own, and closes it. */
  readonly connectionString?: string;
  /** ShedLock's table, `table` or `schema.table`, in lower case. Default `shedlock`. It must be there: giveway never makes it. */
  readonly table?: string;
  /**
   * By which clock ShedLock writes its rows; there is no default, since a wrong answer grants a lock twice. `true`: its providers are
   * configured with `usingDbTime()`. `{ timeZone }`: they are not, and write the local time of their JVMs' time zone, or of
   * `withTimeZone(…)`: its IANA name, such as `America/New_York` or `UTC`.
   */
  readonly usingDbTime: true | { readonly timeZone: string };
  /** How long one operation may take, in milliseconds, connecting included. Default 1 000, at most 60 000. */
  readonly timeoutMs?: number;
  /** When calls to a failing server are refused at once, see `withBreaker`; `false`: never. */
  readonly breaker?: Omit<BreakerOptions, 'serverOf'> | false;
}

/** Options as the store uses them. */
export interface ResolvedTableOptions {
  /** A connection string, or the caller's pool. */
  readonly source: string | PgPool;
  readonly table: string;
  readonly timeZone: string;
  readonly timeoutMs: number;
  readonly breaker: BreakerOptions | false;
}

const rules: OptionRules<ShedlockTableOptions> = {
  pool: judgedElsewhere,
  connectionString: judgedElsewhere,
  table: judgedElsewhere,
  usingDbTime: judgedElsewhere,
  ...commonRules,
};

/** Refuses what cannot work, before anything is sent. */
export function resolveTableOptions(options: ShedlockTableOptions): ResolvedTableOptions {
  const { table, usingDbTime, timeoutMs, breaker } = checkOptions(options, rules, { table: 'shedlock' });
  return { source: sourceOf(options), table: checkTable(table), timeZone: zoneOf(usingDbTime), timeoutMs, breaker };
}

const allowedClocks = "true is allowed where every ShedLock has usingDbTime(), else { timeZone: 'America/New_York' }, the zone of its JVMs";

function zoneOf(usingDbTime: ShedlockTableOptions['usingDbTime']): string {
  if (usingDbTime === true) return 'UTC';
  const { timeZone } = (usingDbTime ?? {}) as { timeZone?: unknown };
  if (timeZone === undefined) throw new InvalidOptionError('usingDbTime', usingDbTime, allowedClocks);
  if (typeof timeZone === 'string' && isZone(timeZone)) return timeZone;
  throw new InvalidOptionError(
    'usingDbTime.timeZone',
    timeZone,
    'the IANA name of a time zone, such as America/New_York or UTC, is allowed',
  );
}

/** Names alone: of `+05:00` and `GMT+5` Postgres and Java have opposite ideas. */
function isZone(name: string): boolean {
  if (!/^[A-Za-z_]+(\/[\w+-]+)*$/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
