import { Redis } from 'ioredis';
import type { LockStore } from '../../src/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { redisStore } from '../../src/stores/redis/index.ts';

/** A store at `redis://…` or, on Memcached, `host:port`. */
export function openStore(address: string): { readonly store: LockStore; end(): void } {
  if (!address.startsWith('redis:')) return { store: memcachedStore({ servers: address, timeoutMs: 5_000 }), end: () => {} };
  const client = new Redis(address);
  return { store: redisStore({ client, timeoutMs: 5_000 }), end: () => client.disconnect() };
}
