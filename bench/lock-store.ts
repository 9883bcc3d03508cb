/** The servers that keep the locks in a benchmark, and how many requests they get. */
import { Redis } from 'ioredis';
import type { LockStore } from '../src/lock/store.ts';
import { memcachedStore } from '../src/stores/memcached/index.ts';
import { postgresStore } from '../src/stores/postgres/index.ts';
import { redisStore } from '../src/stores/redis/index.ts';
import { memcachedServer, type ProcessServer, postgresServer, redisServer } from '../test/support/services.ts';

// 64 processes have three connections each.
const kinds = { memcached: memcachedServer, redis: redisServer, postgres: () => postgresServer(['-c', 'max_connections=400']) };
export type StoreName = keyof typeof kinds;

/** Where a store's server is. */
export interface StorePlace {
  readonly name: StoreName;
  readonly url: string;
}

export function storeNamed(name: string): StoreName {
  if (Object.hasOwn(kinds, name)) return name as StoreName;
  throw new Error(`--store is ${name}; it is one of ${Object.keys(kinds).join(', ')}`);
}

export function startLockServer(name: StoreName): Promise<ProcessServer> {
  return kinds[name]();
}

/** Where dozens of processes start on two cores, an answer takes its time; that is not what is measured. */
const timeoutMs = 5_000;

/** A store whose calls are counted; each is one request while nothing fails. */
export interface CountedStore {
  readonly store: LockStore;
  requests(): number;
}

export async function openLockStore({ name, url }: StorePlace): Promise<CountedStore> {
  switch (name) {
    case 'memcached':
      return counted(memcachedStore({ servers: url, timeoutMs }));
    case 'redis':
      return counted(redisStore({ client: new Redis(url), timeoutMs }));
    case 'postgres': {
      const store = postgresStore({ connectionString: url, createTable: true, timeoutMs });
      await store.read('bench-warm-up'); // the table is made by whoever comes first
      return counted(store);
    }
  }
}

const requesting: ReadonlySet<string | symbol> = new Set(['read', 'create', 'replace', 'remove', 'append'] satisfies (keyof LockStore)[]);

function counted(store: LockStore): CountedStore {
  let requests = 0;
  const counting = new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function' || !requesting.has(name)) return member;
      return (...args: unknown[]): unknown => {
        requests++;
        return member.apply(target, args);
      };
    },
  });
  return { store: counting, requests: () => requests };
}
