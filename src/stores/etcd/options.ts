import type { BreakerOptions } from '../breaker.ts';
import { checkOptions, commonRules, type OptionRules, text } from '../check-options.ts';
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

const rules: OptionRules<EtcdStoreOptions> = {
  client: [isClient, 'a client of etcd3 (`new Etcd3()`) is needed'],
  prefix: text,
  ...commonRules,
};

export function resolveOptions(options: EtcdStoreOptions): Required<EtcdStoreOptions> {
  return checkOptions(options, rules, { prefix: '' }, ['client']);
}

function isClient(value: unknown): boolean {
  const { kv, leaseClient, watchClient } = (value ?? {}) as Partial<EtcdClient>;
  return Boolean(kv && leaseClient && watchClient);
}
