import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LockStore } from '../../lock/store.ts';
import type { Behaviour, Stage } from '../behaviour.ts';

const minute = 60_000;

/** Many at once: one winner, and every answer reaches the call it belongs to. */
export const contentionBehaviours: readonly Behaviour[] = [
  {
    id: 'one-creator',
    title: 'of 100 creates at once over four connections exactly one wins, and its text stands',
    async run(stage) {
      const key = stage.freshKey();
      const versions = await Promise.all(takers(stage, 100).map((store, taker) => store.create(key, `taker ${taker}`, minute)));
      const winners = versions.flatMap((version, taker) => (version === undefined ? [] : [taker]));
      assert.equal(winners.length, 1, `${winners.length} of 100 takers were told they had it`);
      assert.equal((await stage.stores[0].read(key))?.value, `taker ${winners[0]}`);
    },
  },
  {
    id: 'one-replacer',
    title: 'of 40 replaces of one version exactly one wins, and its text stands',
    async run(stage) {
      const key = stage.freshKey();
      assert(await stage.stores[0].create(key, 'start', minute));
      const seen = await Promise.all(stage.stores.map((store) => store.read(key)));
      const versions = await Promise.all(
        takers(stage, 40).map((store, taker) => {
          const version = seen[taker % seen.length]?.version;
          assert(version);
          return store.replace(key, `taker ${taker}`, version, minute);
        }),
      );
      const winners = versions.flatMap((version, taker) => (version === undefined ? [] : [taker]));
      assert.equal(winners.length, 1, `${winners.length} of 40 takers were told they had replaced it`);
      assert.equal((await stage.stores[0].read(key))?.value, `taker ${winners[0]}`);
    },
  },
  {
    id: 'one-remover',
    title: 'of 40 removes of one version exactly one is true',
    async run(stage) {
      const key = stage.freshKey();
      assert(await stage.stores[0].create(key, 'value', minute));
      const seen = await Promise.all(stage.stores.map((store) => store.read(key)));
      const removed = await Promise.all(
        takers(stage, 40).map((store, taker) => {
          const version = seen[taker % seen.length]?.version;
          assert(version);
          return store.remove(key, version);
        }),
      );
      assert.equal(removed.filter(Boolean).length, 1);
    },
  },
  {
    id: 'answers-in-place',
    title: '200 calls at once on one connection each get their own answer',
    async run({ stores: [a], freshKey }) {
      const taken = freshKey();
      assert(await a.create(taken, 'taken', minute));
      await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          const key = freshKey();
          const [version, refused, other] = await Promise.all([
            a.create(key, `value ${index}`, minute),
            a.create(taken, 'mine', minute),
            a.read(taken),
          ]);
          assert(version);
          assert.equal(refused, undefined);
          assert.equal(other?.value, 'taken');
          assert.equal((await a.read(key))?.value, `value ${index}`);
          assert.equal(await a.remove(key, version), true);
        }),
      );
    },
  },
  {
    id: 'counter',
    title: 'eight tasks that read, sleep and write a counter under create and remove lose no update',
    async run(stage) {
      const key = stage.freshKey();
      const rounds = 12;
      let counter = 0;
      await Promise.all(
        takers(stage, 8).map(async (store, task) => {
          for (let round = 0; round < rounds; round += 1) {
            const version = await taken(store, key, `task ${task}, round ${round}`);
            const seen = counter;
            await sleep(Math.random());
            counter = seen + 1;
            assert.equal(await store.remove(key, version), true, 'its own lock was not there any more');
          }
        }),
      );
      assert.equal(counter, 8 * rounds);
    },
  },
];

function takers(stage: Stage, count: number): LockStore[] {
  return Array.from({ length: count }, (_, taker) => stage.stores[taker % stage.stores.length] as LockStore);
}

async function taken(store: LockStore, key: string, value: string): Promise<object> {
  for (;;) {
    const version = await store.create(key, value, minute);
    if (version !== undefined) return version;
    await sleep(2 + Math.random() * 8);
  }
}
