import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lock } from '../../lock/api/lock.ts';
import type { Behaviour } from '../behaviour.ts';
import { faultyStore, type StoreFault } from '../faulty-store.ts';
import { mayLingerMs, until } from '../waiting.ts';

/** Long enough that a busy machine renews in time. */
const ttlMs = 3_000;
const always = { times: Number.POSITIVE_INFINITY } as const;

/** What the locker makes of a store that fails, forgets, or was written to behind its back. */
export const faultBehaviours: readonly Behaviour[] = [
  {
    id: 'D56',
    title: 'one renewal without an answer costs nothing, whether it was applied or not',
    waits: true,
    async run({ stores: [one, two], traits, locker, freshName }) {
      const survives = async (fault: Extract<StoreFault, string>): Promise<void> => {
        const store = faultyStore(one);
        const name = freshName();
        const lock = await locker(store).lock(name, { ttlMs });
        const { signal } = lock;
        await store.arm('replace', fault).reached;
        await sleep(ttlMs + (fault === 'reject-after' ? 0 : mayLingerMs(traits)));
        assert.equal(signal.aborted, false, fault);
        assert.equal(await locker(two).tryLock(name), undefined, fault);
        assert.equal(await lock.unlock(), true, fault);
      };
      await Promise.all([survives('reject-before'), survives('reject-after')]);
    },
  },
  {
    id: 'D57',
    title: 'unlock rejects when the store does not answer; leaving an `await using` block does not',
    async run({ stores: [one], locker, freshName }) {
      const store = faultyStore(one);
      const a = locker(store);
      const failed: unknown[] = [];
      a.on('release-failed', (event) => failed.push(event));
      const [first, second] = [await a.lock(freshName()), await a.lock(freshName())];
      store.arm('every', 'reject-before', always);
      await assert.rejects(first.unlock(), { name: 'StoreUnavailableError' });
      await second[Symbol.asyncDispose]();
      assert.equal(failed.length, 2);
    },
  },
  {
    id: 'D69',
    title: 'a holder whose renewals go unanswered is told by its own deadline, before anybody else can hold the name',
    waits: true,
    async run({ stores: [one, two], locker, freshName }) {
      const store = faultyStore(one);
      const name = freshName();
      const lock = await locker(store).lock(name, { ttlMs });
      store.arm('every', 'reject-before', always);
      const other = locker(two);
      await until('another locker takes over', async () => {
        const taken = (await other.tryLock(name)) !== undefined;
        // Asked at the very moment: two holders, unless the first knows by now.
        if (taken) assert.equal(lock.signal.aborted, true);
        return taken;
      });
      assert.equal(reasonOf(lock), 'unreachable');
    },
  },
  {
    id: 'D71',
    title: 'renewals that fail for two locks of three leave the third alone',
    waits: true,
    async run({ stores: [one, two], traits, locker, freshName, keyOf }) {
      const store = faultyStore(one);
      const a = locker(store);
      const names = [freshName(), freshName(), freshName()] as const;
      const locks = await Promise.all(names.map((name) => a.lock(name, { ttlMs })));
      for (const name of names.slice(0, 2)) store.arm('every', 'reject-before', { ...always, key: (key) => key === keyOf(name) });
      await sleep(ttlMs + mayLingerMs(traits) + 300);
      assert.deepEqual(
        locks.map(({ signal }) => signal.aborted),
        [true, true, false],
      );
      assert.equal(await locker(two).tryLock(names[2]), undefined);
      assert.equal(await locks[2]?.unlock(), true);
    },
  },
  {
    id: 'D72',
    title: 'when the store does not answer, each resource does what it was told: throw, skip, or run unprotected (also D73)',
    async run({ stores: [one], locker, freshName }) {
      const store = faultyStore(one);
      const a = locker(store);
      const outage = store.arm('every', 'reject-before', always);
      await assert.rejects(a.tryLock(freshName(), { onStoreDown: 'throw' }), { name: 'StoreUnavailableError' });
      const skipped = await a.run(freshName(), () => 'ran', { onStoreDown: 'skip' });
      assert(skipped.status === 'skipped' && skipped.reason === 'store-down', JSON.stringify(skipped));
      const ran = await a.run(freshName(), (lock) => lock.isProtected, { onStoreDown: 'run' });
      assert(ran.status === 'ran' && ran.value === false, JSON.stringify(ran));
      outage.disarm();
      await until('it is protected again', async () => {
        const lock = await a.tryLock(freshName(), { onStoreDown: 'run' });
        return lock?.isProtected === true;
      });
    },
  },
  {
    id: 'ambiguous-acquire',
    title: 'an acquisition whose answer was lost blocks the name for its TTL at most',
    waits: true,
    async run({ stores: [one, two], traits, locker, freshName }) {
      const store = faultyStore(one);
      const [a, b, name] = [locker(store), locker(two), freshName()];
      store.arm('create', 'reject-after');
      const lock = await a.tryLock(name, { ttlMs }).catch((error: Error) => assert.equal(error.name, 'StoreUnavailableError'));
      if (lock !== undefined) {
        assert.equal(await b.tryLock(name), undefined, 'held twice');
        assert.equal(await lock.unlock(), true);
      }
      await until('the name is free', async () => (await b.tryLock(name)) !== undefined, ttlMs + mayLingerMs(traits));
    },
  },
  {
    id: 'ambiguous-release',
    title: 'a release whose answer was lost has freed the name, and nobody loses by it',
    async run({ stores: [one, two], locker, freshName }) {
      const store = faultyStore(one);
      const [a, b, name] = [locker(store), locker(two), freshName()];
      const lock = await a.lock(name);
      store.arm('remove', 'reject-after');
      await lock.unlock().catch((error: Error) => assert.equal(error.name, 'StoreUnavailableError'));
      const next = await b.tryLock(name);
      assert(next);
      assert.equal(await lock.unlock(), false);
      assert.equal(await next.unlock(), true);
    },
  },
  {
    id: 'release-during-beat',
    title: 'a release that meets a renewal under way frees the name, and the renewal does not bring it back',
    waits: true,
    async run({ stores: [one, two], locker, freshName }) {
      const isFreed = async (fault: Extract<StoreFault, string>): Promise<void> => {
        const store = faultyStore(one);
        const [a, b, name] = [locker(store), locker(two), freshName()];
        const lock = await a.lock(name, { ttlMs });
        const renewal = store.arm('replace', fault);
        await renewal.reached;
        const released = lock.unlock();
        renewal.release();
        assert.equal(await released, true, fault);
        assert.deepEqual(await b.inspect(name), [], fault);
        await sleep(ttlMs / 2);
        assert.deepEqual(await b.inspect(name), [], fault);
      };
      await Promise.all([isFreed('hang-before'), isFreed('hang-after')]);
    },
  },
  {
    id: 'vanished',
    title: 'a record that is gone is reported lost as vanished, and never added again',
    waits: true,
    async run({ stores: [one, two], locker, freshName, keyOf }) {
      const name = freshName();
      const lock = await locker(one).lock(name, { ttlMs });
      const { signal } = lock;
      await until('the record is taken away', async () => {
        const entry = await two.read(keyOf(name));
        return entry !== undefined && two.remove(keyOf(name), entry.version);
      });
      await until('the holder is told', () => signal.aborted, ttlMs);
      assert.equal(reasonOf(lock), 'vanished');
      assert.equal(await lock.unlock(), false);
      assert.equal(await two.read(keyOf(name)), undefined);
    },
  },
  {
    id: 'stolen',
    title: "a record that names another holder is reported lost as stolen, and the other's lock stays",
    waits: true,
    async run({ stores: [one, two], locker, freshName, keyOf }) {
      const [a, b, name] = [locker(one), locker(two), freshName()];
      const lock = await a.lock(name, { ttlMs });
      const { signal } = lock;
      let thief: Lock | undefined;
      await until('another holder is there', async () => {
        const entry = await two.read(keyOf(name));
        if (entry?.value.includes(lock.token)) await two.remove(keyOf(name), entry.version);
        thief = await b.tryLock(name);
        return thief !== undefined;
      });
      await until('the holder is told', () => signal.aborted, ttlMs);
      assert.equal(reasonOf(lock), 'stolen');
      assert.equal(await lock.unlock(), false);
      assert.equal(await thief?.unlock(), true);
    },
  },
];

function reasonOf(lock: Lock): unknown {
  return (lock.signal.reason as { reason?: unknown } | undefined)?.reason;
}
