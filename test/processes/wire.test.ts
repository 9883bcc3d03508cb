import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { type FaultProxy, startProxy } from '../support/proxy.ts';
import { memcachedServer, type ProcessServer } from '../support/services.ts';
import { describeWith, uniqueName } from '../support/shared.ts';

describeWith('memcached', () => {
  let server: ProcessServer;
  let proxy: FaultProxy;
  let locker: ResourceLocker;
  let other: ResourceLocker;

  beforeAll(async () => {
    server = await memcachedServer();
    proxy = await startProxy(server);
    const namespace = uniqueName();
    locker = createLocker({ store: memcachedStore({ servers: proxy.url }), namespace, closesStore: true });
    other = createLocker({ store: memcachedStore({ servers: server.url }), namespace, closesStore: true });
  });
  afterEach(() => proxy.forget());
  afterAll(async () => {
    await locker.close();
    await other.close();
    await proxy.close();
    await server.stop();
  });

  test('an uncontended exclusive lock and its release are two requests on the wire, the first of a connection included', async () => {
    for (let round = 0; round < 3; round++) await (await locker.lock('events')).unlock();
    expect(proxy.operations).toEqual(['add', 'delete', 'add', 'delete', 'add', 'delete']);
  });

  test('tryLock on a busy resource is at most two', async () => {
    const lock = await other.lock('events');
    expect(await locker.tryLock('events')).toBeUndefined();
    expect(proxy.operations).toEqual(['add', 'get']);
    await lock.unlock();
  });

  test('a thousand waiters poll no more than one does', async () => {
    const lock = await other.lock('events');
    const cost = async (waiters: number): Promise<number> => {
      proxy.forget();
      const retry = { maxWaitMs: 600, delayMs: 50, maxDelayMs: 50 };
      await Promise.all(Array.from({ length: waiters }, () => locker.lock('events', { retry }).catch(() => undefined)));
      return proxy.requests;
    };
    const one = await cost(1);
    // A busy machine may have kept the one from polling: about 25 requests are usual.
    expect(await cost(1_000)).toBeLessThanOrEqual(Math.max(one, 25) * 1.5);
    await lock.unlock();
  });
});
