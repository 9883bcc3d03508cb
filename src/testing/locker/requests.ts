import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import type { Behaviour } from '../behaviour.ts';
import { faultyStore } from '../faulty-store.ts';

/** What a locker asks of its store, writes there, and makes of what it finds. */
export const requestBehaviours: readonly Behaviour[] = [
  {
    id: 'D20',
    title: 'a name that is too long is refused before anything is sent',
    async run({ stores: [one], locker, freshName }) {
      const store = faultyStore(one);
      await assert.rejects(locker(store).tryLock(freshName().padEnd(300, 'x')), { name: 'InvalidOptionError' });
      assert.deepEqual(store.calls, { read: 0, create: 0, replace: 0, remove: 0 });
    },
  },
  {
    id: 'D39',
    title: 'others see the job, host, process, mode and times of the holder (also D67)',
    async run({ stores: [one, two], locker, freshName }) {
      const [a, b, name] = [locker(one), locker(two), freshName()];
      const before = Date.now();
      const lock = await a.lock(name, { job: 'nightly "rollup" é 🚦', maxHoldMs: 60_000 });
      const [holder, ...others] = await b.inspect(name);
      assert(holder);
      assert.deepEqual(others, []);
      const { since, latestEnd, ...rest } = holder;
      assert.deepEqual(rest, {
        resource: name,
        mode: 'write',
        token: lock.token,
        job: 'nightly "rollup" é 🚦',
        host: hostname(),
        pid: process.pid,
        state: 'holding',
      });
      assert(since.getTime() >= before && since.getTime() <= Date.now());
      assert.equal(latestEnd?.getTime(), since.getTime() + 60_000);
    },
  },
  {
    id: 'D63',
    title: 'inspecting a free name gives nothing, and writes nothing',
    async run({ stores: [one], locker, freshName }) {
      const store = faultyStore(one);
      assert.deepEqual(await locker(store).inspect(freshName()), []);
      const { read, ...writes } = store.calls;
      assert(read >= 1);
      assert.deepEqual(writes, { create: 0, replace: 0, remove: 0 });
    },
  },
  {
    id: 'D74',
    title: 'tryLock on a held name answers with two requests at most',
    async run({ stores: [one, two], locker, freshName }) {
      const name = freshName();
      assert(await locker(one).tryLock(name));
      const store = faultyStore(two);
      assert.equal(await locker(store).tryLock(name), undefined);
      const requests = Object.values(store.calls).reduce((sum, calls) => sum + calls, 0);
      assert(requests <= 2, `${requests} requests: ${JSON.stringify(store.calls)}`);
    },
  },
  {
    id: 'two-requests',
    title: 'an uncontended lock and its release are one create and one remove',
    async run({ stores: [one], locker, freshName }) {
      const store = faultyStore(one);
      const lock = await locker(store).lock(freshName());
      assert.equal(await lock.unlock(), true);
      assert.deepEqual(store.calls, { read: 0, create: 1, replace: 0, remove: 1 });
    },
  },
  {
    id: 'lock-fence',
    title: 'lock.fence grows with every acquisition where the store is durable; elsewhere it does, or there is none',
    async run({ stores, traits, locker, freshName }) {
      const [name, other] = [freshName(), freshName()];
      const fences: (bigint | undefined)[] = [];
      for (const [index, store] of stores.entries()) {
        const lock = await locker(store).lock(index === 2 ? other : name);
        fences.push(lock.fence);
        await lock.unlock();
      }
      if (!traits.durable && fences.every((fence) => fence === undefined)) return;
      for (const [index, fence] of fences.entries()) {
        assert(fence !== undefined && (index === 0 || fence > (fences[index - 1] ?? fence)), `fences do not grow: ${fences.join(', ')}`);
      }
    },
  },
  {
    id: 'unreadable',
    title: 'a record that is garbage, or of a later version, is busy and left alone',
    async run({ stores: [one, two], locker, freshName, keyOf }) {
      for (const value of ['no record at all', '{"v":2,"holders":[]}', '{"v":1,"holders":[{"token":1}]}']) {
        const name = freshName();
        const version = await one.create(keyOf(name), value, 60_000);
        assert(version);
        assert.equal(await locker(two).tryLock(name), undefined, value);
        assert.equal((await one.read(keyOf(name)))?.value, value);
        assert.equal(await one.remove(keyOf(name), version), true, 'it was written anew');
        assert(await locker(two).tryLock(name));
      }
    },
  },
];
