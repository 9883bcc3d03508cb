import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Behaviour } from '../behaviour.ts';
import { assertLives, mayLingerMs, roomyTtlMs, shortTtlMs, until } from '../waiting.ts';

const minute = 60_000;
const day = 86_400_000;

/** Entries end by themselves, on time, and their versions end with them. */
export const lifetimeBehaviours: readonly Behaviour[] = [
  {
    id: 'ttl-create',
    title: 'a created entry lives for its TTL and is gone within the grain afterwards',
    waits: true,
    async run(stage) {
      const key = stage.freshKey();
      const ttlMs = shortTtlMs(stage.traits);
      await assertLives(stage, key, ttlMs, () => stage.stores[0].create(key, 'value', ttlMs));
    },
  },
  {
    id: 'ttl-between-grains',
    title: 'a TTL that is no multiple of the grain is rounded up, never down',
    waits: true,
    async run(stage) {
      const key = stage.freshKey();
      const ttlMs = 1.9 * shortTtlMs(stage.traits) + 0.25;
      await assertLives(stage, key, ttlMs, () => stage.stores[0].create(key, 'value', ttlMs));
    },
  },
  {
    id: 'ttl-below-grain',
    title: 'a TTL below the grain, or of a part of a millisecond, neither fails nor means "for ever"',
    waits: true,
    async run(stage) {
      const [tiny, small] = [stage.freshKey(), stage.freshKey()];
      await Promise.all([
        assertLives(stage, tiny, 0.5, () => stage.stores[0].create(tiny, 'value', 0.5)),
        assertLives(stage, small, 90, () => stage.stores[0].create(small, 'value', 90)),
      ]);
    },
  },
  {
    id: 'ttl-day',
    title: 'a TTL of 24 hours, the longest the locker asks for, does not end at once',
    waits: true,
    async run({ stores: [a, b], freshKey, traits }) {
      const key = freshKey();
      assert(await a.create(key, 'value', day));
      await sleep(2 * traits.ttlGrainMs + 200);
      const entry = await b.read(key);
      assert.equal(entry?.value, 'value');
      assert.equal(await b.remove(key, entry.version), true);
    },
  },
  {
    id: 'ttl-longer',
    title: 'replace starts a new, longer TTL: the entry outlives its first one',
    waits: true,
    async run({ stores: [a, b], freshKey, traits }) {
      const key = freshKey();
      const firstMs = roomyTtlMs;
      const version = await a.create(key, 'first', firstMs);
      assert(version);
      assert(await a.replace(key, 'second', version, minute), 'replaced within its TTL');
      await sleep(firstMs + mayLingerMs(traits) + 50);
      assert.equal((await b.read(key))?.value, 'second');
    },
  },
  {
    id: 'ttl-shorter',
    title: 'replace starts a new, shorter TTL: the entry ends by it',
    waits: true,
    async run(stage) {
      const [a] = stage.stores;
      const key = stage.freshKey();
      const version = await a.create(key, 'first', minute);
      assert(version);
      const ttlMs = shortTtlMs(stage.traits);
      await assertLives(stage, key, ttlMs, () => a.replace(key, 'second', version, ttlMs));
    },
  },
  {
    id: 'expired-no',
    title: 'on an expired entry replace and remove are a no; create succeeds at once',
    waits: true,
    async run({ stores: [a, b], freshKey, traits }) {
      const key = freshKey();
      const ttlMs = shortTtlMs(traits);
      const version = await a.create(key, 'value', ttlMs);
      assert(version);
      await sleep(ttlMs + mayLingerMs(traits));
      assert.equal(await a.replace(key, 'late', version, ttlMs), undefined);
      assert.equal(await a.remove(key, version), false);
      assert.equal(await a.read(key), undefined);
      assert(await b.create(key, 'next', minute));
    },
  },
  {
    id: 'stale-after-expiry',
    title: 'a version from before an expiry and a new create touches nothing, even if the texts are equal',
    waits: true,
    async run({ stores: [a, b], freshKey, traits }) {
      const key = freshKey();
      const stale = await a.create(key, 'same', shortTtlMs(traits));
      assert(stale);
      await until(
        'b takes the expired key',
        async () => (await b.create(key, 'same', minute)) !== undefined,
        shortTtlMs(traits) + mayLingerMs(traits) + 2_000,
      );
      assert.equal(await a.replace(key, 'late', stale, 1), undefined);
      assert.equal(await a.remove(key, stale), false);
      await sleep(2 * traits.ttlGrainMs);
      assert.equal((await b.read(key))?.value, 'same');
    },
  },
];
