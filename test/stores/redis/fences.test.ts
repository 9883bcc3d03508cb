import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { createLocker } from '../../../src/index.ts';
import type { LockStore, Version } from '../../../src/lock/store.ts';
import { type RedisStoreOptions, redisStore } from '../../../src/stores/redis/index.ts';
import { type FaultProxy, startProxy } from '../../support/proxy.ts';
import { type ProcessServer, redisServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { openClient } from './clients.ts';

const minute = 60_000;
const lastFence = 'giveway::fence';

// A server of our own: its last fence is changed, and it is restarted.
describeWith('redis', () => {
  let server: ProcessServer;
  let proxy: FaultProxy;
  let admin: Redis;
  let store: LockStore;
  const ends: (() => void)[] = [];

  async function open(url = server.url, options: Pick<RedisStoreOptions, 'fences'> = {}): Promise<LockStore> {
    const { client, close } = await openClient('ioredis', url);
    const opened = redisStore({ client, ...options });
    ends.push(() => opened.close(), close);
    return opened;
  }

  async function fenceOf(key: string): Promise<bigint> {
    const version = await store.create(key, key, minute);
    return version?.fence ?? 0n;
  }

  beforeAll(async () => {
    server = await redisServer();
    proxy = await startProxy(server, { protocol: 'redis' });
    admin = new Redis(server.url);
    admin.on('error', () => {});
    store = await open();
  }, 90_000);
  afterAll(async () => {
    for (const end of ends) end();
    admin.disconnect();
    await proxy.close();
    await server.stop();
  });

  test("a fence is the server's time in microseconds", async () => {
    const [seconds, microseconds] = (await admin.time()).map(Number) as [number, number];
    const behind = Number(await fenceOf('timed')) - (seconds * 1e6 + microseconds);
    expect(behind).toBeGreaterThan(0);
    expect(behind).toBeLessThan(60e6);
  });

  test('a clock that was set back does not set it back: the next is one more than the last, whatever the resource', async () => {
    const ahead = 4_000_000_000_000_000n;
    await admin.set(lastFence, String(ahead));
    expect([await fenceOf('first'), await fenceOf('second')]).toEqual([ahead + 1n, ahead + 2n]);
    await admin.del(lastFence);
    // The last one is lost; what stands under the key is not.
    const found = await store.read('second');
    const next = await store.replace('second', 'next', found?.version as Version, minute);
    expect(next?.fence).toBe(ahead + 3n);
    expect((await store.read('second'))?.version).toEqual(next);
  });

  test('after a restart without a disk it goes on with the clock', async () => {
    await admin.del(lastFence);
    const before = await fenceOf('before');
    await server.restart();
    let after: bigint | undefined;
    while (after === undefined) after = await fenceOf('after').catch(() => undefined);
    expect(after > before).toBe(true);
  });

  test.each(['create', 'replace'] as const)('a %s whose answer is lost draws one fence, and knows it', async (operation) => {
    const far = await open(`redis://${proxy.url}`);
    const key = `lost ${operation}`;
    const first = operation === 'replace' ? await far.create(key, 'first', minute) : await far.read(key);
    proxy.resetAfterApply();
    const version = await (operation === 'create' ? far.create(key, 'mine', minute) : far.replace(key, 'mine', first as Version, minute));
    expect(version?.fence).toBe(BigInt((await admin.get(lastFence)) ?? ''));
    expect(await store.read(key)).toEqual({ value: 'mine', version });
  });

  test('an uncontended lock and its release are two requests', async () => {
    const locker = createLocker({ store: await open(`redis://${proxy.url}`) });
    await (await locker.lock('warm')).unlock();
    proxy.forget();
    const lock = await locker.lock('events');
    expect(lock.fence).toBeGreaterThan(0n);
    await lock.unlock();
    expect(proxy.operations).toEqual(['EVALSHA', 'EVALSHA']);
    await locker.close();
  });

  test('each turn has a greater one, in a process, and from one to another that waited in line; append and read have none', async () => {
    const lockers = [createLocker({ store }), createLocker({ store: await open() })];
    const fences: bigint[] = [];
    await Promise.all(
      Array.from({ length: 12 }, (_, turn) =>
        lockers[turn % 2]?.run('turns', ({ fence }) => fences.push(fence ?? 0n), { onBusy: 'retry' }),
      ),
    );
    expect(fences).toEqual([...new Set(fences)].sort((a, b) => (a < b ? -1 : 1)));
    expect(fences).toHaveLength(12);
    const shared = await lockers[0]?.lock({ appends: 'turns' });
    expect(shared?.fence).toBeUndefined();
    await Promise.all(lockers.map((locker) => locker.close()));
  });

  describe('rights', () => {
    test.each(['-time', 'resetkeys ~granted'])(
      'a user without what it needs (%s) gets locks without, or is refused by name',
      async (change) => {
        await admin.call('ACL', 'SETUSER', 'narrow', 'reset', 'on', '>secret', '~*', '+@all', ...change.split(' '));
        const url = server.url.replace('redis://', 'redis://narrow:secret@');
        const notices: string[] = [];
        const narrow = await open(url);
        narrow.onNotice?.(({ code }) => notices.push(code));
        const version = (await narrow.create('granted', 'value', minute)) as Version;
        const next = (await narrow.replace('granted', 'next', version, minute)) as Version;
        expect([version.fence, next.fence]).toEqual([undefined, undefined]);
        expect(await narrow.remove('granted', next)).toBe(true);
        expect(notices).toEqual(['ERR_GIVEWAY_NO_FENCE']);
        const strict = await open(url, { fences: true });
        await expect(strict.create('granted', 'value', minute)).rejects.toMatchObject({
          code: 'ERR_GIVEWAY_STORE_FORBIDDEN',
          message: expect.stringContaining('for fences "+time" and the key giveway::fence'),
        });
      },
    );

    test('a user who may neither draw fences nor take locks is refused, and not told of fences', async () => {
      await admin.call('ACL', 'SETUSER', 'narrow', 'reset', 'on', '>secret', '~*', '+@all', '-time', '-set');
      const notices: string[] = [];
      const narrow = await open(server.url.replace('redis://', 'redis://narrow:secret@'));
      narrow.onNotice?.(({ code }) => notices.push(code));
      await expect(narrow.create('granted', 'value', minute)).rejects.toMatchObject({ code: 'ERR_GIVEWAY_STORE_FORBIDDEN' });
      expect(notices).toEqual([]);
    });
  });

  test('without fences a lock has none', async () => {
    const plain = await open(server.url, { fences: false });
    expect((await plain.create('plain', 'value', minute))?.fence).toBeUndefined();
  });
});
