import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { LockStore, Version } from '../../../src/lock/store.ts';
import { describeWith } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';
import { setStage } from './stage.ts';
import { plainTransports, type Transport } from './transports.ts';

const ttlMs = 30_000;

async function append(store: LockStore, key: string, text: string, version: Version): Promise<Version | undefined> {
  if (store.append === undefined) throw new Error('no append');
  return store.append(key, text, version);
}

describeWith('memcached', () => {
  describe.each(plainTransports)('$name', (transport) => {
    const stage = setStage(transport);

    test('adds text to the end, byte for byte, by one request, and gives the version that works from then on', async () => {
      const [store, key] = [await stage.openReady(), stage.freshKey()];
      let version = (await store.create(key, 'hölder\r\n', ttlMs)) as Version;
      for (const text of ['a wäiter', '', '\r\n€ 😀 and another']) version = (await append(store, key, text, version)) as Version;
      expect(await store.read(key)).toEqual({ value: 'hölder\r\na wäiter\r\n€ 😀 and another', version });
      expect(await store.remove(key, version)).toBe(true);
      expect(stage.proxy.operations).toEqual(stage.words('add', 'append', 'append', 'append', 'get', 'delete'));
    });

    test('by it every older version is an old one: replace, append and remove say no', async () => {
      const [store, key] = [stage.openDirect(), stage.freshKey()];
      const old = (await store.create(key, 'holder', ttlMs)) as Version;
      const version = (await append(store, key, ' waiter', old)) as Version;
      expect(await store.replace(key, 'mine', old, ttlMs)).toBeUndefined();
      expect(await append(store, key, ' late', old)).toBeUndefined();
      expect(await store.remove(key, old)).toBe(false);
      expect(await store.read(key)).toEqual({ value: 'holder waiter', version });
    });

    test('of many at once by one version one is taken', async () => {
      const [stores, key] = [[stage.openDirect(), stage.openDirect()], stage.freshKey()];
      const version = (await stores[0]?.create(key, 'holder', ttlMs)) as Version;
      const appended = await Promise.all(
        Array.from({ length: 20 }, (_, index) => append(stores[index % 2] as LockStore, key, ` waiter ${index};`, version)),
      );
      expect(appended.filter(Boolean)).toHaveLength(1);
      expect((await stores[0]?.read(key))?.value).toMatch(/^holder waiter \d+;$/);
    });

    test('to nothing it is refused', async () => {
      const [store, key] = [await stage.openReady(), stage.freshKey()];
      const version = (await store.create(key, 'holder', ttlMs)) as Version;
      await store.remove(key, version);
      stage.proxy.forget();
      expect(await append(store, key, ' waiter', version)).toBeUndefined();
      expect(await store.read(key)).toBeUndefined();
      // The server has the same answer for a value that would be too large, so one look more.
      expect(stage.proxy.operations).toEqual(stage.words('append', 'get', 'get'));
    });

    test('P3: a key ends when it would have ended, however often it was appended to', async () => {
      const [store, key] = [stage.openDirect(), stage.freshKey()];
      const createdMs = performance.now();
      let version = await store.create(key, 'holder', 1_000);
      for (let count = 0; version !== undefined; count += 1) {
        await sleep(50);
        version = await append(store, key, ` ${count}`, version);
      }
      const livedMs = performance.now() - createdMs;
      expect(await store.read(key)).toBeUndefined();
      expect(livedMs).toBeGreaterThan(1_000);
      expect(livedMs).toBeLessThan(1_000 + 3_000 + 500); // what the server may add to a TTL, and a busy machine
    });

    test('a version of another connection is checked against the value first', async () => {
      const [store, other, key] = [await stage.openReady(), stage.openDirect(), stage.freshKey()];
      const foreign = (await other.create(key, 'holder', ttlMs)) as Version;
      expect(await append(store, key, ' waiter', foreign)).toBeDefined();
      expect(await append(store, key, ' again', foreign)).toBeUndefined();
      expect((await other.read(key))?.value).toBe('holder waiter');
      expect(stage.proxy.operations).toEqual(stage.words('get', 'append', 'get'));
    });

    test('what was appended and then overtaken, while the reply was lost, is refused: the version would be another one', async () => {
      const [store, other, key] = [await stage.openReady({ timeoutMs: 5_000 }), stage.openDirect(), stage.freshKey()];
      const version = (await store.create(key, 'holder', ttlMs)) as Version;
      stage.proxy.blackHole(1);
      const appended = append(store, key, ' waiter', version);
      for (;;) {
        const seen = await other.read(key);
        if (seen?.value === 'holder waiter') {
          await append(other, key, ' second', seen.version);
          break;
        }
      }
      stage.proxy.resetConnections();
      expect(await appended).toBeUndefined();
      expect((await other.read(key))?.value).toBe('holder waiter second');
    });

    test("P11: another store's version, and a text that would make the value too long, are refused before anything is sent", async () => {
      const [store, key] = [stage.open(), stage.freshKey()];
      const version = (await store.create(key, 'x'.repeat(999_999), ttlMs)) as Version;
      stage.proxy.forget();
      await expect(append(store, key, 'x', {})).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'version' });
      await expect(append(store, key, 'xy', version)).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'value' });
      expect(stage.proxy.requests).toBe(0);
    });

    test('verifyRelease reads before it, too', async () => {
      const [store, key] = [await stage.openReady({ verifyRelease: true }), stage.freshKey()];
      await append(store, key, ' waiter', (await store.create(key, 'holder', ttlMs)) as Version);
      expect(stage.proxy.operations).toEqual(stage.words('add', 'get', 'append'));
    });
  });

  describe.each<Transport>(plainTransports)('$name, a server with smaller items (-I)', (transport) => {
    const stage = setStage(transport, ['-I', '1k', '-o', 'slab_chunk_max=512']);

    test('an append that finds no room is told apart from a refused one; the entry stays as it was', async () => {
      const [store, key] = [stage.openDirect(), stage.freshKey()];
      const version = (await store.create(key, 'x'.repeat(500), ttlMs)) as Version;
      const { error } = await timed(append(store, key, 'y'.repeat(500), version));
      expect(error).toMatchObject({ name: 'StoreUnavailableError', message: expect.stringMatching(/no room.*1000 bytes.*-I/) });
      expect(await store.read(key)).toEqual({ value: 'x'.repeat(500), version });
      expect(await store.remove(key, version)).toBe(true);
    });
  });
});
