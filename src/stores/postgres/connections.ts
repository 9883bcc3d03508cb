import { StoreUnavailableError } from '../../lock/errors.ts';
import { refusesSettings } from './failures.ts';
import { type Greeting, listenToGreetings } from './greeting.ts';
import { borrow, type Loan } from './loan.ts';
import type { PgPool } from './pool.ts';

/** Two connections, so that one slow statement does not hold up everything; more would only cost the server. */
const poolSize = 2;
/** Longer than the time between two heartbeats of the default TTL, so that these find a connection open. */
const idleTimeoutMs = 60_000;

/** Where connections come from. */
export interface Connections {
  borrow(): Promise<Loan>;
  /** Nobody else uses them, so statements may be prepared on those that lead to the server itself. */
  readonly areOurs: boolean;
  /** `host:port`. Unknown for a pool of the caller's, and before the first connection. */
  readonly address: string | undefined;
  /** What was last heard of the server while connecting, where we connect ourselves. */
  readonly greeting: Greeting | undefined;
  end(): Promise<void>;
}

/** Connections of the caller's pool, which stays open. */
export function lentConnections(pool: PgPool): Connections {
  return { borrow: () => borrow(pool), areOurs: false, address: undefined, greeting: undefined, end: async () => {} };
}

/** A small pool of our own. Loads `pg` and opens the pool at the first `borrow`. */
export function ownConnections(connectionString: string, timeoutMs: number): Connections {
  const greetings = listenToGreetings();
  let address: string | undefined;
  let pool: Promise<OwnPool> | undefined;
  let opened: OwnPool | undefined;

  /** Resolves with a pool that has had a connection, so that all calls at once learn from one what the server accepts. */
  async function open(): Promise<OwnPool> {
    const pg = await loadPg();
    // An unconnected client knows what the string, the environment and the defaults come to.
    const unconnected = new pg.Client({ connectionString, stream: greetings.openSocket });
    refuseOlderPg(unconnected);
    address = `${unconnected.host}:${unconnected.port}`;
    const common = {
      application_name: 'giveway',
      connectionTimeoutMillis: timeoutMs,
      keepAlive: true,
      stream: greetings.openSocket,
      max: poolSize,
      idleTimeoutMillis: idleTimeoutMs,
      allowExitOnIdle: true,
    };
    const wanted = quiet(new pg.Pool({ ...common, ...withSettings(connectionString, sessionSettings(timeoutMs)) }));
    try {
      (await borrow(wanted)).giveBack();
      return wanted;
    } catch (error) {
      void wanted.end();
      if (!refusesSettings(error)) throw error;
      // Behind a pooler connections are shared, so nothing is set on them; a conflict of transactions is sent again.
      return quiet(new pg.Pool({ ...common, connectionString }));
    }
  }

  return {
    areOurs: true,
    get address() {
      return address;
    },
    get greeting() {
      return greetings.last();
    },
    async borrow() {
      if (opened !== undefined) return borrow(opened);
      pool ??= open().catch((error) => {
        pool = undefined;
        throw error;
      });
      opened = await pool;
      return borrow(opened);
    },
    async end() {
      await (await pool?.catch(() => undefined))?.end();
    },
  };
}

/** Before 8.9 pg takes no function for a socket, and keeps it as if it were one. */
function refuseOlderPg(client: object): void {
  const { connection } = client as { readonly connection?: { readonly stream?: unknown } };
  if (typeof connection?.stream !== 'function') return;
  throw new StoreUnavailableError(
    'giveway/postgres needs pg 8.9 or later to open a connectionString, and an older one is installed: npm install pg@8',
    { code: 'ERR_GIVEWAY_PEER_MISSING' },
  );
}

type OwnPool = PgPool & { end(): Promise<void> };

/** A connection that breaks while idle is dropped by its pool; without a listener the event would end the process. */
function quiet<P extends { on(event: 'error', listener: () => void): unknown }>(pool: P): P {
  pool.on('error', () => {});
  return pool;
}

/** `pg`, an optional peer: only who gives a connection string needs giveway to load it. */
export async function loadPg(): Promise<Pick<typeof import('pg'), 'Client' | 'Pool'>> {
  try {
    return (await import('pg')).default;
  } catch (cause) {
    throw new StoreUnavailableError('giveway/postgres needs the package pg to open a connectionString: npm install pg', {
      cause,
      code: 'ERR_GIVEWAY_PEER_MISSING',
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
export function withSettings(connectionString: string, settings: string): { connectionString: string; options?: string } {
  const [base = '', query] = connectionString.split(/\?(.*)/s, 2);
  const parameters = new URLSearchParams(query);
  const options = [parameters.get('options') ?? process.env.PGOPTIONS, settings].filter(Boolean).join(' ');
  if (!parameters.has('options')) return { connectionString, options };
  parameters.set('options', options);
  return { connectionString: `${base}?${parameters}` };
}
