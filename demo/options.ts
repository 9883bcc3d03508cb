import { parseArgs } from 'node:util';

export interface DemoOptions {
  /** Measured time, both ways together. */
  readonly seconds: number;
  readonly workers: number;
  /** Where the locks live; `undefined`: the best that is there. */
  readonly store: string | undefined;
  readonly json: boolean;
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const help = `Conflicts between warehouse writers, without giveway and with it.

  npm run demo
  npm run demo -- [--seconds N] [--workers N] [--store URL] [--json]

  --seconds N   measured time, both ways together: 2 to 3600. Default 30
  --workers N   worker processes: 1 to 16. Default 4
  --store URL   where the locks live: memcached://host:11211, postgres://user:password@host/database, …
                memcached:   a memcached that the demo starts
                postgres:    a lock table in the demo's own database
  --json        print one JSON document instead of the table; progress goes to stderr
  --help        print this

Environment
  DATABASE_URL        a PostgreSQL to use instead of the embedded one. The demo works in a schema of its own and drops it
  MEMCACHED_SERVERS   host:port,… of a Memcached for the locks

Exit status
  0   every row arrived exactly once, and the derived tables are right
  1   a row is missing or doubled, or a derived table is wrong
  64  wrong options; 69 a server could not be started or reached; 70 anything else
`;

/** `undefined`: help was asked for. Throws `UsageError`. */
export function readOptions(args: readonly string[]): DemoOptions | undefined {
  const { seconds, workers, store, json, help } = parse(args);
  if (help) return undefined;
  return { seconds: within('seconds', seconds, 2, 3_600), workers: within('workers', workers, 1, 16), store, json };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string', default: '30' },
        workers: { type: 'string', default: '4' },
        store: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values as { seconds: string; workers: string; store: string | undefined; json: boolean; help: boolean };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function within(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`--${name} is ${JSON.stringify(text)}; a whole number from ${least} to ${most} is allowed`);
}
