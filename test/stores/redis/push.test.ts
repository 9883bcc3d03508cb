import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { createCluster } from 'redis';
import { createLocker } from '../../../src/lock/api/locker.ts';
import type { Entry, LockStore, StoreNotice, Version } from '../../../src/lock/store.ts';
import { redisStore } from '../../../src/stores/redis/index.ts';
import { type FaultProxy, startProxy } from '../../support/proxy.ts';
import { type ProcessServer, redisNode, redisServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { clientKinds, openClient } from './clients.ts';

const minute = 60_000;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] as number;
}

describeWith('redis', () => {
  describe.each(clientKinds)('over %s', (kind) => {
    let server: ProcessServer;
    let proxy: FaultProxy;
    const closing: (() => unknown)[] = [];
    beforeAll(async () => {
      server = await redisServer();
      proxy = await startProxy(server, { protocol: 'redis' });
    }, 90_000);
    afterEach(async () => {
      proxy.heal();
      for (const close of closing.splice(0)) await close();
    });
    afterAll(async () => {
      await proxy.close();
      await server.stop();
    });

    async function open(url = server.url): Promise<LockStore> {
      const { client, close } = await openClient(kind, url);
      const store = redisStore({ client, breaker: false });
      closing.push(() => store.close(), close);
      return store;
    }
    const proxied = (): string => `redis://${proxy.url}`;

    test('any number of subscriptions cost one SUBSCRIBE on one connection, and each hears of its own key alone', async () => {
      const [writer, listening] = [await open(), await open(proxied())];
      const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
      const versions = await Promise.all(keys.map((key) => writer.create(key, key, minute)));
      proxy.forget();
      const heard = new Map<string, number>();
      const hear = (key: string) => (): void => void heard.set(key, (heard.get(key) ?? 0) + 1);
      for (const key of keys) listening.subscribe?.(key, hear(key));
      await until(() => heard.size === 50); // all are told once when it begins to listen
      heard.clear();
      await writer.remove('key-7', versions[7] as Version);
      await writer.replace('key-8', 'next', versions[8] as Version, minute);
      await until(() => heard.size === 2);
      expect([...heard]).toEqual([
        ['key-7', 1],
        ['key-8', 1],
      ]);
      expect(proxy.operations.filter((operation) => operation === 'SUBSCRIBE')).toHaveLength(1);
      expect(proxy.connections).toBe(1);
    });

    test('a replace says what stands there now, and by that version it can be removed; a removal says nothing more', async () => {
      const [writer, listening] = [await open(), await open()];
      const heard: unknown[] = [];
      listening.subscribe?.('told', (now) => heard.push(now));
      await until(() => heard.length === 1); // told once when it begins to listen
      const first = (await writer.create('told', '1 é', minute)) as Version;
      const second = (await writer.replace('told', '2\né', first, minute)) as Version;
      await until(() => heard.length === 2);
      expect(heard[1]).toEqual({ value: '2\né', version: second });
      expect(await listening.remove('told', (heard[1] as Entry).version)).toBe(true);
      await until(() => heard.length === 3);
      expect(heard[2]).toBeUndefined();
      const long = (await writer.replace(
        'told',
        'x'.repeat(10_000),
        (await writer.create('told', '', minute)) as Version,
        minute,
      )) as Version;
      await until(() => heard.length === 4);
      expect(heard[3]).toBeUndefined(); // too long for a channel that everybody hears
      await writer.remove('told', long);
    });

    test('version 0.1.0 hears the keys that we change, and we hear its', async () => {
      const [store, old] = [await open(), new Redis(server.url)];
      const older: string[] = [];
      old.on('message', (_channel, message) => older.push(message));
      await old.subscribe('giveway:changed');
      let calls = 0;
      store.subscribe?.('rolling', () => calls++);
      await until(() => calls === 1);
      const version = (await store.create('rolling', '1', minute)) as Version;
      await store.remove('rolling', (await store.replace('rolling', '2', version, minute)) as Version);
      await until(() => older.length === 3);
      expect(older.filter((message) => message === 'rolling')).toHaveLength(2);
      await until(() => calls === 3);
      await old.unsubscribe();
      await old.publish('giveway:changed', 'rolling');
      old.disconnect();
      await until(() => calls === 4);
    });

    test('when the connection breaks, or the server restarts, it listens again, and whoever waits is told to look', async () => {
      const store = await open(proxied());
      let calls = 0;
      store.subscribe?.('key', () => calls++);
      await until(() => calls === 1);
      proxy.resetConnections();
      await until(() => calls >= 2);
      await server.restart();
      await until(() => calls >= 3);
      const version = (await store.create('key', 'value', minute)) as Version;
      await sleep(100);
      const before = calls;
      await store.remove('key', version);
      await until(() => calls > before);
    });

    test('close ends the listening connection, and leaves the client open and without our listeners', async () => {
      const { client, close } = await openClient(kind, proxied());
      const emitter = client as unknown as { eventNames(): string[]; listenerCount(event: string): number };
      const listeners = (): number => emitter.eventNames().reduce((sum, event) => sum + emitter.listenerCount(event), 0);
      const before = listeners();
      const store = redisStore({ client });
      let calls = 0;
      store.subscribe?.('key', () => calls++);
      await until(() => calls === 1);
      await store.close();
      expect(listeners()).toBe(before);
      const again = redisStore({ client });
      expect(await again.read('key')).toBeUndefined();
      await again.close();
      close();
    });

    test('32 waiters cost no request while the resource is held, and at most one each time a holder ends', async () => {
      const [held, waited] = [createLocker({ store: await open() }), createLocker({ store: await open(proxied()) })];
      const lock = await held.lock('events');
      const waiters = Array.from({ length: 32 }, async () => {
        const next = await waited.lock('events', { retry: { maxWaitMs: 20_000, delayMs: 10_000, maxDelayMs: 10_000 } });
        await next.unlock();
      });
      await sleep(400); // it subscribes, looks, and looks once more when it begins to listen: sooner or later
      do {
        proxy.forget();
        await sleep(1_500);
      } while (proxy.operations.some((operation) => operation !== 'PING')); // whoever is called looks once in ten seconds, for what no call tells
      await lock.unlock();
      await Promise.all(waiters);
      expect(proxy.requests).toBeLessThanOrEqual(2 * 33);
      await Promise.all([held.close(), waited.close()]);
    });

    test('from one process to another a lock passes in less than 5 ms, or ten round trips where the machine is busy', async () => {
      const stores = [await open(), await open()];
      const [one, other] = stores.map((store) => createLocker({ store }));
      const roundTripMs: number[] = [];
      const handOverMs: number[] = [];
      for (let round = 0; round < 31; round += 1) {
        const [from, to] = round % 2 === 0 ? [one, other] : [other, one];
        const held = await from?.lock('hand-over');
        // Who polls would look again in ten seconds.
        const next = to?.lock('hand-over', { retry: { delayMs: 10_000, maxDelayMs: 10_000 } });
        await sleep(60);
        const askedMs = performance.now();
        await stores[1]?.read('hand-over');
        const releasedMs = performance.now();
        await held?.unlock();
        const lock = await next;
        handOverMs.push(performance.now() - releasedMs);
        roundTripMs.push(releasedMs - askedMs);
        await lock?.unlock();
      }
      expect(Math.min(...handOverMs)).toBeLessThan(Math.max(5, 10 * median(roundTripMs)));
      await Promise.all([one?.close(), other?.close()]);
    });

    test('a user who may not publish can still lock', async () => {
      const admin = new Redis(server.url);
      await admin.call('ACL', 'SETUSER', 'mute', 'on', '>secret', '~*', '+@all', '-publish');
      const store = await open(server.url.replace('redis://', 'redis://mute:secret@'));
      const version = (await store.create('mute', 'value', minute)) as Version;
      const next = (await store.replace('mute', 'next', version, minute)) as Version;
      expect(await store.remove('mute', next)).toBe(true);
      expect(await admin.exists('mute')).toBe(0);
      admin.disconnect();
    });
  });

  test.each(clientKinds)('a user who may not subscribe is told so, and polls, over %s', async (kind) => {
    const server = await redisServer();
    const admin = new Redis(server.url);
    await admin.call('ACL', 'SETUSER', 'deaf', 'on', '>secret', '~*', 'resetchannels', '+@all');
    const { client, close } = await openClient(kind, server.url.replace('redis://', 'redis://deaf:secret@'));
    const store = redisStore({ client });
    const notices: StoreNotice[] = [];
    store.onNotice?.((notice) => notices.push(notice));
    expect(store.traits.pushes).toBe(true);
    let calls = 0;
    store.subscribe?.('key', () => calls++);
    await until(() => notices.length > 0);
    expect(notices).toEqual([
      {
        code: 'ERR_GIVEWAY_NO_PUSH',
        message: expect.stringContaining('does not let this user subscribe to "giveway:changed", so waiters poll: NOPERM'),
      },
    ]);
    expect({ calls, pushes: store.traits.pushes }).toEqual({ calls: 0, pushes: false }); // they poll from the start
    await store.close();
    close();
    admin.disconnect();
    await server.stop();
  });

  test.each(clientKinds)(
    'a server that takes no more connections lets waiters poll, and push when it takes them again, over %s',
    async (kind) => {
      const server = await redisServer();
      const admin = new Redis(server.url);
      const { client, close } = await openClient(kind, server.url);
      const [held, waited] = [redisStore({ client: admin }), redisStore({ client })];
      await waited.read('key');
      await admin.config('SET', 'maxclients', '2');
      const [holder, waiter] = [createLocker({ store: held }), createLocker({ store: waited })];
      const lock = await holder.lock('events');
      const next = waiter.lock('events', { retry: { maxWaitMs: 20_000 } });
      await until(() => !waited.traits.pushes);
      await lock.unlock();
      const releasedMs = performance.now();
      await (await next).unlock();
      expect(performance.now() - releasedMs).toBeLessThan(5_000); // it used to sleep until the holder's latest end
      await admin.config('SET', 'maxclients', '1000');
      await until(() => waited.traits.pushes);
      await Promise.all([holder.close(), waiter.close()]);
      await Promise.all([held.close(), waited.close()]);
      close();
      admin.disconnect();
      await server.stop();
    },
  );

  describe('a cluster', () => {
    let node: ProcessServer;
    let admin: Redis;
    beforeAll(async () => {
      node = await redisNode();
      admin = new Redis(node.url);
      await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
      while (!String(await admin.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) await sleep(20);
    }, 90_000);
    afterAll(async () => {
      admin.disconnect();
      await node.stop();
    });

    test('of node-redis that is still connecting is waited for', async () => {
      const client = createCluster({ rootNodes: [{ url: node.url }] });
      const connecting = client.connect();
      const store = redisStore({ client });
      expect(await store.create('key', 'value', minute)).toBeDefined();
      await connecting;
      await store.close();
      client.destroy();
    });

    test.each(clientKinds)('changes the listening connection without a word, so waiters poll as well, over %s', async (kind) => {
      const client = kind === 'ioredis' ? new Cluster([node]) : createCluster({ rootNodes: [{ url: node.url }] });
      if (!(client instanceof Cluster)) await client.connect();
      const [held, waited] = [redisStore({ client: admin }), redisStore({ client })];
      const [holder, waiter] = [createLocker({ store: held }), createLocker({ store: waited })];
      const lock = await holder.lock('events');
      const next = waiter.lock('events', { retry: { maxWaitMs: 20_000 } });
      const somebodyListens = async (): Promise<void> => {
        while (!String(await admin.call('CLIENT', 'LIST', 'TYPE', 'pubsub')).includes('id=')) await sleep(5);
      };
      await somebodyListens();
      await sleep(50); // it has looked once more, and waits
      await admin.multi().call('CLIENT', 'KILL', 'TYPE', 'pubsub').call('DEL', 'giveway:events').exec();
      const releasedMs = performance.now();
      await (await next).unlock();
      expect(performance.now() - releasedMs).toBeLessThan(5_000); // it used to sleep until the holder's latest end
      expect(await lock.unlock()).toBe(false);
      await somebodyListens();
      await Promise.all([holder.close(), waiter.close()]);
      await Promise.all([held.close(), waited.close()]);
      if (client instanceof Cluster) client.disconnect();
      else client.destroy();
    });
  });

  test('a key prefix of the client and one of the store both keep keys apart, and push works under them', async () => {
    const server = await redisServer();
    const client = new Redis(server.url, { keyPrefix: 'app:' });
    const store = redisStore({ client, prefix: 'locks:' });
    const version = (await store.create('key', 'value', minute)) as Version;
    const plain = new Redis(server.url);
    expect(await plain.keys('*')).toEqual(expect.arrayContaining(['app:locks:key', 'app:locks:giveway::fence']));
    let calls = 0;
    store.subscribe?.('key', () => calls++);
    await until(() => calls === 1);
    await store.remove('key', version);
    await until(() => calls === 2);
    await store.close();
    client.disconnect();
    plain.disconnect();
    await server.stop();
  });
});
