import { InvalidOptionError } from '../../lock/errors.ts';
import { flag, isObject, ttlRangeMs, whole } from '../../lock/plan/options.ts';
import type { BreakerOptions } from '../breaker.ts';
import { checkOptions, commonRules, judgedElsewhere, type OptionRules, timeoutFrom } from '../check-options.ts';
import { type Address, addressOf, parseAddresses } from './addresses.ts';
import type { Credentials } from './connection.ts';
import { resolveTransport, type TlsOptions, type Transport } from './transport.ts';

/** Options of `memcachedStore`. One of `servers` and `client` is needed, and not both. */
export type MemcachedStoreOptions = MemcachedClientOptions | MemcachedServersOptions;

interface MemcachedServersOptions extends MemcachedSettings {
  /**
   * `'host:11211'`, several separated by commas or as an array. Each lock lives on one of them, found by hashing, and there
   * is no failover: all processes must name the same servers in the same words.
   */
  readonly servers: string | readonly string[];
  readonly client?: never;
}

interface MemcachedClientOptions extends MemcachedSettings {
  /**
   * A memjs client whose addresses and credentials are taken over. Its connections are not: giveway makes its own,
   * because it must throw a client away after any fault.
   */
  readonly client: MemjsClient;
  readonly servers?: never;
}

/** What a store in Memcached can be told beside where the servers are. */
export interface MemcachedSettings {
  /**
   * `'binary'`, the default, is what memjs speaks. `'meta'` are text commands that memcached has since 1.6.13, for servers
   * without the other one, such as ElastiCache Serverless. Processes with either exclude each other.
   */
  readonly protocol?: 'binary' | 'meta';
  /**
   * Connects over TLS, which needs the meta protocol and so implies it. `true`, or options of Node's `tls.connect`: `ca`,
   * `cert`, `key`, `servername`, … Default `false`.
   */
  readonly tls?: boolean | TlsOptions;
  /**
   * Both or neither: for SASL PLAIN, with `'meta'` for a server with an authentication file (`-Y`). The environment variables
   * that memjs knows (`MEMCACHIER_USERNAME`, …) are not read.
   */
  readonly username?: string;
  readonly password?: string;
  /**
   * The most that one store call may take, in milliseconds, including the look at what became of a request whose reply was
   * lost. Default 500; 50 to 60 000. Ten times the usual round trip is plenty.
   */
  readonly timeoutMs?: number;
  /**
   * Reads an entry again before it is released or renewed, at the price of one more request. Needed where a proxy between here and
   * memcached hides that memcached restarted: CAS numbers start again, and an old one may fit a stranger's lock. Default `false`.
   */
  readonly verifyRelease?: boolean;
  /**
   * Grants no new lock on a server that restarted less than the longest TTL ago; asks for its uptime on each new connection.
   * `true`: the longest TTL this store has written, 30 s at least; give `longestTtlMs` when other processes use longer
   * ones. Until then `create` rejects with the code `ERR_GIVEWAY_QUARANTINE`, so use it with `onStoreDown: 'skip'` or
   * `'throw'`: with `'run'`, work would run unprotected. A `flush_all` goes unnoticed. Default `false`.
   */
  readonly quarantine?: boolean | { readonly longestTtlMs: number };
  /** When calls to a failing server are refused at once, see `withBreaker`; `false`: never. */
  readonly breaker?: Omit<BreakerOptions, 'serverOf'> | false;
}

/** The part of a memjs client that is read. */
export interface MemjsClient {
  readonly servers: readonly {
    readonly host: string;
    readonly port: number;
    readonly username?: string | undefined;
    readonly password?: string | undefined;
  }[];
}

/** One server of the list, checked. */
interface ResolvedServer {
  readonly address: Address;
  readonly credentials: Credentials | undefined;
}

export interface ResolvedOptions {
  readonly servers: readonly [ResolvedServer, ...ResolvedServer[]];
  readonly transport: Transport;
  readonly timeoutMs: number;
  readonly verifyRelease: boolean;
  /** `undefined`: off. */
  readonly quarantineMs: number | undefined;
  readonly breaker: Omit<BreakerOptions, 'serverOf'> | false;
}

const rules: OptionRules<MemcachedStoreOptions> = {
  servers: judgedElsewhere,
  client: judgedElsewhere,
  protocol: judgedElsewhere,
  tls: judgedElsewhere,
  username: judgedElsewhere,
  password: judgedElsewhere,
  verifyRelease: flag,
  quarantine: [(value) => typeof value === 'boolean' || isObject(value), 'true, false or { longestTtlMs } is allowed'],
  ...commonRules,
  timeoutMs: timeoutFrom(50),
};
const leastQuarantineMs = 30_000;

export function resolveOptions(options: MemcachedStoreOptions): ResolvedOptions {
  const defaults = { timeoutMs: 500, verifyRelease: false, quarantine: false };
  const { timeoutMs, verifyRelease, quarantine, breaker } = checkOptions(options, rules, defaults);
  return {
    servers: resolveServers(options),
    transport: resolveTransport(options),
    timeoutMs,
    verifyRelease,
    quarantineMs: quarantineMsOf(quarantine),
    breaker,
  };
}

function quarantineMsOf(quarantine: boolean | { readonly longestTtlMs: unknown }): number | undefined {
  if (typeof quarantine === 'boolean') return quarantine ? leastQuarantineMs : undefined;
  const { longestTtlMs } = quarantine;
  if (whole(ttlRangeMs.min, ttlRangeMs.max)(longestTtlMs)) return longestTtlMs as number;
  const allowed = `an integer from ${ttlRangeMs.min} to ${ttlRangeMs.max} (milliseconds) is allowed`;
  throw new InvalidOptionError('quarantine.longestTtlMs', longestTtlMs, allowed);
}

function resolveServers(options: MemcachedStoreOptions): readonly [ResolvedServer, ...ResolvedServer[]] {
  const { servers, client } = options;
  if ((servers === undefined) === (client === undefined)) {
    throw new InvalidOptionError(
      'servers',
      servers === undefined ? undefined : 'servers and client',
      'one of `servers` and `client` is needed, not both',
    );
  }
  const given = resolveCredentials(options);
  const resolved =
    client === undefined ? parseAddresses(servers).map((address) => ({ address, credentials: given })) : serversOf(client, given);
  const [first, ...rest] = resolved;
  if (first === undefined) throw new InvalidOptionError('servers', servers, 'at least one server is needed');
  return [first, ...rest];
}

function serversOf(client: MemjsClient, given: Credentials | undefined): readonly ResolvedServer[] {
  if (!Array.isArray(client?.servers)) throw new InvalidOptionError('client', client, 'a memjs Client is allowed');
  return client.servers.map(({ host, port, username, password }, index) => ({
    address: addressOf(host, port, `client.servers[${index}]`),
    credentials: given ?? (username && password ? { username, password } : undefined),
  }));
}

/** Of a secret only whether it is there. */
function unread(value: unknown): unknown {
  return value ? '…' : value;
}

function resolveCredentials({ username, password }: MemcachedStoreOptions): Credentials | undefined {
  if (username === undefined && password === undefined) return undefined;
  // Never the values: one of them is a password, and the other may be one that was mixed up.
  if (typeof username !== 'string' || username === '')
    throw new InvalidOptionError('username', unread(username), 'a string that is not empty, with `password`');
  if (typeof password !== 'string' || password === '')
    throw new InvalidOptionError('password', unread(password), 'a string that is not empty, with `username`');
  return { username, password };
}
