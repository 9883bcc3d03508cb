/**
 * Counts requests on the wire to real servers. The clock of the lockers is moved by hand, so a hold of five minutes is over in
 * seconds and nothing depends on how busy the machine is.
 */
import { setImmediate } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Redis } from 'ioredis';
import { createLocker, type LockStore } from '../../src/index.ts';
import { LockClient } from '../../src/leases/index.ts';
import { dynamodbStore } from '../../src/stores/dynamodb/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { postgresStore } from '../../src/stores/postgres/index.ts';
import { redisStore } from '../../src/stores/redis/index.ts';
import { type FakeClock, fakeClock } from '../../src/testing/index.ts';
import { startFront } from '../../test/stores/dynamodb/front.ts';
import { startProxy } from '../../test/support/proxy.ts';
import { dynaliteServer, memcachedServer, postgresServer, redisServer } from '../../test/support/services.ts';
import type { Course, Requests } from './formula.ts';

/** A server, and stores over it whose requests are counted. */
export interface Backend {
  readonly name: string;
  readonly pushes: boolean;
  open(): Promise<CountedStore>;
  stop(): Promise<void>;
}

interface CountedStore {
  readonly store: LockStore;
  /** Requests so far, without those that only set up a connection. */
  requests(): number;
  close(): Promise<void>;
}

const timeoutMs = 10_000;
/** What clients send of their own accord when they connect. */
const greetings = new Set(['INFO', 'CLIENT', 'HELLO']);

export async function memcachedBackend(): Promise<Backend> {
  const server = await memcachedServer();
  return {
    name: 'memcached',
    pushes: false,
    async open() {
      const proxy = await startProxy(server);
      return counted(memcachedStore({ servers: proxy.url, timeoutMs }), proxy);
    },
    stop: () => server.stop(),
  };
}

export async function redisBackend(): Promise<Backend> {
  const server = await redisServer();
  return {
    name: 'redis',
    pushes: true,
    async open() {
      const proxy = await startProxy(server, { protocol: 'redis' });
      const client = new Redis(`redis://${proxy.url}`);
      return counted(redisStore({ client, timeoutMs }), proxy, () => client.disconnect());
    },
    stop: () => server.stop(),
  };
}

export async function postgresBackend(): Promise<Backend> {
  const server = await postgresServer();
  return {
    name: 'postgres',
    pushes: true,
    async open() {
      const proxy = await startProxy(server, { protocol: 'postgres' });
      const connectionString = server.url.replace(String(server.port), String(proxy.port));
      return counted(postgresStore({ connectionString, createTable: true, timeoutMs }), proxy);
    },
    stop: () => server.stop(),
  };
}

export async function dynamodbBackend(): Promise<Backend> {
  const server = await dynaliteServer();
  const tableName = 'locks';
  const clientOf = (endpoint: string): DynamoDBClient =>
    new DynamoDBClient({ endpoint, region: 'eu-west-1', credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'none' } });
  const maker = clientOf(server.url);
  await dynamodbStore({ client: maker, tableName }).createTable();
  maker.destroy();
  return {
    name: 'dynamodb',
    pushes: false,
    async open() {
      const front = await startFront(server.url);
      const client = clientOf(front.url);
      return counted(dynamodbStore({ client, tableName, timeoutMs }), front, () => client.destroy());
    },
    stop: () => server.stop(),
  };
}

/** A lock of a locker is held for `holdMs` while another process waits for it. */
export function lockCost(backend: Backend, course: Course): Promise<Requests> {
  return cost(backend, course, (store, clock, namespace) => {
    const locker = createLocker({ store, clock, namespace, ttlMs: course.beatMs * 3, maxHoldMs: 86_400_000 });
    const lock = async () => {
      const held = await locker.lock('events', { retry: { maxWaitMs: 86_400_000 } });
      return () => held.unlock();
    };
    return { lock, close: () => locker.close() };
  });
}

/** The same of `LockClient`, with leases of four heartbeats. */
export function leaseCost(backend: Backend, course: Course): Promise<Requests> {
  return cost(backend, course, (store, clock, namespace) => {
    const client = new LockClient({
      store,
      clock,
      namespace,
      leaseDurationMs: course.beatMs * 4,
      heartbeatPeriodMs: course.beatMs,
    });
    const lock = async () => {
      const item = await client.acquireLock({ partitionKey: 'events', additionalTimeToWaitForLockMs: 86_400_000 });
      return () => client.releaseLock(item);
    };
    return { lock, close: () => client.close() };
  });
}

/** All that one process asks of the store while so many of its own take turns, each holding for `holdMs`. */
export async function turnsCost(backend: Backend, { turns, holdMs }: { turns: number; holdMs: number }): Promise<number> {
  const clock = fakeClock({ wallMs: Date.now() });
  const traffic = createTraffic();
  const { store, ...mine } = await backend.open();
  await store.read('connect');
  const before = mine.requests();
  const locker = createLocker({ store: traffic.watch(store), clock, namespace: `cost${++courses}` });
  const ends = Array.from({ length: turns }, async () => {
    const lock = await locker.lock('events', { retry: { maxWaitMs: 86_400_000 } });
    await new Promise<void>((resolve) => void clock.setTimer(resolve, holdMs));
    return lock.unlock();
  });
  await until(Promise.all(ends), clock, traffic.quiet);
  const requests = mine.requests() - before;
  await locker.close();
  await mine.close();
  return requests;
}

