import { GivewayError } from '../../lock/errors.ts';
import { refusesSettings } from './failures.ts';
import { type Greeting, listenToGreetings } from './greeting.ts';
import type { PgPool } from './pool.ts';

/** Two connections, so that one slow statement does not hold up everything; more would only cost the server. */
const poolSize = 2;
/** Longer than the time between two heartbeats of the default TTL, so that these find a connection open. */
const idleTimeoutMs = 60_000;

/** Where connections come from. */
export interface Connections extends PgPool {
  /** `host:port`. Unknown for a pool of the caller's, and before the first connection. */
  readonly address: string | undefined;
  /** What was last heard of the server while connecting, where we connect ourselves. */
  readonly greeting: Greeting | undefined;
  end(): Promise<void>;
}

/** Connections of the caller's pool, which stays open. */
export function lentConnections(pool: PgPool): Connections {
  return { connect: () => pool.connect(), address: undefined, greeting: undefined, end: async () => {} };
}

/** A small pool of our own. Loads `pg` and opens the pool at the first `connect`. */
export function ownConnections(connectionString: string, timeoutMs: number): Connections {
  const greetings = listenToGreetings();
  let address: string | undefined;
  let settings: string | undefined = sessionSettings(timeoutMs);
  let pool: Promise<PgPool & { end(): Promise<void> }> | undefined;

  async function open(): Promise<PgPool & { end(): Promise<void> }> {
    const pg = await loadPg();
    const config = {
      ...withSettings(connectionString, settings),
      application_name: 'giveway',
      connectionTimeoutMillis: timeoutMs,
      keepAlive: true,
      stream: greetings.openSocket,
    };
    // An unconnected client knows what the string, the environment and the defaults come to.
    const { host, port } = new pg.Client(connectionString);
    address = `${host}:${port}`;
    const opened = new pg.Pool({ ...config, max: poolSize, idleTimeoutMillis: idleTimeoutMs, allowExitOnIdle: true });
    // A connection that breaks while idle is dropped by the pool; without a listener the event would end the process.
    opened.on('error', () => {});
    return opened;
  }

  return {
    get address() {
      return address;
    },
    get greeting() {
      return greetings.last();
    },
    async connect() {
      pool ??= open();
      const tried = pool;
      try {
        return await (await tried).connect();
      } catch (error) {
        if (!refusesSettings(error)) throw error;
        if (pool === tried) {
          if (settings === undefined) throw error;
          // Behind PgBouncer connections are shared, so nothing is set on them; a conflict of transactions is sent again.
          settings = undefined;
          pool = open();
          void (await tried).end();
        }
        return (await pool).connect();
      }
    },
    async end() {
      await (await pool?.catch(() => undefined))?.end();
    },
  };
}

/** `pg`, an optional peer: only who gives a connection string needs giveway to load it. */
export async function loadPg(): Promise<Pick<typeof import('pg'), 'Client' | 'Pool'>> {
  try {
    return (await import('pg')).default;
  } catch (cause) {
    throw new GivewayError('ERR_GIVEWAY_PEER_MISSING', 'giveway/postgres needs the package pg to open a connectionString: npm install pg', {
      cause,
    });
  }
}

/**
 * The lock table needs to see what others have just committed, whatever the database's default is, and the server must
 * give up a statement when giveway does: it would otherwise take effect later.
 */
function sessionSettings(timeoutMs: number): string {
  return `-c default_transaction_isolation=read\\ committed -c statement_timeout=${timeoutMs}`;
}

/** Adds to the `options` of a connection string, which would otherwise win over ours. */
export function withSettings(connectionString: string, settings: string | undefined): { connectionString: string; options?: string } {
  if (settings === undefined) return { connectionString };
  const [base = '', query] = connectionString.split(/\?(.*)/s, 2);
  const parameters = new URLSearchParams(query);
  const options = [parameters.get('options') ?? process.env.PGOPTIONS, settings].filter(Boolean).join(' ');
  if (!parameters.has('options')) return { connectionString, options };
  parameters.set('options', options);
  return { connectionString: `${base}?${parameters}` };
}
