import assert from 'node:assert/strict';
import type { Behaviour } from '../behaviour.ts';

const minute = 60_000;

/** As long as a record of 256 holders can get. */
const longestBytes = 128 * 1024;

/** The longest key the locker sends. */
const longestKeyBytes = 250;

/** All that is printable in ASCII, but for the space. */
const printable = String.fromCharCode(...Array.from({ length: 94 }, (_, index) => 33 + index));

const awkwardTexts: Readonly<Record<string, string>> = {
  quotes: `'single' "double" \`back\` \\ \\\\ \\u0041 '; drop table locks; --`,
  placeholders: '$1 %s %d {0} ?? :name @name',
  spaces: '  kept at both ends \n',
  'line ends': 'one\ntwo\r\nEND\r\nVALUE x 0 1\r\n\ttabbed',
  unicode: 'façade Straße ﬁn Ωμέγα 東京 🚦👩‍👩‍👧 é é \u2028 \u200b \ufeff \uffff',
  number: '12345678901234567890',
  json: JSON.stringify({ v: 1, holders: [{ token: 'a', job: 'nightly "rollup" é 🚦' }] }),
};

/** What goes in comes out, byte for byte. */
export const textBehaviours: readonly Behaviour[] = [
  {
    id: 'value-any',
    title: 'a value may be any text without NUL: quotes, line ends, all of Unicode',
    async run({ stores: [a, b], freshKey }) {
      for (const [kind, text] of Object.entries(awkwardTexts)) {
        const key = freshKey();
        const version = await a.create(key, text, minute);
        assert(version);
        assert.equal((await b.read(key))?.value, text, `${kind}, created`);
        assert(await a.replace(key, `${text} ${text}`, version, minute));
        assert.equal((await b.read(key))?.value, `${text} ${text}`, `${kind}, replaced`);
      }
    },
  },
  {
    id: 'value-large',
    title: 'a value may be 128 kB long, a record of 256 holders',
    async run({ stores: [a, b], freshKey }) {
      const key = freshKey();
      const large = 'é'.repeat(longestBytes / 2);
      const version = await a.create(key, large, minute);
      assert(version);
      // Not assert.equal: its message would be 128 kB long.
      assert((await b.read(key))?.value === large, 'created, and read back changed');
      const next = await a.replace(key, `${large.slice(1)}è`, version, minute);
      assert(next);
      assert((await b.read(key))?.value === `${large.slice(1)}è`, 'replaced, and read back changed');
      assert.equal(await a.remove(key, next), true);
    },
  },
  {
    id: 'key-printable',
    title: 'a key may hold any printable ASCII',
    async run({ stores: [a, b], freshKey }) {
      const key = freshKey() + printable;
      const version = await a.create(key, 'value', minute);
      assert(version);
      assert.equal((await b.read(key))?.value, 'value');
      assert.equal(await a.remove(key, version), true);
    },
  },
  {
    id: 'key-long',
    title: 'keys of 250 bytes work, and are told apart by their last byte',
    async run({ stores: [a, b], freshKey }) {
      const long = freshKey()
        .padEnd(longestKeyBytes, printable)
        .slice(0, longestKeyBytes - 1);
      const version = await a.create(`${long}x`, 'x', minute);
      assert(version);
      assert(await a.create(`${long}y`, 'y', minute), 'taken for the other key');
      assert.equal((await b.read(`${long}x`))?.value, 'x');
      assert.equal(await a.remove(`${long}x`, version), true);
      assert.equal((await b.read(`${long}y`))?.value, 'y');
    },
  },
];
