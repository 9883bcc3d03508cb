import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { LockStore, Version } from '../../../src/lock/store.ts';
import { memcachedStore } from '../../../src/stores/memcached/index.ts';
import { describeWith, uniqueName } from '../../support/shared.ts';
import { plainTransports } from './transports.ts';

/** What the server may add to a TTL: two seconds of reserve, and the rounding up. */
const mayLingerMs = 3_000;
/** The server's clock is a timer of its own, which is late where the machine is busy (5 ms were seen). */
const lateTickMs = 250;

describeWith('memcached', (service) => {
  describe.each(plainTransports)('$name', ({ options }) => {
    /** Watches until the key is gone. Late only if the *question* was late, early only if the *answer* was early. */
    async function assertLives(store: LockStore, key: string, ttlMs: number, write: () => Promise<Version | undefined>): Promise<void> {
      const sentMs = performance.now();
      expect(await write()).toBeDefined();
      const writtenMs = performance.now();
      for (;;) {
        const askedMs = performance.now();
        if ((await store.read(key)) === undefined) break;
        expect(askedMs - writtenMs).toBeLessThanOrEqual(ttlMs + mayLingerMs + lateTickMs);
        await sleep(20);
      }
      expect(performance.now() - sentMs).toBeGreaterThanOrEqual(ttlMs);
    }

    test('P3: an entry lives for its TTL, and 3 s more at most, whenever it is written', async () => {
      const store = memcachedStore({ servers: service.url, ...options });
      const lives = [1, 1_000, 1_001, 1_500, 2_000, 3_000].flatMap((ttlMs) =>
        Array.from({ length: 14 }, async (_, index) => {
          await sleep(index * 75); // all through the server's second
          const key = `giveway:${uniqueName()}`;
          if (index % 2 === 0) return assertLives(store, key, ttlMs, () => store.create(key, 'mine', ttlMs));
          const version = (await store.create(key, 'first', 60_000)) as Version;
          return assertLives(store, key, ttlMs, () => store.replace(key, 'mine', version, ttlMs));
        }),
      );
      await Promise.all(lives);
      await store.close();
    });

    test('a TTL of a day, and the longest there is, do not end at once', async () => {
      const store = memcachedStore({ servers: service.url, ...options });
      for (const ttlMs of [86_400_000, 2_591_998_000]) {
        const key = `giveway:${uniqueName()}`;
        const version = (await store.create(key, 'mine', ttlMs)) as Version;
        await sleep(1_100);
        expect(await store.remove(key, version)).toBe(true);
      }
      await store.close();
    });
  });
});
