import type { BreakerOptions } from '../breaker.ts';
import { checkOptions, commonRules, type OptionRules } from '../check-options.ts';
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

const rules: OptionRules<ZookeeperStoreOptions> = {
  client: [isClientOrMaker, 'a client of node-zookeeper-client, or a function that makes one, is needed'],
  root: [
    (value) => typeof value === 'string' && /^(\/(?!\.{1,2}(\/|$))[!-.0-~]+)+$/.test(value),
    'an absolute path such as "/giveway" is allowed, without a slash at its end',
  ],
  acls: [(value) => Array.isArray(value) && value.length > 0, 'a list of at least one ACL is allowed'],
  ...commonRules,
};

export function resolveOptions(options: ZookeeperStoreOptions): ResolvedOptions {
  return checkOptions(options, rules, { root: '/giveway' }, ['client']);
}

function isClientOrMaker(value: unknown): boolean {
  return typeof value === 'function' || typeof (value as Partial<ZookeeperClient> | null)?.transaction === 'function';
}
