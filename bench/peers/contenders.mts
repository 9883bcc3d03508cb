/** What is measured: each with its own owner check, on its own best settings, as its README advises. */
import { createRequire } from 'node:module';

export type Backend = 'memcached' | 'redis' | 'postgres';
export type Urls = Readonly<Record<Backend, string>>;

export interface Session {
  /** Waits for `key`; what it returns lets go. */
  take(key: string): Promise<() => Promise<unknown>>;
  close(): unknown;
}

export interface Contender {
  readonly name: string;
  readonly backend: Backend;
  readonly ours?: true;
  /** Is the holder checked when it lets go? */
  readonly ownerChecked: boolean;
  /** Can it wait for a key that is held? */
  readonly waits: boolean;
  open(urls: Urls): Promise<Session>;
}

const require = createRequire(import.meta.url);
const ttlMs = 30_000;
/** How long the peers wait between two tries: short, so that they are not blamed for a polite default. */
const retryMs = 5;
const waitMs = 60_000;

async function giveway(storeOf: (urls: Urls) => Promise<unknown>, urls: Urls): Promise<Session> {
  const { createLocker } = await import('../../dist/index.mjs');
  const locker = createLocker({ store: (await storeOf(urls)) as never, closesStore: true, retry: { maxWaitMs: waitMs } });
  return {
    async take(key) {
      const lock = await locker.lock(key);
      return () => lock.unlock();
    },
    close: () => locker.close(),
  };
}

async function ioredis(urls: Urls) {
  const { Redis } = await import('ioredis');
  return new Redis(urls.redis);
}

export const contenders: readonly Contender[] = [
  {
    name: 'giveway, memcached',
    backend: 'memcached',
    ours: true,
    ownerChecked: true,
    waits: true,
    open: (urls) => giveway(async () => (await import('../../dist/memcached.mjs')).memcachedStore({ servers: urls.memcached }), urls),
  },
  {
    name: 'memjs add + delete (the limit)',
    backend: 'memcached',
    ownerChecked: false,
    waits: false,
    async open(urls) {
      const { Client } = require('memjs');
      const client = Client.create(urls.memcached, { logger: { log() {} }, retries: 1 });
      return {
        async take(key) {
          if (!(await client.add(key, 'x', { expires: 30 }))) throw new Error('held');
          return () => client.delete(key);
        },
        close: () => client.close(),
      };
    },
  },
  {
    name: 'memjs add, get, delete',
    backend: 'memcached',
    ownerChecked: false,
    waits: true,
    async open(urls) {
      const { Client } = require('memjs');
      const { randomUUID } = await import('node:crypto');
      const client = Client.create(urls.memcached, { logger: { log() {} }, retries: 1 });
      return {
        async take(key) {
          const token = randomUUID();
          while (!(await client.add(key, token, { expires: 30 }))) await new Promise((resolve) => setTimeout(resolve, retryMs));
          return async () => {
            const { value } = await client.get(key);
            if (value?.toString() === token) await client.delete(key);
          };
        },
        close: () => client.close(),
      };
    },
  },
  {
    name: 'giveway, redis',
    backend: 'redis',
    ours: true,
    ownerChecked: true,
    waits: true,
    async open(urls) {
      const client = await ioredis(urls);
      const session = await giveway(async () => (await import('../../dist/redis.mjs')).redisStore({ client }), urls);
      return {
        take: session.take,
        async close() {
          await session.close();
          client.disconnect();
        },
      };
    },
  },
  {
    name: 'redis-semaphore',
    backend: 'redis',
    ownerChecked: true,
    waits: true,
    async open(urls) {
      const { Mutex } = require('redis-semaphore');
      const client = await ioredis(urls);
      return {
        async take(key) {
          const mutex = new Mutex(client, key, { lockTimeout: ttlMs, acquireTimeout: waitMs, retryInterval: retryMs });
          await mutex.acquire();
          return () => mutex.release();
        },
        close: () => client.disconnect(),
      };
    },
  },
  {
    name: 'redlock 5 beta',
    backend: 'redis',
    ownerChecked: true,
    waits: true,
    async open(urls) {
      const { default: Redlock } = require('redlock');
      const client = await ioredis(urls);
      const redlock = new Redlock([client], { retryCount: waitMs / retryMs, retryDelay: retryMs, retryJitter: retryMs / 2 });
      redlock.on('error', () => {});
      return {
        async take(key) {
          const lock = await redlock.acquire([key], ttlMs);
          return () => lock.release();
        },
        close: () => client.disconnect(),
      };
    },
  },
  {
    name: '@sesamecare-oss/redlock',
    backend: 'redis',
    ownerChecked: true,
    waits: true,
    async open(urls) {
      const { Redlock } = require('@sesamecare-oss/redlock');
      const client = await ioredis(urls);
      const redlock = new Redlock([client], { retryCount: waitMs / retryMs, retryDelay: retryMs, retryJitter: retryMs / 2 });
      redlock.on('error', () => {});
      return {
        async take(key) {
          const lock = await redlock.acquire([key], ttlMs);
          return () => lock.release();
        },
        close: () => client.disconnect(),
      };
    },
  },
  {
    name: '@verrou/core',
    backend: 'redis',
    ownerChecked: true,
    waits: true,
    async open(urls) {
      const { LockFactory } = await import('@verrou/core');
      const { redisStore } = await import('@verrou/core/drivers/redis');
      const client = await ioredis(urls);
      const factory = new LockFactory(redisStore({ connection: client as never }).factory());
      return {
        async take(key) {
          const lock = factory.createLock(key, ttlMs);
          await lock.acquire({ retry: { delay: retryMs, timeout: waitMs } });
          return () => lock.release();
        },
        close: () => client.disconnect(),
      };
    },
  },
  {
    name: 'giveway, postgres',
    backend: 'postgres',
    ours: true,
    ownerChecked: true,
    waits: true,
    open: (urls) =>
      giveway(
        async () =>
          (await import('../../dist/postgres.mjs')).postgresStore({ connectionString: urls.postgres, createTable: true, listen: true }),
        urls,
      ),
  },
  {
    name: 'advisory-lock',
    backend: 'postgres',
    ownerChecked: true,
    waits: true,
    async open(urls) {
      const { default: advisoryLock } = require('advisory-lock');
      const createMutex = advisoryLock(urls.postgres);
      return { take: (key) => createMutex(key).lock(), close: () => {} };
    },
  },
];

export function contenderNamed(name: string): Contender {
  const found = contenders.find((contender) => contender.name === name);
  if (found === undefined) throw new Error(`There is no contender "${name}"; there are ${contenders.map((each) => each.name).join(', ')}`);
  return found;
}
