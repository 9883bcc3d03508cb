import assert from 'node:assert/strict';
import type { Listed, LockStore } from '../../lock/store.ts';
import type { Behaviour } from '../behaviour.ts';
import { shortTtlMs, until } from '../waiting.ts';
import type { Appending } from './appends.ts';

const minute = 60_000;

/** What a store declares, it does; what it does not declare, it does not offer. */
export const abilityBehaviours: readonly Behaviour[] = [
  {
    id: 'traits',
    title: 'traits are sound, the same on every connection, and true of the methods present',
    async run({ stores, traits }) {
      for (const store of stores) {
        // How long is usual may depend on what a connection has met.
        assert.deepEqual({ ...store.traits, usualWaitMs: undefined }, { ...traits, usualWaitMs: undefined });
        assert.equal(typeof store.subscribe === 'function', traits.pushes, 'traits.pushes and subscribe disagree');
        assert.equal(typeof store.append === 'function', traits.appends ?? false, 'traits.appends and append disagree');
      }
      assert.match(traits.name, /^[a-z][a-z0-9-]*$/);
      assert(traits.ttlGrainMs >= 1 && traits.ttlGrainMs <= 1_000, 'ttlGrainMs is from 1 to 1000');
      assert(!(traits.durable && traits.mayForget), 'a durable store may not forget');
    },
  },
  {
    id: 'fence',
    title:
      'fences grow with every write but an append, over all keys and connections; a durable store has them, another has them always or never',
    async run({ stores: [a, b], traits, freshKey }) {
      const [one, two] = [freshKey(), freshKey()];
      const first = await a.create(one, '1', minute);
      const second = await b.create(two, '2', minute);
      assert(first && second);
      const third = await a.replace(one, '3', first, minute);
      assert(third);
      const fourth = a.append === undefined ? third : await a.append(one, '4', third);
      assert(fourth);
      assert.equal(await a.remove(one, fourth), true);
      const fifth = await b.create(one, '5', minute);
      const fences = [first, second, third, fifth].map((version) => version?.fence);
      if (!traits.durable && fences.every((fence) => fence === undefined)) return;
      for (const [index, fence] of fences.entries()) {
        assert.equal(typeof fence, 'bigint');
        const before = fences[index - 1];
        assert(before === undefined || (fence as bigint) > before, `fences do not grow: ${fences.join(', ')}`);
      }
      // Nobody is let in by an append.
      assert(fourth.fence !== undefined && third.fence !== undefined && fourth.fence >= third.fence);
      assert.equal((await a.read(one))?.version.fence, fifth?.fence);
    },
  },
  {
    id: 'list',
    title: 'list, where there is one, gives each live entry under the prefix once, with a version that works',
    async run({ stores: [a, b], freshKey }) {
      if (b.list === undefined) return;
      const prefix = `${freshKey()}_%*[a]?`;
      const keys = Array.from({ length: 120 }, (_, index) => `${prefix}:${index}`);
      const version = await a.create(`${prefix}:gone`, 'gone', minute);
      assert(version && (await a.remove(`${prefix}:gone`, version)));
      // Strangers to the prefix, unless SQL's or a shell's wildcards were left alive in it.
      for (const stranger of ['xyy*[a]?', '_%yyax']) assert(await a.create(prefix.replace('_%*[a]?', stranger), 'stranger', minute));
      await Promise.all(keys.map((key) => a.create(key, `value of ${key}`, minute)));
      const listed = await collect(b, prefix);
      assert.deepEqual(listed.map(({ key }) => key).sort(), [...keys].sort());
      assert(listed.every(({ key, value }) => value === `value of ${key}`));
      const [some] = listed;
      assert(some);
      assert.equal(await b.remove(some.key, some.version), true);
    },
  },
  {
    id: 'list-expired',
    title: 'list, where there is one, leaves out what has expired',
    waits: true,
    async run({ stores: [a, b], traits, freshKey }) {
      if (b.list === undefined) return;
      const prefix = freshKey();
      assert(await a.create(`${prefix}:short`, 'short', shortTtlMs(traits)));
      assert(await a.create(`${prefix}:long`, 'long', minute));
      await until('the short entry ends', async () => (await a.read(`${prefix}:short`)) === undefined);
      assert.deepEqual(
        (await collect(b, prefix)).map(({ key }) => key),
        [`${prefix}:long`],
      );
    },
  },
  {
    id: 'close',
    title: 'after close every call rejects with StoreUnavailableError; a second close is fine; entries and other connections stay',
    async run({ stores: [a], connect, freshKey }) {
      const key = freshKey();
      const store = await connect();
      const version = await store.create(key, 'value', minute);
      assert(version);
      await store.close();
      await store.close();
      const calls: Record<string, () => Promise<unknown>> = {
        read: () => store.read(key),
        create: () => store.create(freshKey(), 'value', minute),
        replace: () => store.replace(key, 'next', version, minute),
        remove: () => store.remove(key, version),
        ...(store.append && { append: () => (store as Appending).append(key, 'more', version) }),
      };
      for (const [method, call] of Object.entries(calls)) {
        // By name, since a suite and a store may come from two copies of the package.
        await assert.rejects(call, { name: 'StoreUnavailableError' }, method);
      }
      assert.equal((await a.read(key))?.value, 'value');
    },
  },
];

async function collect(store: LockStore, prefix: string): Promise<Listed[]> {
  const listed: Listed[] = [];
  for await (const entry of store.list?.(prefix) ?? []) listed.push(entry);
  return listed;
}