/** What a lock costs that is taken by the process which has just let it go, after it had held it for `holdMs`. */
export async function againCost(backend: Backend, holdMs: number): Promise<number> {
  const clock = fakeClock({ wallMs: Date.now() });
  const traffic = createTraffic();
  const { store, ...mine } = await backend.open();
  const locker = createLocker({ store: traffic.watch(store), clock, namespace: `cost${++courses}` });
  const first = await locker.lock('events');
  await pass(clock, holdMs, traffic.quiet);
  await first.unlock();
  const before = mine.requests();
  await (await locker.lock('events')).unlock();
  const requests = mine.requests() - before;
  await locker.close();
  await mine.close();
  return requests;
}

interface Party {
  lock(): Promise<() => Promise<boolean>>;
  close(): Promise<void>;
}

let courses = 0;

async function cost(
  backend: Backend,
  { holdMs, waiters }: Course,
  open: (store: LockStore, clock: FakeClock, namespace: string) => Party,
): Promise<Requests> {
  const clock = fakeClock({ wallMs: Date.now() });
  const namespace = `cost${++courses}`;
  const traffic = createTraffic();
  const [mine, theirs] = [await backend.open(), await backend.open()];
  const [holder, other] = [open(traffic.watch(mine.store), clock, namespace), open(traffic.watch(theirs.store), clock, namespace)];
  await Promise.all([mine.store.read('connect'), theirs.store.read('connect')]);
  const before = [mine.requests(), theirs.requests()] as const;
  const unlock = await holder.lock();
  const ends = Array.from({ length: waiters }, async () => (await other.lock())());
  await pass(clock, holdMs, traffic.quiet);
  const meanwhile = theirs.requests() - before[1];
  await unlock();
  const requests = { holder: mine.requests() - before[0], waiting: meanwhile };
  await until(Promise.all(ends), clock, traffic.quiet);
  await Promise.all([holder.close(), other.close()]);
  await Promise.all([mine.close(), theirs.close()]);
  return requests;
}

/** Time passes until `end` has come. */
async function until(end: Promise<unknown>, clock: FakeClock, quiet: () => Promise<void>): Promise<void> {
  let over = false;
  const ended = end.finally(() => {
    over = true;
  });
  while (!over) await pass(clock, 1, quiet);
  await ended;
}

/** Time passes in steps so small that timers which an answer sets are set on time; answers get all the real time they need. */
async function pass(clock: FakeClock, ms: number, quiet: () => Promise<void>): Promise<void> {
  for (let passedMs = 0, stepMs = 1; passedMs < ms; passedMs += stepMs) {
    stepMs = Math.min(passedMs < 5_000 ? 1 : 10, ms - passedMs);
    await clock.advance(stepMs);
    await quiet();
  }
}

interface Traffic {
  watch(store: LockStore): LockStore;
  /** No call is under way, and what subscribers must be told they have been told. */
  quiet(): Promise<void>;
}

function createTraffic(): Traffic {
  let underWay = 0;
  let listeners = 0;
  let heard = 0;
  let mustHear = 0;

  async function call<T>(operation: () => Promise<T>, announced: (result: T) => boolean = () => false): Promise<T> {
    const before = heard;
    underWay += 1;
    try {
      const result = await operation();
      if (listeners > 0 && announced(result)) mustHear = Math.max(mustHear, before + 1);
      return result;
    } finally {
      underWay -= 1;
    }
  }

  return {
    watch: (store) => ({
      traits: store.traits,
      read: (key) => call(() => store.read(key)),
      create: (key, value, ttlMs) => call(() => store.create(key, value, ttlMs)),
      replace: (key, value, version, ttlMs) =>
        call(
          () => store.replace(key, value, version, ttlMs),
          (next) => next !== undefined,
        ),
      remove: (key, version) => call(() => store.remove(key, version)),
      ...(store.subscribe && {
        subscribe: (key: string, onChange: () => void) => {
          listeners += 1;
          mustHear = heard + 1; // a subscription that begins to stand says so
          const subscription = store.subscribe?.(key, () => {
            heard += 1;
            onChange();
          });
          return {
            [Symbol.dispose]: () => {
              listeners -= 1;
              mustHear = 0;
              subscription?.[Symbol.dispose]();
            },
          };
        },
      }),
      close: () => store.close(),
    }),
    async quiet() {
      while (underWay > 0 || heard < mustHear) await setImmediate();
    },
  };
}

function counted(
  store: LockStore,
  wire: { readonly operations: readonly string[]; close(): Promise<void> },
  disconnect: () => void = () => {},
): CountedStore {
  return {
    store,
    requests() {
      return wire.operations.filter((operation) => !greetings.has(operation)).length;
    },
    async close() {
      await store.close();
      disconnect();
      await wire.close();
    },
  };
}
