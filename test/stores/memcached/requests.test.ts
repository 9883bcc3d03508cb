import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Client } from 'memjs';
import type { Version } from '../../../src/lock/store.ts';
import { memcachedStore } from '../../../src/stores/memcached/index.ts';
import { describeWith } from '../../support/shared.ts';
import { setStage } from './stage.ts';
import { plainTransports, transports } from './transports.ts';

const ttlMs = 30_000;

describeWith('memcached', () => {
  describe.each(plainTransports)('$name', (transport) => {
    const stage = setStage(transport);

    test('the path everybody takes: create and remove are two requests in all, beside what a new connection begins with', async () => {
      const [store, key] = [stage.open(), stage.freshKey()];
      const version = await store.create(key, 'mine', ttlMs);
      expect(await store.remove(key, version as Version)).toBe(true);
      expect(stage.proxy.operations).toEqual([...transport.greeting, ...stage.words('add', 'delete')]);
      expect(stage.proxy.connections).toBe(1);
    });

    test('each call is one request, whatever its answer', async () => {
      const [store, other, key] = [await stage.openReady(), stage.openDirect(), stage.freshKey()];
      const first = (await store.create(key, 'a', ttlMs)) as Version;
      await store.create(key, 'b', ttlMs);
      const second = (await store.replace(key, 'c', first, ttlMs)) as Version;
      await store.replace(key, 'd', first, ttlMs);
      await store.append?.(key, 'd', first);
      await store.remove(key, first);
      await store.read(key);
      await other.remove(key, (await other.read(key))?.version as Version);
      await store.remove(key, second);
      await store.replace(key, 'e', second, ttlMs);
      await store.read(key);
      expect(stage.proxy.operations).toEqual(
        stage.words('add', 'add', 'replace', 'replace', 'append', 'delete', 'get', 'delete', 'replace', 'get'),
      );
    });

    test('the breaker adds no request', async () => {
      const [store, key] = [stage.open({ breaker: {} }), stage.freshKey()];
      await store.remove(key, (await store.create(key, 'mine', ttlMs)) as Version);
      expect(stage.proxy.requests).toBe(transport.greeting.length + 2);
    });

    test('many calls of one tick share one connection, also when it is still to be made', async () => {
      const store = stage.open();
      const keys = Array.from({ length: 200 }, () => stage.freshKey());
      const made = await Promise.all(keys.map((key) => store.create(key, key, ttlMs)));
      expect(made.every(Boolean)).toBe(true);
      expect(stage.proxy.connections).toBe(1);
      expect(stage.proxy.requests).toBe(transport.greeting.length + 200);
    });

    test('a memjs client lends its address; its own connection stays as it is', async () => {
      const client = Client.create(stage.proxy.url);
      const [store, key] = [memcachedStore({ client, ...transport.options }), stage.freshKey()];
      expect(await store.create(key, 'mine', ttlMs)).toBeDefined();
      expect((await client.get(key)).value?.toString()).toBe('mine');
      await store.close();
      expect((await client.get(key)).value?.toString()).toBe('mine');
      client.close();
    });

    test('credentials in the environment are not sent to a server that nobody named them for', async () => {
      const before = process.env;
      process.env = {
        ...before,
        MEMCACHIER_USERNAME: 'env',
        MEMCACHIER_PASSWORD: 'env',
        MEMCACHE_USERNAME: 'env',
        MEMCACHE_PASSWORD: 'env',
      };
      try {
        await stage.open().read(stage.freshKey());
      } finally {
        process.env = before;
      }
      expect(stage.proxy.operations).toEqual([...transport.greeting, ...stage.words('get')]);
    });

    describe('P11: what memcached would choke on is refused, and nothing is sent', () => {
      test.each(['', 'a b', 'a\nb', 'a\r\nset x 0 0 1', '\u0000', '\u007f', 'ä', 'x'.repeat(251), undefined, 7])(
        'key %j',
        async (given) => {
          const [store, key] = [stage.open(), given as string];
          const version = (await store.create(stage.freshKey(), 'mine', ttlMs)) as Version;
          stage.proxy.forget();
          const calls = [
            store.read(key),
            store.create(key, 'v', ttlMs),
            store.replace(key, 'v', version, ttlMs),
            store.append?.(key, 'v', version),
            store.remove(key, version),
          ];
          for (const call of calls) await expect(call).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'key' });
          expect(stage.proxy.requests).toBe(0);
        },
      );

      test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 31 * 86_400_000, undefined as unknown as number])('TTL %p', async (given) => {
        const [store, key] = [stage.open(), stage.freshKey()];
        const version = (await store.create(key, 'mine', ttlMs)) as Version;
        stage.proxy.forget();
        for (const call of [store.create(key, 'v', given), store.replace(key, 'v', version, given)]) {
          await expect(call).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'ttlMs' });
        }
        expect(stage.proxy.requests).toBe(0);
      });

      test.each([
        ['of a million bytes and one', 'x'.repeat(1_000_001)],
        ['of fewer, longer characters', '€'.repeat(400_000)],
        ['that is no string', 7],
      ])('a value %s', async (_what, given) => {
        const [store, key] = [stage.open(), stage.freshKey()];
        const version = (await store.create(key, 'mine', ttlMs)) as Version;
        stage.proxy.forget();
        const value = given as string;
        for (const call of [store.create(key, value, ttlMs), store.replace(key, value, version, ttlMs)]) {
          await expect(call).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'value' });
        }
        await expect(store.append?.(key, value, version)).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'text' });
        expect(stage.proxy.requests).toBe(0);
      });

      test('the largest that is allowed is taken', async () => {
        const [store, key] = [stage.openDirect(), 'k'.repeat(250)];
        const value = 'x'.repeat(1_000_000);
        const version = await store.create(key, value, ttlMs);
        expect((await store.read(key))?.value).toBe(value);
        expect(await store.remove(key, version as Version)).toBe(true);
      });
    });
  });

  describe.each(plainTransports)('$name', (transport) => {
    const stage = setStage(transport);
    const patient = { timeoutMs: 20_000 };

    test('requests leave in the order in which they were asked for, within a tick and over several', async () => {
      const store = await stage.openReady();
      const prepare = async (): Promise<[string, Version]> => {
        const key = stage.freshKey();
        return [key, (await store.create(key, 'old', ttlMs)) as Version];
      };
      const [replaced, appended, removed] = await Promise.all([prepare(), prepare(), prepare()]);
      stage.proxy.forget();
      const asked: Promise<unknown>[] = [];
      const ask = (): void => {
        asked.push(store.read(stage.freshKey()), store.remove(...removed), store.create(stage.freshKey(), 'new', ttlMs));
        asked.push(
          store.replace(replaced[0], 'new', replaced[1], ttlMs),
          store.append?.(appended[0], 'new', appended[1]) as Promise<unknown>,
        );
      };
      const words = stage.words('get', 'delete', 'add', 'replace', 'append');
      ask();
      await Promise.resolve();
      ask();
      await new Promise<void>((resolve) => process.nextTick(resolve));
      ask();
      await Promise.all(asked);
      expect(stage.proxy.operations.slice(0, 15)).toEqual([...words, ...words, ...words]);
    });

    test('and so they do while the transport is still being loaded and the connection made', async () => {
      const store = stage.open();
      const asked: Promise<unknown>[] = [];
      const words: string[] = [];
      for (let count = 0; count < 60; count += 1) {
        const isRead = count % 3 === 0;
        asked.push(isRead ? store.read(stage.freshKey()) : store.create(stage.freshKey(), 'mine', ttlMs));
        words.push(...stage.words(isRead ? 'get' : 'add'));
        if (count % 2 === 0) await null;
        if (count % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.all(asked);
      expect(stage.proxy.operations).toEqual([...transport.greeting, ...words]);
      expect(stage.proxy.connections).toBe(1);
    });

    test('a request waits for no reply to another, whenever it is asked for', async () => {
      const store = stage.open(patient);
      await store.read(stage.freshKey());
      stage.proxy.forget();
      stage.proxy.blackHole();
      const calls: Promise<unknown>[] = [];
      const ask = (): void => void calls.push(store.create(stage.freshKey(), 'mine', ttlMs));
      const arrived = async (): Promise<void> => {
        while (stage.proxy.requests < calls.length) await sleep(2);
      };
      for (const later of [process.nextTick, queueMicrotask, setImmediate] as readonly ((ask: () => void) => unknown)[]) {
        ask();
        later(ask);
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
        await arrived();
        ask();
        await arrived();
      }
      expect(calls).toHaveLength(9);
      expect(stage.proxy.connections).toBe(0); // it was open before
      stage.proxy.heal();
      stage.proxy.resetConnections();
      expect((await Promise.all(calls)).every(Boolean)).toBe(true);
    });

    test('nor does one that is asked for when a reply comes, though others are still awaited', async () => {
      const store = await stage.openReady(patient);
      const key = stage.freshKey();
      const released = store.create(key, 'mine', ttlMs).then((version) => {
        stage.proxy.lateReply(200, 3); // the second create, whose reply is next, and what is behind it
        const second = store.create(stage.freshKey(), 'mine', ttlMs);
        return Promise.all([second, store.remove(key, version as Version)]);
      });
      while (stage.proxy.requests < 3) await sleep(2);
      expect(stage.proxy.operations).toEqual(stage.words('add', 'add', 'delete'));
      expect((await released)[1]).toBe(true);
    });
  });

  describe.each(transports)('$name', (transport) => {
    const stage = setStage({ ...transport, frames: 'chunks' });

    test('whatever one tick asks for leaves in one piece', async () => {
      const store = await stage.openReady();
      const burst = (): Promise<unknown> => Promise.all(Array.from({ length: 100 }, () => store.create(stage.freshKey(), 'mine', ttlMs)));
      await burst(); // of the first, one request leaves before the others
      stage.proxy.forget();
      await burst();
      expect(stage.proxy.operations).toEqual(['chunk']);
    });
  });
});
