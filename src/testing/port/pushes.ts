import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Entry } from '../../lock/store.ts';
import type { Behaviour } from '../behaviour.ts';
import { until } from '../waiting.ts';

const minute = 60_000;

/** What `subscribe` promises, where there is one. */
export const pushBehaviours: readonly Behaviour[] = [
  {
    id: 'push',
    title: 'subscribe, where the store pushes, calls soon after another connection replaces or removes the key',
    async run({ stores: [a, b], freshKey }) {
      if (b.subscribe === undefined) return;
      const key = freshKey();
      let calls = 0;
      using _ = b.subscribe(key, () => {
        calls += 1;
      });
      let version = await a.create(key, '0', minute);
      // A subscription may take a moment to reach the backend, so the first change is made until it is heard.
      await until('a replace is heard', async () => {
        assert(version);
        version = await a.replace(key, 'next', version, minute);
        await sleep(40);
        return calls > 0;
      });
      await quiet(() => calls);
      const before = calls;
      assert(version && (await a.remove(key, version)));
      await until('the remove is heard', () => calls > before, 2_000);
    },
  },
  {
    id: 'push-dispose',
    title: 'a disposed subscription is not called again, and others on the same key still are',
    async run({ stores: [a, b], freshKey }) {
      if (b.subscribe === undefined) return;
      const key = freshKey();
      let [kept, disposed] = [0, 0];
      const subscription = b.subscribe(key, () => {
        disposed += 1;
      });
      using _ = b.subscribe(key, () => {
        kept += 1;
      });
      let version = await a.create(key, '0', minute);
      const change = async (): Promise<void> => {
        assert(version);
        version = await a.replace(key, 'next', version, minute);
        await sleep(40);
      };
      await until('both hear', async () => {
        await change();
        return kept > 0 && disposed > 0;
      });
      await quiet(() => disposed + kept);
      subscription[Symbol.dispose]();
      const before = { kept, disposed };
      await until('the other still hears', async () => {
        await change();
        return kept > before.kept;
      });
      assert.equal(disposed, before.disposed);
    },
  },
  {
    id: 'push-entry',
    title: 'an entry that comes with a push is one that was written, and its version works exactly as long as it stands',
    async run({ stores: [a, b], freshKey }) {
      if (b.subscribe === undefined) return;
      const key = freshKey();
      const told: Entry[] = [];
      let calls = 0;
      using _ = b.subscribe(key, (now) => {
        calls += 1;
        if (now !== undefined) told.push(now);
      });
      let version = await a.create(key, 'value 0', minute);
      let writes = 0;
      const replace = async (): Promise<void> => {
        assert(version);
        writes += 1;
        version = await a.replace(key, `value ${writes}`, version, minute);
      };
      // A subscription may take a moment to reach the backend, so the first change is made until it is heard.
      await until('a replace is heard', async () => {
        await replace();
        await sleep(40);
        return calls > 0;
      });
      for (let more = 0; more < 5; more += 1) await replace();
      await quiet(() => calls);
      for (const now of told) {
        assert.match(now.value, /^value \d+$/);
        if (now.value === `value ${writes}`) continue;
        assert.equal(await b.replace(key, 'late', now.version, minute), undefined, 'what was pushed earlier still replaces');
        assert.equal(await b.remove(key, now.version), false, 'what was pushed earlier still removes');
      }
      const last = told.at(-1);
      if (last?.value === `value ${writes}`)
        assert(await b.replace(key, 'by the push', last.version, minute), 'what was pushed last is refused');
    },
  },
];

/** Waits until what `count` counts has come to rest. */
async function quiet(count: () => number): Promise<void> {
  for (let before = -1; before !== count(); ) {
    before = count();
    await sleep(100);
  }
}
