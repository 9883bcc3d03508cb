import { InvalidOptionError } from '../../lock/errors.ts';
import type { BreakerOptions } from '../breaker.ts';
import type { EtcdClient } from './client.ts';

/** Options of `etcdStore`. */
export interface EtcdStoreOptions {
  /** A client of `etcd3`. It stays yours: the store never closes it. A namespace set on it is not used: see `prefix`. */
  readonly client: EtcdClient;
  /** First part of every key. Default none: the locker's namespace keeps keys apart. */
  readonly prefix?: string;
  /** How long one operation may take, in milliseconds, all its requests and the connecting included. Default 1 000, at most 60 000. */
  readonly timeoutMs?: number;
  /** When calls to a failing server are refused at once, see `withBreaker`; `false`: never. */
  readonly breaker?: Omit<BreakerOptions, 'serverOf'> | false;
}

export function resolveOptions({
  client,
  prefix = '',
  timeoutMs = 1_000,
  breaker = {},
  ...others
}: EtcdStoreOptions): Required<EtcdStoreOptions> {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw new InvalidOptionError(unknown, 'an unknown option', 'the options are client, prefix, timeoutMs, breaker');
  const { kv, leaseClient, watchClient } = (client ?? {}) as Partial<EtcdClient>;
  if (!kv || !leaseClient || !watchClient) throw new InvalidOptionError('client', client, 'a client of etcd3 (`new Etcd3()`) is needed');
  if (typeof prefix !== 'string') throw new InvalidOptionError('prefix', prefix, 'a string is allowed');
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 60_000) {
    throw new InvalidOptionError('timeoutMs', timeoutMs, 'an integer from 1 to 60000 is allowed');
  }
  return { client, prefix, timeoutMs, breaker };
}
