import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocker } from '../../../src/index.ts';
import type { LockStore, StoreNotice, Version } from '../../../src/lock/store.ts';
import { memcachedStore } from '../../../src/stores/memcached/index.ts';
import type { MemcachedSettings } from '../../../src/stores/memcached/options.ts';
import { placeOf } from '../../../src/stores/memcached/placement.ts';
import { type FaultProxy, startProxy } from '../../support/proxy.ts';
import { memcachedServer, type ProcessServer } from '../../support/services.ts';
import { describeWith, uniqueName } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';
import { plainTransports } from './transports.ts';

const ttlMs = 30_000;

describeWith('memcached', () => {
  describe.each(plainTransports)('$name', (transport) => {
    let servers: ProcessServer[] = [];
    let proxies: FaultProxy[] = [];
    let stores: LockStore[] = [];

    beforeAll(async () => {
      servers = await Promise.all([memcachedServer(), memcachedServer()]);
      proxies = await Promise.all(servers.map((server) => startProxy(server, { protocol: transport.frames })));
    });
    afterEach(async () => {
      await Promise.all(stores.map((store) => store.close()));
      stores = [];
    });
    afterAll(async () => {
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await Promise.all(servers.map((server) => server.stop()));
    });

    function open(addresses: readonly string[], options: MemcachedSettings = {}): LockStore {
      const store = memcachedStore({ servers: addresses, ...transport.options, ...options });
      stores.push(store);
      return store;
    }
    const proxied = (): string[] => proxies.map(({ url }) => url);
    const freshKeys = (count: number): string[] => Array.from({ length: count }, () => `giveway:${uniqueName()}`);

    test('each key is on the one server that the hash names, and both have some', async () => {
      const store = open(proxied());
      const single = proxies.map(({ url }) => open([url]));
      const keys = freshKeys(60);
      for (const key of keys) expect(await store.create(key, 'mine', ttlMs)).toBeDefined();
      const homes = await Promise.all(keys.map(async (key) => Promise.all(single.map(async (one) => (await one.read(key)) !== undefined))));
      for (const [index, home] of homes.entries()) {
        const place = placeOf(
          keys[index] as string,
          proxied().map((name) => ({ name })),
        );
        expect(home).toEqual(proxied().map((name) => name === place.name));
      }
      for (const server of [0, 1]) expect(homes.filter((home) => home[server]).length).toBeGreaterThan(10);
    });

    test('another store over the same list, in another order, meets the same entries', async () => {
      const [a, b] = [open(proxied()), open(proxied().reverse())];
      for (const key of freshKeys(20)) {
        const version = (await a.create(key, 'mine', ttlMs)) as Version;
        expect(await b.create(key, 'theirs', ttlMs)).toBeUndefined();
        expect(await a.remove(key, version)).toBe(true);
      }
    });

    test('P8: when one server stops, its keys fail, and only its own breaker opens; there is no failover', async () => {
      const store = open(proxied(), { timeoutMs: 250 });
      const name = proxies[0]?.url;
      const dead = freshKeys(40).filter(
        (key) =>
          placeOf(
            key,
            proxied().map((url) => ({ name: url })),
          ).name === name,
      );
      const alive = freshKeys(40).filter(
        (key) =>
          placeOf(
            key,
            proxied().map((url) => ({ name: url })),
          ).name !== name,
      );
      proxies[0]?.blackHole();
      for (const key of dead.slice(0, 3))
        expect((await timed(store.create(key, 'mine', ttlMs))).error).toMatchObject({ code: 'ERR_GIVEWAY_STORE_TIMEOUT' });
      for (const key of dead)
        expect(await timed(store.create(key, 'mine', ttlMs))).toMatchObject({ error: { name: 'StoreUnavailableError' } });
      for (const key of alive) expect(await store.create(key, 'mine', ttlMs)).toBeDefined();
      proxies[0]?.heal();
    });

    test('a store that uses the same servers with another list is told, once; with the same list nobody is', async () => {
      await Promise.all(servers.map((server) => server.restart())); // the tests above left their fingerprints
      const notices: StoreNotice[] = [];
      const hear = (store: LockStore): LockStore => {
        store.onNotice?.((notice) => notices.push(notice));
        return store;
      };
      const use = async (store: LockStore): Promise<void> => {
        for (const key of freshKeys(30)) await store.read(key);
      };
      await use(hear(open(servers.map(({ url }) => url))));
      await use(hear(open(servers.map(({ url }) => url).reverse())));
      expect(notices).toEqual([]);
      const inOtherWords = servers.map(({ port }) => `localhost:${port}`);
      await use(hear(open(inOtherWords)));
      expect(notices).toEqual([{ code: 'ERR_GIVEWAY_SERVER_LIST', message: expect.stringContaining('same `servers`') }]);
    });

    test("the fingerprint of the list stands in no table's way", async () => {
      const locker = createLocker({ store: open(servers.map(({ url }) => url)), namespace: 'giveway' });
      for (const key of freshKeys(30)) await locker.tryLock(key.replace(':', '_')); // each server has been used
      const lock = await locker.tryLock('server-list');
      expect(await lock?.unlock()).toBe(true);
      await locker.close();
    });

    test('a listener that throws, and one that was disposed, harm nobody', async () => {
      const heard: StoreNotice[] = [];
      const store = open(servers.map(({ port }) => `localhost:${port}`));
      store.onNotice?.(() => {
        throw new Error('from a listener');
      });
      store.onNotice?.((notice) => heard.push(notice))[Symbol.dispose]();
      for (const key of freshKeys(30)) await store.read(key);
      expect(heard).toEqual([]);
    });
  });
});
