import type { LockStore } from '../../src/lock/store.ts';
import { load } from './product.ts';
import { terms } from './terms.ts';

export type StoreName = 'memcached' | 'redis' | 'postgres' | 'mysql';

export const storeNames: readonly StoreName[] = ['memcached', 'redis', 'postgres', 'mysql'];

/** Where none are named. They run side by side, and what runs beside 0.1.0 must be in it. */
export const usualStores: readonly StoreName[] = ['memcached', 'redis', 'postgres'];

interface OpenStore {
  readonly store: LockStore;
  close(): Promise<void>;
}

const { timeoutMs } = terms;

const openers: Readonly<Record<StoreName, (url: string, packed?: string) => Promise<OpenStore>>> = {
  async memcached(url, packed) {
    const { memcachedStore } = await load('memcached', packed);
    const store = memcachedStore({ servers: url, timeoutMs });
    return { store, close: () => store.close() };
  },
  async redis(url, packed) {
    const { Redis } = await import('ioredis');
    const { redisStore } = await load('redis', packed);
    const client = new Redis(url, { retryStrategy: (times) => Math.min(20 * times, 200), maxRetriesPerRequest: null });
    client.on('error', () => {});
    const store = redisStore({ client, timeoutMs });
    return {
      store,
      async close() {
        await store.close();
        client.disconnect();
      },
    };
  },
  async postgres(url, packed) {
    const { postgresStore } = await load('postgres', packed);
    const store = postgresStore({ connectionString: url, timeoutMs });
    return { store, close: () => store.close() };
  },
  async mysql(url, packed) {
    const { mysqlStore } = await load('mysql', packed);
    const store = mysqlStore({ uri: url, timeoutMs });
    return { store, close: () => store.close() };
  },
};

/** A store as an application would have it. `packed`: the folder of the package that it comes from, if not these sources. */
export function openStore(name: StoreName, url: string, packed?: string): Promise<OpenStore> {
  return openers[name](url, packed);
}
