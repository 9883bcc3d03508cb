/** What is measured: each with its own owner check, on its own best settings, as its README advises. */
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import type { ResourceLocker } from '../../src/index.ts';
import type { LockStore } from '../../src/lock/store.ts';
import { built } from './built.mts';
import { type Backend, type Contender, pause, ttlMs, type Urls, waitMs } from './contender.mts';
import { ioredis, redisPeers } from './redis-peers.mts';

const require = createRequire(import.meta.url);

const stores: Readonly<Record<Backend, (urls: Urls) => Promise<LockStore>>> = {
  memcached: async (urls) => (await import(built('memcached'))).memcachedStore({ servers: urls.memcached }),
  redis: async (urls) => (await import(built('redis'))).redisStore({ client: await ioredis(urls), fences: false }),
  postgres: async (urls) => (await import(built('postgres'))).postgresStore({ connectionString: urls.postgres, createTable: true }),
};

export async function openLocker(backend: Backend, urls: Urls): Promise<ResourceLocker> {
  const { createLocker } = await import(built('index'));
  return createLocker({ store: await stores[backend](urls), closesStore: true, retry: { maxWaitMs: waitMs } });
}

function giveway(backend: Backend): Contender {
  return {
    name: `giveway, ${backend}`,
    backend,
    ours: true,
    ownerChecked: true,
    waits: true,
    async open(urls) {
      const locker = await openLocker(backend, urls);
      return { acquire: (key) => locker.lock(key), release: (lock: { unlock(): unknown }) => lock.unlock(), close: () => locker.close() };
    },
  };
}

function memjs(urls: Urls) {
  const { Client } = require('memjs');
  return Client.create(urls.memcached, { logger: { log() {} }, retries: 1 });
}

export const memjsAlone = 'memjs add + delete';
export const runName = 'giveway, memcached, run';

export const contenders: readonly Contender[] = [
  giveway('memcached'),
  {
    name: runName,
    backend: 'memcached',
    ours: true,
    ownerChecked: true,
    waits: false,
    async open(urls) {
      const locker = await openLocker('memcached', urls);
      const work = (): void => {};
      return { acquire: (key) => locker.run(key, work), release: () => {}, close: () => locker.close() };
    },
  },
  {
    name: memjsAlone,
    backend: 'memcached',
    ownerChecked: false,
    waits: false,
    async open(urls) {
      const client = memjs(urls);
      const held = (added: boolean): void => {
        if (!added) throw new Error('held');
      };
      return {
        async acquire(key) {
          held(await client.add(key, 'x', { expires: ttlMs / 1_000 }));
          return key;
        },
        release: (key) => client.delete(key),
        close: () => client.close(),
      };
    },
  },
  {
    name: 'memjs add, get, delete',
    backend: 'memcached',
    ownerChecked: true,
    waits: true,
    async open(urls) {
      const client = memjs(urls);
      return {
        async acquire(key) {
          const token = randomUUID();
          while (!(await client.add(key, token, { expires: ttlMs / 1_000 }))) await pause();
          return { key, token };
        },
        async release({ key, token }: { key: string; token: string }) {
          const { value } = await client.get(key);
          if (value?.toString() === token) await client.delete(key);
        },
        close: () => client.close(),
      };
    },
  },
  giveway('redis'),
  ...redisPeers,
  giveway('postgres'),
  {
    name: 'advisory-lock',
    backend: 'postgres',
    ownerChecked: true,
    waits: true,
    async open(urls) {
      const { default: advisoryLock } = require('advisory-lock');
      const createMutex = advisoryLock(urls.postgres);
      return { acquire: (key) => createMutex(key).lock(), release: (letGo: () => unknown) => letGo(), close: () => {} };
    },
  },
];

export function contenderNamed(name: string): Contender {
  const found = contenders.find((contender) => contender.name === name);
  if (found === undefined) throw new Error(`There is no contender "${name}"; there are ${contenders.map((each) => each.name).join(', ')}`);
  return found;
}
