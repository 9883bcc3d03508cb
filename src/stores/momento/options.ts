import { InvalidOptionError } from '../../lock/errors.ts';
import { oneOf } from '../../lock/plan/options.ts';
import type { BreakerOptions } from '../breaker.ts';
import { checkOptions, commonRules, type OptionRules } from '../check-options.ts';
import type { MomentoClient } from './client.ts';

/** Options of `momentoStore`. Refused with `InvalidOptionError` before anything is sent. */
export interface MomentoStoreOptions {
  /** A `CacheClient` of `@gomomento/sdk`, 1.117.1 or later. It stays yours: `close` leaves it open. */
  readonly client: MomentoClient;
  /** The cache. It must exist. */
  readonly cacheName: string;
  /**
   * What stands in the cache. `'giveway'` (default): records as on every store. `'lock-client'`: the items of Momento's drop-in for the
   * DynamoDB Lock Client, for locks that Java holds too: names are its keys, and one holds it alone.
   */
  readonly layout?: 'giveway' | 'lock-client';
  /**
   * The longest that one operation may take, in milliseconds. Default: 1000; at most 60 000. Half of it goes to the first
   * request, the rest to finding out what became of it if the answer was lost.
   */
  readonly timeoutMs?: number;
  /** When calls to a failing cache are refused at once, see `withBreaker`; `false`: never. */
  readonly breaker?: Omit<BreakerOptions, 'serverOf'> | false;
}

const methods = ['getWithHash', 'setIfEqual', 'setIfAbsentOrEqual'] as const;

const rules: OptionRules<MomentoStoreOptions> = {
  client: [isClient, 'a CacheClient of @gomomento/sdk 1.117.1 or later is allowed'],
  cacheName: [(value) => typeof value === 'string' && value.trim() !== '', 'the name of a cache is allowed'],
  layout: [oneOf('giveway', 'lock-client'), "'giveway' or 'lock-client' is allowed"],
  ...commonRules,
};

export function resolveOptions(options: MomentoStoreOptions): Required<MomentoStoreOptions> {
  return checkOptions(options, rules, { layout: 'giveway' }, ['client', 'cacheName']);
}

function isClient(value: unknown): boolean {
  return methods.every((method) => typeof (value as Partial<MomentoClient> | null)?.[method] === 'function');
}

/** A lone surrogate has no UTF-8 form of its own, so two such keys would become one: refused. */
export function checkKey(key: string): void {
  if (typeof key === 'string' && key !== '' && Buffer.from(key).toString() === key) return;
  throw new InvalidOptionError('key', key, 'a text of well-formed Unicode is allowed, without lone surrogates, not empty');
}
