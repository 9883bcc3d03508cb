import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { clockSkewMs } from '../../lock/record/decide.ts';
import type { Behaviour } from '../behaviour.ts';
import { mayLingerMs, until } from '../waiting.ts';
import { successor } from './successor.ts';

/** Long enough that a busy machine renews, or extends, in time. */
const ttlMs = 3_000;

/** A holder whose process has died: nobody renews for it. */
const dead = { ttlMs, heartbeat: false } as const;

/** What happens when a TTL passes: to the holder, to its successor, to those who wait. All wait, side by side. */
export const endingBehaviours: readonly Behaviour[] = [
  {
    id: 'D5',
    title: 'a holder that died is succeeded after its TTL and never before it, over its expired record (also D18, D42, P3)',
    waits: true,
    async run({ stores: [one, two], traits, locker, freshName }) {
      const name = freshName();
      const sentMs = performance.now();
      await locker(one).lock(name, dead);
      await successor(locker(two), name, traits, sentMs, ttlMs);
    },
  },
  {
    id: 'D8',
    title: 'unlocked at once, a lock with minHoldMs refuses others until that time is over (also D13)',
    waits: true,
    async run({ stores: [one, two], traits, locker, freshName }) {
      const [a, b, name] = [locker(one), locker(two), freshName()];
      const sentMs = performance.now();
      const minHoldMs = 2_000;
      const lock = await a.lock(name, { ttlMs: 4_000, minHoldMs });
      assert.equal(await lock.extend(5_000), true);
      assert.equal(await lock.unlock(), true);
      assert.deepEqual(
        (await b.inspect(name)).map(({ state }) => state),
        ['min-hold'],
      );
      await successor(b, name, traits, sentMs, minHoldMs, clockSkewMs);
    },
  },
  {
    id: 'D9',
    title: 'an extended lock outlives its first TTL, also when extended three times in a row, and is freed by unlock (also D10)',
    waits: true,
    async run({ stores: [one, two], traits, locker, freshName }) {
      const [a, b, name] = [locker(one), locker(two), freshName()];
      const lock = await a.lock(name, dead);
      for (const longerMs of [20_000, 40_000, 60_000]) assert.equal(await lock.extend(longerMs), true);
      await sleep(ttlMs + mayLingerMs(traits) + 100);
      assert.equal(await b.tryLock(name), undefined);
      assert.equal(lock.signal.aborted, false);
      assert(lock.remainingMs() > 50_000);
      assert.equal(await lock.unlock(), true);
      assert(await b.tryLock(name));
    },
  },
  {
    id: 'D12',
    title: 'extending an expired lock is false, and leaves the name free (also D55)',
    waits: true,
    async run({ stores: [one, two], locker, freshName }) {
      const [a, b, name] = [locker(one), locker(two), freshName()];
      const lock = await a.lock(name, dead);
      await until('the record ends', async () => (await b.inspect(name)).length === 0);
      assert.equal(await lock.extend(60_000), false);
      assert.deepEqual(await b.inspect(name), []);
    },
  },
  {
    id: 'D21',
    title: "A expires, B takes, A unlocks: false, and B's lock is still there (also D60, D62)",
    waits: true,
    async run({ stores: [one, two], traits, locker, freshName }) {
      const [a, b, name] = [locker(one), locker(two), freshName()];
      const sentMs = performance.now();
      const former = await a.lock(name, dead);
      const successful = await successor(b, name, traits, sentMs, ttlMs);
      assert.equal(former.signal.aborted, true, 'the former holder was not told');
      assert.equal(await a.unlock(former), false);
      assert.deepEqual(
        (await a.inspect(name)).map(({ token }) => token),
        [successful.token],
      );
      assert.equal(await successful.extend(), true);
      assert.equal(await successful.unlock(), true);
    },
  },
  {
    id: 'D22',
    title: "A expires, B takes, A extends far: false, and B's end is where it was (also D55)",
    waits: true,
    async run({ stores: [one, two, three], traits, locker, freshName }) {
      const [a, b, c, name] = [locker(one), locker(two), locker(three), freshName()];
      // One after the other, and nobody renews.
      const brief = { ttlMs: 2_000, heartbeat: false } as const;
      const sentMs = performance.now();
      const former = await a.lock(name, brief);
      await successor(b, name, traits, sentMs, brief.ttlMs, 0, brief);
      const takenMs = performance.now();
      assert.equal(await former.extend(60_000), false);
      await successor(c, name, traits, takenMs, 0, brief.ttlMs);
    },
  },
  {
    id: 'D41',
    title: 'with heartbeats a lock outlives its TTL many times, and is refused to its own locker as well',
    waits: true,
    async run({ stores: [one, two], traits, locker, freshName }) {
      const [a, b, name] = [locker(one), locker(two), freshName()];
      const lock = await a.lock(name, { ttlMs });
      await sleep(ttlMs + mayLingerMs(traits) + 500);
      assert.equal(await b.tryLock(name), undefined);
      assert.equal(await a.tryLock(name), undefined);
      assert.equal(lock.signal.aborted, false);
      assert.equal(await lock.unlock(), true);
    },
  },
  {
    id: 'D58',
    title: 'whoever waits takes over from a holder that died, without being told',
    waits: true,
    async run({ stores: [one, two], traits, locker, freshName }) {
      const [a, b, name] = [locker(one), locker(two), freshName()];
      await a.lock(name, dead);
      const heldMs = performance.now();
      assert(await b.lock(name, { retry: { maxWaitMs: 20_000, maxDelayMs: 200 } }));
      const tookMs = performance.now() - heldMs;
      assert(tookMs <= ttlMs + mayLingerMs(traits) + 2_000, `took over after ${Math.round(tookMs)} ms`);
    },
  },
  {
    id: 'D61',
    title: 'unlocking a lock that expired and was not taken neither fails nor keeps the name',
    waits: true,
    async run({ stores: [one, two], traits, locker, freshName }) {
      const [a, b, name] = [locker(one), locker(two), freshName()];
      const sentMs = performance.now();
      const lock = await a.lock(name, dead);
      await until('the holder knows', () => lock.signal.aborted);
      assert.equal(typeof (await lock.unlock()), 'boolean');
      await successor(b, name, traits, sentMs, ttlMs);
    },
  },
  {
    id: 'D70',
    title: 'after unlock and close nothing is reported lost',
    waits: true,
    async run({ stores: [one], locker, freshName }) {
      const a = locker(one);
      const lost: unknown[] = [];
      a.on('lost', (event) => lost.push(event));
      const [kept, left] = [await a.lock(freshName(), { ttlMs }), await a.lock(freshName(), dead)];
      const signals = [kept.signal, left.signal];
      assert.equal(await kept.unlock(), true);
      assert.equal(await left.unlock(), true);
      await a.close();
      await sleep(ttlMs + 300);
      assert.deepEqual(lost, []);
      assert(signals.every(({ aborted }) => !aborted));
    },
  },
  {
    id: 'D75',
    title: 'a wait outlasts many renewals of the holder, and ends soon after it lets go',
    waits: true,
    async run({ stores: [one, two], locker, freshName }) {
      const [a, b, name] = [locker(one), locker(two), freshName()];
      const lock = await a.lock(name, { ttlMs });
      let takenMs = Number.POSITIVE_INFINITY;
      const waiting = b.lock(name, { retry: { maxWaitMs: 20_000, maxDelayMs: 200 } }).then(() => {
        takenMs = performance.now();
      });
      await sleep(2_500);
      const releasedMs = performance.now();
      assert.equal(await lock.unlock(), true);
      await waiting;
      assert(takenMs >= releasedMs, 'both held it');
      assert(takenMs - releasedMs < 1_000, `got it ${Math.round(takenMs - releasedMs)} ms later`);
    },
  },
];
