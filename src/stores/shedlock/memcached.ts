import { InvalidOptionError } from '../../lock/errors.ts';
import { requireOptions } from '../../lock/plan/options.ts';
import type { LockStore } from '../../lock/store.ts';
import { type MemcachedStoreOptions, memcachedStore } from '../memcached/index.ts';
import { addedText, defaultEnvironment, foundIn } from './added.ts';
import { recordText, shedlockTraits, soleHolder } from './holder.ts';

/** Options of `shedlockMemcached`: those of `memcachedStore`, with one server, and ShedLock's environment. */
export type ShedlockMemcachedOptions = MemcachedStoreOptions & {
  /** As ShedLock's `env`. Default `default`, which is its own. */
  readonly environment?: string;
};

/**
 * Locks under the keys of ShedLock's Memcached provider, so that its users and giveway's exclude each other: `memcachedStore` in another
 * layout, with all that is said there. `append` and `read` are taken as `write`; whoever waits polls.
 *
 * ShedLock deletes and replaces without a look at whose the key is: what it releases after its own lock has expired is lost to
 * giveway, whose heartbeat then reports `vanished` or `stolen`.
 *
 * @throws InvalidOptionError for options and keys, before anything is sent. One server is allowed: its client finds the server of a
 * key by another hash.
 */
export function shedlockMemcached(given: ShedlockMemcachedOptions): LockStore {
  requireOptions(given);
  const { environment = defaultEnvironment, ...options } = given;
  if (typeof environment !== 'string') throw new InvalidOptionError('environment', environment, 'a string is allowed');
  const { servers, client } = options;
  const count = (client?.servers ?? (typeof servers === 'string' ? servers.split(',') : (servers ?? []))).length;
  if (count > 1)
    throw new InvalidOptionError(
      client ? 'client' : 'servers',
      `${count} servers`,
      "one is allowed: ShedLock's client spreads keys otherwise",
    );
  const { traits, read, create, replace, remove, close } = memcachedStore(options as MemcachedStoreOptions);
  const keyOf = (name: string): string => `shedlock:${environment}:${name}`;
  const textOf = (value: string): string => addedText(soleHolder(value));
  return {
    traits: { ...traits, name: 'shedlock (memcached)', ...shedlockTraits },
    async read(name) {
      const entry = await read(keyOf(name));
      const found = entry && foundIn(entry.value);
      return entry && { version: entry.version, value: found === undefined ? entry.value : recordText(found) };
    },
    create: async (name, value, ttlMs) => create(keyOf(name), textOf(value), ttlMs),
    replace: async (name, value, version, ttlMs) => replace(keyOf(name), textOf(value), version, ttlMs),
    remove: (name, version) => remove(keyOf(name), version),
    close,
  };
}
