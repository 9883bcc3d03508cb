import assert from 'node:assert/strict';
import type { Behaviour } from '../behaviour.ts';

const minute = 60_000;

/** Create, read, replace and remove by one owner at a time. */
export const registerBehaviours: readonly Behaviour[] = [
  {
    id: 'create-once',
    title: 'create writes an absent key once; the second create is a no and changes nothing',
    async run({ stores: [a, b], freshKey }) {
      const key = freshKey();
      assert(await a.create(key, 'first', minute));
      assert.equal(await a.create(key, 'again', minute), undefined);
      assert.equal(await b.create(key, 'other', minute), undefined);
      assert.equal((await b.read(key))?.value, 'first');
    },
  },
  {
    id: 'read-absent',
    title: 'reading a key that was never written, or was removed, gives undefined',
    async run({ stores: [a, b], freshKey }) {
      const key = freshKey();
      assert.equal(await a.read(key), undefined);
      const version = await a.create(key, 'value', minute);
      assert(version);
      assert.equal(await a.remove(key, version), true);
      assert.equal(await a.read(key), undefined);
      assert.equal(await b.read(key), undefined);
    },
  },
  {
    id: 'seen-at-once',
    title: 'what one connection was told is written, every other connection reads',
    async run({ stores: [a, b, c], freshKey }) {
      const key = freshKey();
      let version = await a.create(key, '0', minute);
      for (let round = 1; round <= 5; round += 1) {
        assert(version);
        assert.equal((await b.read(key))?.value, String(round - 1));
        version = await a.replace(key, String(round), version, minute);
        assert.equal((await c.read(key))?.value, String(round));
      }
    },
  },
  {
    id: 'replace-current',
    title: 'replace at the current version writes and gives the next version, which works in turn',
    async run({ stores: [a], freshKey }) {
      const key = freshKey();
      const first = await a.create(key, 'first', minute);
      assert(first);
      const second = await a.replace(key, 'second', first, minute);
      assert(second);
      assert.equal((await a.read(key))?.value, 'second');
      assert(await a.replace(key, 'third', second, minute));
      assert.equal((await a.read(key))?.value, 'third');
    },
  },
  {
    id: 'read-version',
    title: 'the version that read gives is good for replace and remove, whoever wrote',
    async run({ stores: [a, b], freshKey }) {
      const key = freshKey();
      const written = await a.create(key, 'by a', minute);
      assert(written);
      const seen = await b.read(key);
      assert(seen);
      assert(await b.replace(key, 'by b', seen.version, minute));
      assert.equal(await a.remove(key, written), false);
      const again = await a.read(key);
      assert.equal(again?.value, 'by b');
      assert.equal(await a.remove(key, again.version), true);
    },
  },
  {
    id: 'replace-absent',
    title: 'replace on a removed key is a no and writes nothing',
    async run({ stores: [a], freshKey }) {
      const key = freshKey();
      const version = await a.create(key, 'value', minute);
      assert(version);
      assert.equal(await a.remove(key, version), true);
      assert.equal(await a.replace(key, 'ghost', version, minute), undefined);
      assert.equal(await a.read(key), undefined);
    },
  },
  {
    id: 'remove-once',
    title: 'remove is true once, then false; the key can be created again',
    async run({ stores: [a, b], freshKey }) {
      const key = freshKey();
      const version = await a.create(key, 'value', minute);
      assert(version);
      assert.equal(await a.remove(key, version), true);
      assert.equal(await a.remove(key, version), false);
      assert(await b.create(key, 'next', minute));
    },
  },
  {
    id: 'stale-version',
    title: 'a version that was replaced neither replaces nor removes, even if the texts are equal',
    async run({ stores: [a], freshKey }) {
      const key = freshKey();
      const stale = await a.create(key, 'same', minute);
      assert(stale);
      assert(await a.replace(key, 'same', stale, minute));
      assert.equal(await a.replace(key, 'late', stale, minute), undefined);
      assert.equal(await a.remove(key, stale), false);
      assert.equal((await a.read(key))?.value, 'same');
    },
  },
  {
    id: 'stale-after-remove',
    title: 'a version from before a remove and a new create touches nothing, even if the texts are equal',
    async run({ stores: [a, b], freshKey }) {
      const key = freshKey();
      const stale = await a.create(key, 'same', minute);
      assert(stale);
      assert.equal(await a.remove(key, stale), true);
      const successor = await b.create(key, 'same', minute);
      assert(successor);
      assert.equal(await a.replace(key, 'late', stale, minute), undefined);
      assert.equal(await a.remove(key, stale), false);
      assert.equal((await a.read(key))?.value, 'same');
      assert.equal(await b.remove(key, successor), true);
    },
  },
  {
    id: 'keys-apart',
    title: 'keys are independent: case, common beginnings and separators tell them apart',
    async run({ stores: [a, b], freshKey }) {
      const key = freshKey();
      const keys = [key, `${key}a`, `${key}A`, `${key}:wish`, `${key}/a`, `${key}%`, `${key}_`, `${key}.`];
      const versions = await Promise.all(keys.map((each) => a.create(each, each, minute)));
      for (const [index, each] of keys.entries()) {
        assert.equal((await b.read(each))?.value, each);
        const version = versions[index];
        assert(version);
        assert.equal(await a.remove(each, version), true);
      }
    },
  },
];
