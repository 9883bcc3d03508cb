import { InvalidOptionError } from '../../lock/errors.ts';
import { requireOptions } from '../../lock/plan/options.ts';
import type { BreakerOptions } from '../breaker.ts';
import type { ZookeeperClient } from './client.ts';

/** Options of `zookeeperStore`. */
export interface ZookeeperStoreOptions {
  /**
   * A client of `node-zookeeper-client`, or a function that makes one. A client stays yours: connect and close it yourself; when
   * its session expires, the store ends with it. Of a function the store asks a client when it needs one, and another when that one's
   * session has expired; those it connects and closes.
   */
  readonly client: ZookeeperClient | (() => ZookeeperClient);
  /** The node under which all others are, made when needed. Default `/giveway`. */
  readonly root?: string;
  /** The access list of every node that is made, as node-zookeeper-client takes it. Default: open to all. */
  readonly acls?: readonly object[];
  /** How long one operation may take, in milliseconds, waiting for a connection included. Default 1 000, at most 60 000. */
  readonly timeoutMs?: number;
  /** When calls to a failing server are refused at once, see `withBreaker`; `false`: never. */
  readonly breaker?: Omit<BreakerOptions, 'serverOf'> | false;
}

/** Options that have been checked. */
export type ResolvedOptions = Required<Omit<ZookeeperStoreOptions, 'acls'>> & Pick<ZookeeperStoreOptions, 'acls'>;

export function resolveOptions(options: ZookeeperStoreOptions): ResolvedOptions {
  requireOptions(options);
  const { client, root = '/giveway', acls, timeoutMs = 1_000, breaker = {}, ...others } = options;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new InvalidOptionError(unknown, 'an unknown option', 'the options are client, root, acls, timeoutMs, breaker');
  }
  if (typeof client !== 'function' && !isClient(client)) {
    throw new InvalidOptionError('client', client, 'a client of node-zookeeper-client, or a function that makes one, is needed');
  }
  if (typeof root !== 'string' || !/^(\/(?!\.{1,2}(\/|$))[!-.0-~]+)+$/.test(root)) {
    throw new InvalidOptionError('root', root, 'an absolute path such as "/giveway" is allowed, without a slash at its end');
  }
  if (acls !== undefined && (!Array.isArray(acls) || acls.length === 0))
    throw new InvalidOptionError('acls', acls, 'a list of at least one ACL is allowed');
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 60_000) {
    throw new InvalidOptionError('timeoutMs', timeoutMs, 'an integer from 1 to 60000 is allowed');
  }
  return { client, root, timeoutMs, breaker, ...(acls && { acls }) };
}

function isClient(client: unknown): client is ZookeeperClient {
  return typeof (client as Partial<ZookeeperClient> | undefined)?.transaction === 'function';
}
