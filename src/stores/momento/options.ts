import { InvalidOptionError } from '../../lock/errors.ts';
import { requireOptions } from '../../lock/plan/options.ts';
import type { BreakerOptions } from '../breaker.ts';
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

const known: readonly string[] = ['client', 'cacheName', 'layout', 'timeoutMs', 'breaker'];
const needed = ['getWithHash', 'setIfEqual', 'setIfAbsentOrEqual'] as const;

export function resolveOptions(options: MomentoStoreOptions): Required<MomentoStoreOptions> {
  requireOptions(options);
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new InvalidOptionError(unknown, 'an unknown option', `${known.join(', ')} are allowed`);
  const { client, cacheName, layout = 'giveway', timeoutMs = 1_000, breaker = {} } = options;
  if (!needed.every((method) => typeof client?.[method] === 'function'))
    throw new InvalidOptionError('client', client, 'a CacheClient of @gomomento/sdk 1.117.1 or later is allowed');
  if (typeof cacheName !== 'string' || cacheName.trim() === '')
    throw new InvalidOptionError('cacheName', cacheName, 'the name of a cache is allowed');
  if (layout !== 'giveway' && layout !== 'lock-client')
    throw new InvalidOptionError('layout', layout, "'giveway' or 'lock-client' is allowed");
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 60_000)
    throw new InvalidOptionError('timeoutMs', timeoutMs, 'an integer from 1 to 60000 is allowed');
  return { client, cacheName, layout, timeoutMs, breaker };
}

/** A lone surrogate has no UTF-8 form of its own, so two such keys would become one: refused. */
export function checkKey(key: string): void {
  if (typeof key === 'string' && key !== '' && Buffer.from(key).toString() === key) return;
  throw new InvalidOptionError('key', key, 'a text of well-formed Unicode is allowed, without lone surrogates, not empty');
}
