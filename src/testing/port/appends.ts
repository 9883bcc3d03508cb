import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LockStore, Version } from '../../lock/store.ts';
import type { Behaviour, Stage } from '../behaviour.ts';
import { assertLives, mayLingerMs, roomyTtlMs, shortTtlMs } from '../waiting.ts';

const minute = 60_000;

/** A store that has `append`. */
export type Appending = LockStore & Required<Pick<LockStore, 'append'>>;

/** What `append` promises, where there is one. */
export const appendBehaviours: readonly Behaviour[] = [
  appending('append', 'append adds at the end, by the version of a write or of a read, and gives the next version, which works in turn', {
    async run([a, b], key) {
      const first = await a.create(key, '[1]', minute);
      assert(first);
      const second = await a.append(key, '[2]', first);
      assert(second);
      assert.equal((await b.read(key))?.value, '[1][2]');
      const seen = await b.read(key);
      assert(seen);
      const third = await b.append(key, '[3]', seen.version);
      assert(third);
      assert.equal((await a.read(key))?.value, '[1][2][3]');
      const fourth = await b.replace(key, '[4]', third, minute);
      assert(fourth);
      const fifth = await a.append(key, '[5]', fourth);
      assert(fifth);
      assert.equal((await b.read(key))?.value, '[4][5]');
      assert.equal(await a.remove(key, fifth), true);
      assert.equal(await b.read(key), undefined);
    },
  }),
  appending('append-makes-old', 'a version from before an append neither replaces, removes nor appends', {
    async run([a, b], key) {
      const stale = await a.create(key, 'held', minute);
      assert(stale);
      const seen = await b.read(key);
      assert(seen && (await b.append(key, ' and waited for', seen.version)));
      assert.equal(await a.remove(key, stale), false, 'an old version removes');
      assert.equal(await a.replace(key, 'late', stale, minute), undefined, 'an old version replaces');
      assert.equal(await a.append(key, ' late', stale), undefined, 'an old version appends');
      assert.equal((await a.read(key))?.value, 'held and waited for');
    },
  }),
  appending('append-stale', 'append by a version that was replaced, or on a removed key, is a no and writes nothing', {
    async run([a, b], key) {
      const stale = await a.create(key, 'same', minute);
      assert(stale);
      const next = await b.replace(key, 'same', stale, minute);
      assert(next);
      assert.equal(await a.append(key, ' late', stale), undefined);
      assert.equal((await a.read(key))?.value, 'same');
      assert.equal(await b.remove(key, next), true);
      assert.equal(await b.append(key, ' late', next), undefined);
      assert.equal(await a.read(key), undefined);
      assert(await b.create(key, 'same', minute));
      assert.equal(await b.append(key, ' late', next), undefined);
      assert.equal((await a.read(key))?.value, 'same');
    },
  }),
  appending('append-line', 'of 30 at once that append until they are in, each is in exactly once, after all who were told so before', {
    async run(stores, key) {
      assert(await stores[0].create(key, '', minute));
      const told: string[] = [];
      await Promise.all(
        Array.from({ length: 30 }, async (_, waiter) => {
          const store = stores[waiter % stores.length] as Appending;
          while ((await appendNow(store, key, `<${waiter}>`)) === undefined) await sleep(Math.random() * 5);
          told.push(`<${waiter}>`);
        }),
      );
      const line = (await stores[0].read(key))?.value.match(/<\d+>/g) ?? [];
      assert.deepEqual([...line].sort(), told.sort());
    },
  }),
  appending('append-texts', 'what append adds may be any text without NUL, to an entry of 128 kB too', {
    async run([a, b], key) {
      const large = 'é'.repeat(64 * 1024);
      let version = await a.create(key, large, minute);
      const texts = ['{"a":"\'single\' \\"double\\" \\\\ $1 %s"}', ' ends \n', 'Straße 東京 🚦👩‍👩‍👧 \ufeff', '12345678901234567890'];
      for (const text of texts) {
        assert(version);
        version = await a.append(key, text, version);
      }
      // Not assert.equal: its message would be 128 kB long.
      assert((await b.read(key))?.value === large + texts.join(''), 'read back changed');
    },
  }),
  appending('append-life', 'append leaves the life of an entry as it is: neither longer nor shorter', {
    waits: true,
    async run([a], key, stage) {
      // Long enough that a life begun anew by the last append could not pass for one that is only seen late.
      const ttlMs = 2.4 * mayLingerMs(stage.traits);
      let appends: Promise<void> | undefined;
      const lives = assertLives(stage, key, ttlMs, async () => {
        const version = await a.create(key, 'held', ttlMs);
        appends = appendNowAndThen(a, key, version, ttlMs / 5);
        appends.catch(() => {});
        return version;
      });
      // Whatever it finds: nothing goes on when the stores are closed.
      await lives.finally(() => appends);
    },
  }),
  appending('append-after-replace', 'append leaves a life that replace began as it is', {
    waits: true,
    async run([a, b], key, { traits }) {
      const ttlMs = roomyTtlMs;
      const first = await a.create(key, 'held', ttlMs);
      const renewed = first && (await a.replace(key, 'renewed', first, minute));
      assert(renewed && (await b.append(key, ' and waited for', renewed)));
      await sleep(ttlMs + mayLingerMs(traits) + 50);
      assert.equal((await b.read(key))?.value, 'renewed and waited for');
    },
  }),
  appending('append-expired', 'append on an expired entry is a no, and brings nothing back', {
    waits: true,
    async run([a], key, { traits }) {
      const ttlMs = shortTtlMs(traits);
      const version = await a.create(key, 'held', ttlMs);
      assert(version);
      await sleep(ttlMs + mayLingerMs(traits));
      assert.equal(await a.append(key, ' late', version), undefined);
      assert.equal(await a.read(key), undefined);
      assert(await a.create(key, 'next', minute));
    },
  }),
];

type Stores = readonly [Appending, Appending, Appending, Appending];

/** A behaviour of stores that declare `append`; whether they have it is asked by `traits`. */
function appending(
  id: string,
  title: string,
  { run, waits }: { readonly waits?: true; run(stores: Stores, key: string, stage: Stage): Promise<void> },
): Behaviour {
  return {
    id,
    title,
    ...(waits && { waits }),
    async run(stage) {
      if (!stage.traits.appends) return;
      await run(stage.stores as Stores, stage.freshKey(), stage);
    },
  };
}

/** By the version that a read has just given. */
async function appendNow(store: Appending, key: string, text: string): Promise<Version | undefined> {
  const seen = await store.read(key);
  assert(seen, 'the entry is gone');
  return store.append(key, text, seen.version);
}

/** Until that is refused, and before the life is over by as much as one pause. */
async function appendNowAndThen(store: Appending, key: string, version: Version | undefined, pauseMs: number): Promise<void> {
  let last = version;
  for (let appends = 0; appends < 4 && last !== undefined; appends += 1) {
    await sleep(pauseMs);
    last = await store.append(key, ' and waited for', last);
  }
}
