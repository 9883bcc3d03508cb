import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ConfigError } from '../src/index.ts';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import { nameStore } from './locker.ts';
import { UsageError } from './options.ts';
import { accepts, serverAccount, startServer } from './servers.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Where the locks will live, decided before anything is started. */
export interface StoreChoice {
  /** Which store it is, and how to get the other. */
  readonly line: string;
  /** Resolves to the store's URL. A lock table goes beside the demo's tables, into `schema` of `database`. */
  open(database: string, schema: string): Promise<string>;
}

/** Where the tables will be. */
export interface DatabaseChoice {
  readonly line: string;
  open(): Promise<string>;
}

export function chooseDatabase({ DATABASE_URL: url }: Variables): DatabaseChoice {
  if (url && !/^postgres(ql)?:$/.test(URL.canParse(url) ? new URL(url).protocol : '')) {
    throw new UsageError('DATABASE_URL: a URL such as postgres://user:password@host:5432/database is allowed');
  }
  if (url) return { line: 'Tables live in the PostgreSQL of DATABASE_URL, in a schema that is dropped at the end.', open: async () => url };
  return { line: 'Tables live in a PostgreSQL started for this run. To use yours, set DATABASE_URL.', open: startEmbeddedPostgres };
}

/** The store that `wanted` names, else Memcached if there is one, else a lock table in Postgres. Rejects with `UsageError`. */
export async function chooseStore(wanted: string | undefined, { MEMCACHED_SERVERS: servers, PATH: path }: Variables): Promise<StoreChoice> {
  if (wanted === 'postgres:') return lockTable('as --store says.');
  if (wanted !== undefined && wanted !== 'memcached:') return storeAt(wanted, '--store');
  if (servers) return storeAt(`memcached://${servers}`, 'MEMCACHED_SERVERS');
  const program = findProgram('memcached', path);
  if (program !== undefined) return ownMemcached(program);
  if (wanted !== undefined) throw new UsageError(`--store is "memcached:", but there is no memcached here. ${howToGetMemcached}`);
  return lockTable(`since there is no memcached here. ${howToGetMemcached}`);
}

const howToGetMemcached = 'To use one, install it (apt install memcached, brew install memcached) or set MEMCACHED_SERVERS=host:port.';
const howToGetPostgres = 'To use a table in Postgres: npm run demo -- --store postgres:';

function lockTable(why: string): StoreChoice {
  return {
    line: `Locks live in a table of Postgres, ${why}`,
    async open(database, schema) {
      const url = new URL(database);
      url.searchParams.set('table', `${schema}.giveway_locks`);
      url.searchParams.set('createTable', 'true');
      return url.href;
    },
  };
}

function ownMemcached(program: string): StoreChoice {
  return {
    line: `Locks live in Memcached (${program}, started for this run). ${howToGetPostgres}`,
    async open() {
      const port = await startServer({
        account: serverAccount(),
        plan: (_directory, port) => ({ server: { program, args: ['-l', '127.0.0.1', '-p', String(port), '-U', '0', '-m', '16'] } }),
        answers: accepts,
      });
      return `memcached://127.0.0.1:${port}`;
    },
  };
}

async function storeAt(url: string, source: string): Promise<StoreChoice> {
  const label = await nameStore(url).catch((error: Error) => {
    const what = error instanceof ConfigError ? error.problems.map(({ message }) => message).join('; ') : error.message;
    throw new UsageError(`${source}: ${what}`);
  });
  if (/^memory:/i.test(url)) throw new UsageError(`${source}: "memory:" is for one process, and the demo has several`);
  return { line: `Locks live at ${label} (${source}). ${howToGetPostgres}`, open: async () => url };
}

/** Where `name` can be run from. */
function findProgram(name: string, path = ''): string | undefined {
  const file = process.platform === 'win32' ? `${name}.exe` : name;
  const paths = path
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, file));
  return paths.find((each) => {
    try {
      accessSync(each, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
