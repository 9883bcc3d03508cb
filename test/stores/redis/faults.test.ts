import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import type { Version } from '../../../src/lock/store.ts';
import { redisStore } from '../../../src/stores/redis/index.ts';
import { startProxy } from '../../support/proxy.ts';
import { redisNode, redisServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';
import { minute, setFaultStage, testLateReply, testStoppedServer, unavailable } from '../fault-stage.ts';
import { clientKinds, type OpenClient, openClient } from './clients.ts';

const timeoutMs = 600;

describeWith('redis', () => {
  describe.each(clientKinds)('over %s', (kind) => {
    let clients: OpenClient[];
    const stage = setFaultStage({
      protocol: 'redis',
      start: redisServer,
      async open(server, proxy) {
        clients = [await openClient(kind, `redis://${proxy.url}`), await openClient(kind, server.url)];
        return clients.map(({ client }) => redisStore({ client, timeoutMs, breaker: false, fences: false }));
      },
      end() {
        for (const client of clients) client.close();
      },
    });

    test('create and remove are one request each, from the very first on', async () => {
      expect(await stage.store.remove(stage.key, await stage.created())).toBe(true);
      expect(await stage.store.remove(stage.key, await stage.created())).toBe(true);
      expect(stage.proxy.operations).toEqual(['EVAL', 'EVAL', 'SET', 'EVALSHA']);
    });

    test('a refused create and the look at who has it are one request each', async () => {
      await stage.other.create(stage.key, 'theirs', minute);
      expect(await stage.store.create(stage.key, 'mine', minute)).toBeUndefined();
      expect(await stage.store.read(stage.key)).toMatchObject({ value: 'theirs' });
      expect(stage.proxy.operations).toEqual(['SET', 'GET']);
    });

    const losses: [string, (times?: number) => void][] = [
      ['a reset', (times) => stage.proxy.resetAfterApply(times)],
      ['a close', (times) => stage.proxy.closeAfterApply(times)],
      ['a partial reply', (times) => stage.proxy.cutReply(2, times)],
    ];

    test.each(losses)('after %s a write that was done counts as done', async (_, lose) => {
      lose();
      const first = await stage.created('1');
      expect(await stage.other.read(stage.key)).toEqual({ value: '1', version: first });
      lose();
      const second = (await stage.store.replace(stage.key, '2', first, minute)) as Version;
      expect(await stage.other.read(stage.key)).toEqual({ value: '2', version: second });
      lose();
      const third = (await stage.store.append?.(stage.key, ' +é', second)) as Version;
      expect(await stage.other.read(stage.key)).toEqual({ value: '2 +é', version: third });
    });

    test.each(losses)('after %s a removal that was done leaves nothing, and is not called a no', async (_, lose) => {
      const version = await stage.created();
      lose();
      // Whether it was this call or the end of its TTL cannot be told: Redis keeps no trace.
      await expect(stage.store.remove(stage.key, version)).rejects.toMatchObject(unavailable);
      expect(await stage.other.read(stage.key)).toBeUndefined();
      await stage.healthy();
      expect(await stage.store.remove(stage.key, version)).toBe(false);
    });

    test.each(losses)('after %s what is theirs stays theirs', async (_, lose) => {
      const stale = await stage.created();
      expect(await stage.other.remove(stage.key, stale)).toBe(true);
      const theirs = await stage.other.create(stage.key, 'theirs', minute);
      lose();
      expect(await stage.store.create(stage.key, 'mine', minute)).toBeUndefined();
      lose();
      expect(await stage.store.replace(stage.key, 'mine', stale, minute)).toBeUndefined();
      lose();
      expect(await stage.store.append?.(stage.key, ' mine', stale)).toBeUndefined();
      lose();
      await expect(stage.store.remove(stage.key, stale)).rejects.toMatchObject(unavailable);
      expect(await stage.other.read(stage.key)).toEqual({ value: 'theirs', version: theirs });
    });

    test.each([
      ['a black hole', () => stage.proxy.blackHole()],
      ['a reply that comes too late', () => stage.proxy.lateReply(timeoutMs + 200)],
      ['requests that vanish', () => stage.proxy.dropRequests()],
    ] as [string, () => void][])('%s is an error at the deadline', async (_, breakIt) => {
      const version = await stage.created();
      breakIt();
      const { error, awakeMs } = await timed(stage.store.replace(stage.key, 'next', version, minute));
      expect(error).toMatchObject({
        ...unavailable,
        code: 'ERR_GIVEWAY_STORE_TIMEOUT',
        message: `Redis did not answer within ${timeoutMs} ms`,
      });
      expect(awakeMs).toBeLessThan(timeoutMs + 300);
      stage.proxy.heal();
      stage.proxy.resetConnections(); // what vanished stays lost, and the client waits for it before all that comes later
    });

    test('while the client is not connected nothing is put into its queue', async () => {
      const version = await stage.created();
      await stage.server.kill();
      await expect(stage.store.replace(stage.key, 'ghost', version, minute)).rejects.toMatchObject(unavailable);
      await expect(stage.store.create(`${stage.key} ghost`, 'ghost', minute)).rejects.toMatchObject(unavailable);
      await stage.server.start();
      await stage.healthy();
      await sleep(50);
      expect(await stage.store.read(`${stage.key} ghost`)).toBeUndefined();
    });

    testLateReply(stage, timeoutMs);
    testStoppedServer(stage, timeoutMs);
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
    const servers = await Promise.all([redisNode(), redisNode()]);
    const admins = servers.map(({ url }) => new Redis(url));
    const [server, other] = servers;
    const [admin, otherAdmin] = admins as [Redis, Redis];
    const proxy = await startProxy(server, { protocol: 'redis' });
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16382');
    await otherAdmin.call('CLUSTER', 'ADDSLOTSRANGE', '16383', '16383');
    await otherAdmin.call('CLUSTER', 'SET-CONFIG-EPOCH', '2');
    await admin.config('SET', 'cluster-announce-port', String(proxy.port));
    await otherAdmin.call('CLUSTER', 'MEET', server.host, String(server.port), String(server.busPort));
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
