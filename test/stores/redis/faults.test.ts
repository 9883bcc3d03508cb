import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import type { LockStore, Version } from '../../../src/lock/store.ts';
import { redisStore } from '../../../src/stores/redis/index.ts';
import { type FaultProxy, startProxy } from '../../support/proxy.ts';
import { type ProcessServer, redisServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';
import { clientKinds, type OpenClient, openClient } from './clients.ts';

const unavailable = { name: 'StoreUnavailableError' };
const minute = 60_000;
const timeoutMs = 600;

// A server of our own: it is paused and killed.
describeWith('redis', () => {
  describe.each(clientKinds)('over %s', (kind) => {
    let server: ProcessServer;
    let proxy: FaultProxy;
    let clients: OpenClient[];
    let store: LockStore;
    /** Another process, with a connection that never breaks. */
    let other: LockStore;
    let key: string;
    let serial = 0;

    beforeAll(async () => {
      server = await redisServer();
      proxy = await startProxy(server, { protocol: 'redis' });
      clients = [await openClient(kind, `redis://${proxy.url}`), await openClient(kind, server.url)];
      [store, other] = clients.map(({ client }) => redisStore({ client, timeoutMs, breaker: false, fences: false })) as [
        LockStore,
        LockStore,
      ];
    }, 90_000);
    beforeEach(async () => {
      key = `key-${serial++}`;
      await healthy();
      proxy.forget();
    });
    afterEach(() => proxy.heal());
    afterAll(async () => {
      await Promise.all([store.close(), other.close()]);
      for (const client of clients) client.close();
      await proxy.close();
      await server.stop();
    });

    async function healthy(): Promise<void> {
      for (const each of [store, other])
        while (
          !(await each.read(key).then(
            () => true,
            () => false,
          ))
        );
    }
    async function created(value = 'mine'): Promise<Version> {
      const version = await store.create(key, value, minute);
      if (version === undefined) throw new Error('not created');
      return version;
    }

    test('create and remove are one request each, from the very first on', async () => {
      expect(await store.remove(key, await created())).toBe(true);
      expect(await store.remove(key, await created())).toBe(true);
      expect(proxy.operations).toEqual(['EVAL', 'EVAL', 'SET', 'EVALSHA']);
    });

    test('a refused create and the look at who has it are one request each', async () => {
      await other.create(key, 'theirs', minute);
      expect(await store.create(key, 'mine', minute)).toBeUndefined();
      expect(await store.read(key)).toMatchObject({ value: 'theirs' });
      expect(proxy.operations).toEqual(['SET', 'GET']);
    });

    const losses: [string, (times?: number) => void][] = [
      ['a reset', (times) => proxy.resetAfterApply(times)],
      ['a close', (times) => proxy.closeAfterApply(times)],
      ['a partial reply', (times) => proxy.cutReply(2, times)],
    ];

    test.each(losses)('after %s a write that was done counts as done', async (_, lose) => {
      lose();
      const first = await created('1');
      expect(await other.read(key)).toEqual({ value: '1', version: first });
      lose();
      const second = (await store.replace(key, '2', first, minute)) as Version;
      expect(await other.read(key)).toEqual({ value: '2', version: second });
      lose();
      const third = (await store.append?.(key, ' +é', second)) as Version;
      expect(await other.read(key)).toEqual({ value: '2 +é', version: third });
    });

    test.each(losses)('after %s a removal that was done leaves nothing, and is not called a no', async (_, lose) => {
      const version = await created();
      lose();
      // Whether it was this call or the end of its TTL cannot be told: Redis keeps no trace.
      await expect(store.remove(key, version)).rejects.toMatchObject(unavailable);
      expect(await other.read(key)).toBeUndefined();
      await healthy();
      expect(await store.remove(key, version)).toBe(false);
    });

    test.each(losses)('after %s what is theirs stays theirs', async (_, lose) => {
      const stale = await created();
      expect(await other.remove(key, stale)).toBe(true);
      const theirs = await other.create(key, 'theirs', minute);
      lose();
      expect(await store.create(key, 'mine', minute)).toBeUndefined();
      lose();
      expect(await store.replace(key, 'mine', stale, minute)).toBeUndefined();
      lose();
      expect(await store.append?.(key, ' mine', stale)).toBeUndefined();
      lose();
      await expect(store.remove(key, stale)).rejects.toMatchObject(unavailable);
      expect(await other.read(key)).toEqual({ value: 'theirs', version: theirs });
    });

    test.each([
      ['a black hole', () => proxy.blackHole()],
      ['a reply that comes too late', () => proxy.lateReply(timeoutMs + 200)],
      ['requests that vanish', () => proxy.dropRequests()],
    ] as [string, () => void][])('%s is an error at the deadline', async (_, breakIt) => {
      const version = await created();
      breakIt();
      const { error, awakeMs } = await timed(store.replace(key, 'next', version, minute));
      expect(error).toMatchObject({
        ...unavailable,
        code: 'ERR_GIVEWAY_STORE_TIMEOUT',
        message: `Redis did not answer within ${timeoutMs} ms`,
      });
      expect(awakeMs).toBeLessThan(timeoutMs + 300);
      proxy.heal();
      proxy.resetConnections(); // what vanished stays lost, and the client waits for it before all that comes later
    });

    test('a reply that came while the process was blocked beyond the deadline is believed', async () => {
      const version = (await other.create(key, 'value', minute)) as Version;
      // Not through the proxy, which would be blocked too.
      const removal = other.remove(key, version);
      await sleep(1); // it is sent
      const until = performance.now() + timeoutMs + 200;
      while (performance.now() < until);
      expect(await removal).toBe(true);
    });

    test('while the client is not connected nothing is put into its queue', async () => {
      const version = await created();
      await server.kill();
      await expect(store.replace(key, 'ghost', version, minute)).rejects.toMatchObject(unavailable);
      await expect(store.create(`${key} ghost`, 'ghost', minute)).rejects.toMatchObject(unavailable);
      await server.start();
      await healthy();
      await sleep(50);
      expect(await store.read(`${key} ghost`)).toBeUndefined();
    });

    test('a server that is stopped for three seconds is an error each time, within the deadline, and works when it goes on', async () => {
      const version = await created();
      server.pause();
      const end = performance.now() + 3_000;
      while (performance.now() < end) {
        const { error, awakeMs } = await timed(store.create(`${key} another`, 'value', minute));
        expect(error).toMatchObject(unavailable);
        expect(awakeMs).toBeLessThan(timeoutMs + 300);
      }
      server.resume();
      await healthy();
      expect(await store.remove(key, version)).toBe(true);
    });
  });

  // With one node alone the whole cluster would be away, and say so.
  test('nothing is put into the queue of ioredis either while it has not yet been told that its connection ended', async () => {
    const server = await redisServer();
    const client = new Redis(server.url, { retryStrategy: () => 2 * timeoutMs });
    const store = redisStore({ client, timeoutMs, breaker: false, fences: false });
    await store.read('key');
    client.stream.destroy();
    await expect(store.create('key', 'ghost', minute)).rejects.toMatchObject(unavailable);
    while (client.status !== 'ready') await sleep(20);
    expect(await store.read('key')).toBeUndefined();
    await store.close();
    client.disconnect();
    await server.stop();
  });

  test('a cluster of ioredis that loses one of its nodes: a removal that was done is not called a no', async () => {
    const servers = await Promise.all([1, 2].map(() => redisServer(['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'])));
    const admins = servers.map(({ url }) => new Redis(url));
    const [server, other] = servers as [ProcessServer, ProcessServer];
    const [admin, otherAdmin] = admins as [Redis, Redis];
    const proxy = await startProxy(server, { protocol: 'redis' });
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16382');
    await otherAdmin.call('CLUSTER', 'ADDSLOTSRANGE', '16383', '16383');
    await otherAdmin.call('CLUSTER', 'SET-CONFIG-EPOCH', '2');
    await admin.config('SET', 'cluster-announce-port', String(proxy.port));
    await otherAdmin.call('CLUSTER', 'MEET', server.host, String(server.port), String(server.port + 10_000));
    for (const each of admins) while (!String(await each.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) await sleep(20);
    while (!String(await otherAdmin.call('CLUSTER', 'SLOTS')).includes(String(proxy.port))) await sleep(20);

    const client = new Cluster([other]);
    const store = redisStore({ client, breaker: false });
    const version = (await store.create('key', 'mine', minute)) as Version;
    proxy.resetAfterApply();
    await expect(store.remove('key', version)).rejects.toMatchObject(unavailable);
    expect(await store.read('key')).toBeUndefined();

    await store.close();
    client.disconnect();
    for (const each of admins) each.disconnect();
    await proxy.close();
    for (const each of servers) await each.stop();
  }, 60_000);
});
