import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResourceLocker } from '../../lock/api/locker.ts';
import { clockSkewMs } from '../../lock/record/decide.ts';
import type { Behaviour } from '../behaviour.ts';
import { mayLingerMs, until } from '../waiting.ts';

const patience = { maxWaitMs: 25_000, delayMs: 5, maxDelayMs: 100 };

/** Many who want the same, modes that go together, several resources at once. */
export const sharingBehaviours: readonly Behaviour[] = [
  {
    id: 'D7',
    title: 'eight tasks on two names lose no update of a counter that they read, sleep on and write',
    async run(stage) {
      const names = [stage.freshName(), stage.freshName()] as const;
      const counters = [0, 0];
      const lockers = stage.stores.map((store) => stage.locker(store));
      const rounds = 10;
      await Promise.all(
        Array.from({ length: 8 }, async (_, task) => {
          const counter = task % 2;
          for (let round = 0; round < rounds; round += 1) {
            const outcome = await lockerOf(lockers, task).run(
              names[counter] as string,
              async () => {
                const seen = counters[counter] as number;
                await sleep(Math.random());
                counters[counter] = seen + 1;
              },
              { onBusy: 'retry', retry: patience },
            );
            assert(outcome.status === 'ran' && outcome.lost === undefined, JSON.stringify(outcome));
          }
        }),
      );
      assert.deepEqual(counters, [4 * rounds, 4 * rounds]);
    },
  },
  {
    id: 'one-taker',
    title: 'of 100 tryLocks at once over four lockers exactly one wins',
    async run(stage) {
      const name = stage.freshName();
      const lockers = stage.stores.map((store) => stage.locker(store));
      const locks = await Promise.all(Array.from({ length: 100 }, (_, taker) => lockerOf(lockers, taker).tryLock(name)));
      assert.equal(locks.filter((lock) => lock !== undefined).length, 1);
    },
  },
  {
    id: 'queue',
    title: 'of 20 who wait, in four lockers, each gets its turn, and never two at once',
    async run(stage) {
      const name = stage.freshName();
      const lockers = stage.stores.map((store) => stage.locker(store));
      let inside = 0;
      await Promise.all(
        Array.from({ length: 20 }, async (_, task) => {
          await using _lock = await lockerOf(lockers, task).lock(name, { retry: patience });
          inside += 1;
          assert.equal(inside, 1, 'two were inside');
          await sleep(1);
          inside -= 1;
        }),
      );
    },
  },
  {
    id: 'modes',
    title: 'appends go together, reads go together, and every other pair excludes',
    async run({ stores: [one, two], locker, freshName }) {
      const scopes = { writes: 'write', appends: 'append', reads: 'read' } as const;
      for (const held of Object.keys(scopes)) {
        for (const asked of Object.keys(scopes)) {
          const name = freshName();
          const lock = await locker(one).tryLock({ [held]: name });
          assert(lock);
          const other = await locker(two).tryLock({ [asked]: name });
          assert.equal(other !== undefined, held === asked && held !== 'writes', `${asked} beside ${held}`);
          assert.equal(await lock.unlock(), true);
          assert.equal(await (other?.unlock() ?? true), true, 'the sharer that stayed lost its lock');
        }
      }
    },
  },
  {
    id: 'last-sharer',
    title: 'a shared name is free when the last sharer has let go, not before',
    async run({ stores: [one, two, three, four], locker, freshName }) {
      const [a, b, c, d, name] = [locker(one), locker(two), locker(three), locker(four), freshName()];
      const locks = await Promise.all([a, b, c].map((each) => each.lock({ appends: name }, { retry: patience })));
      assert.equal((await d.inspect(name)).length, 3);
      for (const lock of locks) {
        assert.equal(await d.tryLock(name), undefined);
        assert.equal(await lock.unlock(), true);
      }
      await until('the writer gets it', async () => (await d.tryLock(name)) !== undefined);
    },
  },
  {
    id: 'crashed-sharer',
    title: 'a sharer that stops renewing is out by its own end, though another keeps the record alive',
    waits: true,
    async run({ stores: [one, two, three], traits, locker, freshName }) {
      const [a, b, c, name] = [locker(one), locker(two), locker(three), freshName()];
      const ttlMs = 1_000;
      await a.lock({ appends: name }, { ttlMs, heartbeat: false });
      // Long enough that a busy machine renews in time.
      const alive = await b.lock({ appends: name }, { ttlMs: 3 * ttlMs, retry: patience });
      await sleep(ttlMs + clockSkewMs + 100);
      assert.equal(await c.tryLock(name), undefined, 'the living sharer still counts');
      await until('the dead one is out', async () => (await c.inspect(name)).length === 1);
      assert.equal(await alive.unlock(), true);
      await until('the writer gets it', async () => (await c.tryLock(name)) !== undefined, mayLingerMs(traits));
    },
  },
  {
    id: 'all-or-none',
    title: 'a scope of several resources takes all or none',
    async run({ stores: [one, two, three], locker, freshName }) {
      const [a, b, c] = [locker(one), locker(two), locker(three)];
      const [first, held, last] = [freshName(), freshName(), freshName()] as const;
      const lock = await a.lock(held);
      assert.equal(await b.tryLock([first, held, last]), undefined);
      for (const name of [first, last]) {
        const free = await c.tryLock(name);
        assert(free, 'left behind by the attempt that failed');
        await free.unlock();
      }
      assert.equal(await lock.unlock(), true);
      const all = await b.tryLock([last, held, first]);
      assert(all);
      for (const name of [first, held, last]) assert.equal(await c.tryLock(name), undefined);
      assert.equal(await all.unlock(), true);
      assert(await c.tryLock([first, held, last]));
    },
  },
  {
    id: 'no-deadlock',
    title: 'takers of overlapping sets, named in any order, all get through',
    async run(stage) {
      const [p, q, r] = [stage.freshName(), stage.freshName(), stage.freshName()] as const;
      const scopes = [[p, q], [q, p], [q, r], [r, p], { writes: r, appends: p }, [p], { reads: [q], writes: [p] }, [r, q, p]];
      const lockers = stage.stores.map((store) => stage.locker(store));
      await Promise.all(
        scopes.map(async (scope, task) => {
          for (let round = 0; round < 3; round += 1) {
            await using _lock = await lockerOf(lockers, task).lock(scope, { retry: patience });
            await sleep(1);
          }
        }),
      );
    },
  },
];

function lockerOf(lockers: readonly ResourceLocker[], task: number): ResourceLocker {
  return lockers[task % lockers.length] as ResourceLocker;
}
