import type { LockStore } from '../../src/lock/store.ts';
import { terms } from './terms.ts';

export type StoreName = 'memcached' | 'redis' | 'postgres';

export const storeNames: readonly StoreName[] = ['memcached', 'redis', 'postgres'];

interface OpenStore {
  readonly store: LockStore;
  close(): Promise<void>;
}

const { timeoutMs } = terms;

// Loaded when used: a worker starts in a third of a second, and there are hundreds of them.
const openers: Readonly<Record<StoreName, (url: string) => Promise<OpenStore>>> = {
  async memcached(url) {
    const { memcachedStore } = await import('../../src/stores/memcached/index.ts');
    const store = memcachedStore({ servers: url, timeoutMs });
    return { store, close: () => store.close() };
  },
  async redis(url) {
    const { Redis } = await import('ioredis');
    const { redisStore } = await import('../../src/stores/redis/index.ts');
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
  async postgres(url) {
    const { postgresStore } = await import('../../src/stores/postgres/index.ts');
    const store = postgresStore({ connectionString: url, timeoutMs });
    return { store, close: () => store.close() };
  },
};

/** A store as an application would have it. */
export function openStore(name: StoreName, url: string): Promise<OpenStore> {
  return openers[name](url);
}
