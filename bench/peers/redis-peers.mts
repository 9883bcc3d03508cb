/** Locks on Redis, all over ioredis. */
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { type Contender, pause, retryMs, type Session, ttlMs, type Urls, waitMs } from './contender.mts';

const require = createRequire(import.meta.url);

export async function ioredis(urls: Urls) {
  const { Redis } = await import('ioredis');
  return new Redis(urls.redis);
}

/** Of the two redlocks, which have the same surface. */
async function redlockSession(Redlock: new (...args: unknown[]) => never, urls: Urls): Promise<Session> {
  const client = await ioredis(urls);
  const settings = { retryCount: waitMs / retryMs, retryDelay: retryMs, retryJitter: retryMs / 2 };
  const redlock = new Redlock([client], settings) as { on(name: string, listener: () => void): void; acquire(...args: unknown[]): never };
  redlock.on('error', () => {});
  return {
    acquire: (key) => redlock.acquire([key], ttlMs),
    release: (lock: { release(): unknown }) => lock.release(),
    close: () => client.disconnect(),
  };
}

export const byHand = 'SET NX + compare-and-delete by hand';

export const redisPeers: readonly Contender[] = [
  {
    name: byHand,
    backend: 'redis',
    ownerChecked: true,
    waits: true,
    async open(urls) {
      const client = await ioredis(urls);
      const lua = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end`;
      client.defineCommand('deleteIf', { numberOfKeys: 1, lua });
      const { deleteIf } = client as unknown as { deleteIf(key: string, token: string): Promise<number> };
      return {
        async acquire(key) {
          const token = randomUUID();
          while ((await client.set(key, token, 'PX', ttlMs, 'NX')) === null) await pause();
          return { key, token };
        },
        release: ({ key, token }: { key: string; token: string }) => deleteIf.call(client, key, token),
        close: () => client.disconnect(),
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
        async acquire(key) {
          const mutex = new Mutex(client, key, { lockTimeout: ttlMs, acquireTimeout: waitMs, retryInterval: retryMs });
          await mutex.acquire();
          return mutex;
        },
        release: (mutex: { release(): unknown }) => mutex.release(),
        close: () => client.disconnect(),
      };
    },
  },
  {
    name: 'redlock 5 beta',
    backend: 'redis',
    ownerChecked: true,
    waits: true,
    open: (urls) => redlockSession(require('redlock').default, urls),
  },
  {
    name: '@sesamecare-oss/redlock',
    backend: 'redis',
    ownerChecked: true,
    waits: true,
    open: (urls) => redlockSession(require('@sesamecare-oss/redlock').Redlock, urls),
  },
  {
    name: 'redlock-universal',
    backend: 'redis',
    ownerChecked: true,
    waits: true,
    nodeMajor: 22,
    async open(urls) {
      const { createLock, IoredisAdapter } = await import('redlock-universal');
      const client = await ioredis(urls);
      const adapter = new IoredisAdapter(client as never);
      const settings = { adapter, ttl: ttlMs, retryAttempts: waitMs / retryMs, retryDelay: retryMs };
      return {
        async acquire(key) {
          const lock = createLock({ ...settings, key });
          return { lock, handle: await lock.acquire() };
        },
        release: ({ lock, handle }: { lock: ReturnType<typeof createLock>; handle: never }) => lock.release(handle),
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
        async acquire(key) {
          const lock = factory.createLock(key, ttlMs);
          await lock.acquire({ retry: { delay: retryMs, timeout: waitMs } });
          return lock;
        },
        release: (lock: { release(): unknown }) => lock.release(),
        close: () => client.disconnect(),
      };
    },
  },
];
