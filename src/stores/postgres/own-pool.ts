import { GivewayError } from '../../lock/errors.ts';
import { refusesSettings } from './failures.ts';
import { listenToGreeting } from './greeting.ts';
import type { PgPool } from './pool.ts';

/** Two connections, so that one slow statement does not hold up everything; more would only cost the server. */
const poolSize = 2;
/** Longer than the time between two heartbeats of the default TTL, so that these find a connection open. */
const idleTimeoutMs = 60_000;

/** A pool that giveway opens, when it is first needed, and closes. */
export interface OwnPool extends PgPool {
  /** Where it connects to, without credentials. Known once it was opened. */
  readonly address: string | undefined;
  /** The server last connected to does not talk like Postgres. */
  readonly isForeign: boolean;
  end(): Promise<void>;
}

/** Loads `pg` and opens the pool at the first `connect`. */
export function ownPool(connectionString: string, timeoutMs: number): OwnPool {
  const greeting = listenToGreeting();
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
      stream: greeting.openSocket,
    };
    // An unconnected client knows what the string, the environment and the defaults come to.
    const { host, port } = new pg.Client(config);
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
    get isForeign() {
      return greeting.isForeign;
    },
    async connect() {
      pool ??= open();
      const tried = pool;
      try {
        return await (await tried).connect();
      } catch (error) {
        const isPooler = refusesSettings(error) && (settings !== undefined || pool !== tried);
        if (!isPooler) throw error;
        if (pool === tried) {
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
  const options = [parameters.get('options') ?? process.env['PGOPTIONS'], settings].filter(Boolean).join(' ');
  if (!parameters.has('options')) return { connectionString, options };
  parameters.set('options', options);
  return { connectionString: `${base}?${parameters}` };
}
