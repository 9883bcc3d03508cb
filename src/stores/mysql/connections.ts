import { StoreUnavailableError } from '../../lock/errors.ts';
import type { MysqlPool } from './pool.ts';

/** Two connections, so that one slow statement does not hold up everything; more would only cost the server. */
const poolSize = 2;
/** Longer than the time between two heartbeats of the default TTL, so that these find a connection open. */
const idleTimeoutMs = 60_000;
/** The shortest wait for a locked row that InnoDB knows, in seconds. Its default of 50 would outlast every deadline, and take effect then. */
const lockWaitSeconds = 1;

/** Where connections come from. */
export interface Connections extends MysqlPool {
  /** `host:port`. Unknown for a pool of the caller's. */
  readonly address: string | undefined;
  end(): Promise<void>;
}

/** Connections of the caller's pool, which stays open. */
export function lentConnections(pool: MysqlPool): Connections {
  return { getConnection: () => pool.getConnection(), address: undefined, end: async () => {} };
}

/** What `mysql2` hands out with its events: the socket is not in its types. */
interface Socketed {
  readonly stream?: { ref?(): void; unref?(): void };
}

/** A small pool of our own. Loads `mysql2` and opens the pool at the first `getConnection`. */
export function ownConnections(uri: string, timeoutMs: number): Connections {
  let pool: Promise<OwnPool> | undefined;

  async function open(): Promise<OwnPool> {
    const { createPool } = await loadMysql2();
    const made = createPool({
      uri,
      connectionLimit: poolSize,
      maxIdle: poolSize,
      idleTimeout: idleTimeoutMs,
      connectTimeout: timeoutMs,
    });
    // The first in a new connection's queue. A refusal shows in what follows it.
    made.on('connection', (connection) => connection.query(`set session innodb_lock_wait_timeout = ${lockWaitSeconds}`, () => {}));
    // A connection that nobody uses does not keep the process alive.
    made.on('acquire', (connection) => (connection as Socketed).stream?.ref?.());
    made.on('release', (connection) => (connection as Socketed).stream?.unref?.());
    return made.promise() as unknown as OwnPool;
  }

  return {
    address: addressIn(uri),
    async getConnection() {
      pool ??= open().catch((error) => {
        pool = undefined;
        throw error;
      });
      return (await pool).getConnection();
    },
    async end() {
      await (await pool?.catch(() => undefined))?.end();
    },
  };
}

type OwnPool = MysqlPool & { end(): Promise<void> };

function addressIn(uri: string): string {
  const { hostname, port } = new URL(uri);
  return `${hostname}:${port || 3_306}`;
}

/** `mysql2`, an optional peer: only who gives a `uri` needs giveway to load it. */
async function loadMysql2(): Promise<Pick<typeof import('mysql2'), 'createPool'>> {
  try {
    return (await import('mysql2')).default;
  } catch (cause) {
    throw new StoreUnavailableError('giveway/mysql needs the package mysql2 to open a uri: npm install mysql2', {
      cause,
      code: 'ERR_GIVEWAY_PEER_MISSING',
    });
  }
}
