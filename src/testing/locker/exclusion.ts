import assert from 'node:assert/strict';
import type { Lock } from '../../lock/api/lock.ts';
import type { Behaviour } from '../behaviour.ts';

/** Taking, refusing and letting go, with nothing going wrong. */
export const exclusionBehaviours: readonly Behaviour[] = [
  {
    id: 'D1',
    title: 'lock, see it locked, unlock, see it unlocked',
    async run({ stores: [one, two], locker, freshName }) {
      const [a, b, name] = [locker(one), locker(two), freshName()];
      const lock = await a.lock(name);
      assert.deepEqual(
        (await b.inspect(name)).map(({ token }) => token),
        [lock.token],
      );
      assert.equal(await a.unlock(lock), true);
      assert.deepEqual(await b.inspect(name), []);
    },
  },
  {
    id: 'D2',
    title: 'while it is held, tryLock is undefined for every locker, the holder included (also D53)',
    async run({ stores: [one, two], locker, freshName }) {
      const [a, b, name] = [locker(one), locker(two), freshName()];
      assert(await a.tryLock(name));
      assert.equal(await b.tryLock(name), undefined);
      assert.equal(await a.tryLock(name), undefined);
    },
  },
  {
    id: 'D3',
    title: 'two names are independent, however alike (also D78)',
    async run({ stores: [one, two], locker, freshName }) {
      const [a, b, name] = [locker(one), locker(two), freshName()];
      const names = [
        name,
        `${name}a`,
        `${name}/a`,
        `${name}/a/b`,
        `${name}a/b`,
        `s.${name}`,
        `"${name.toUpperCase()}"`,
        `${name}é`,
        `${name}/wish`,
      ];
      const locks = await Promise.all(names.map((each, index) => (index % 2 === 0 ? a : b).tryLock(each)));
      for (const [index, lock] of locks.entries()) assert(lock, `${names[index]} was taken for another name`);
      const released = await Promise.all(locks.map((lock) => lock?.unlock()));
      assert(released.every(Boolean));
    },
  },
  {
    id: 'D4',
    title: 'lock, unlock and lock again; whoever comes next need not wait (also D43)',
    async run({ stores: [one, two], locker, freshName }) {
      const [a, b, name] = [locker(one), locker(two), freshName()];
      for (const next of [a, b, b, a]) {
        const lock = await next.tryLock(name);
        assert(lock);
        assert.equal(await lock.unlock(), true);
      }
    },
  },
  {
    id: 'D6',
    title: 'ten rounds at once of lock, a refused second attempt, and unlock',
    async run({ stores: [one, two], locker, freshName }) {
      const [a, b, name] = [locker(one), locker(two), freshName()];
      for (let round = 0; round < 10; round += 1) {
        const [holder, other] = round % 2 === 0 ? [a, b] : [b, a];
        const lock = await holder.tryLock(name);
        assert(lock, `round ${round}`);
        assert.equal(await other.tryLock(name), undefined);
        assert.equal(await lock.unlock(), true);
      }
    },
  },
  {
    id: 'D11',
    title: 'after unlock, extend and a second unlock are false (ShedLock throws)',
    async run({ stores: [one], locker, freshName }) {
      const lock = await locker(one).lock(freshName());
      assert.equal(await lock.unlock(), true);
      assert.equal(await lock.extend(), false);
      assert.equal(await lock.unlock(), false);
    },
  },
  {
    id: 'D53',
    title: 'inside its own run the same name is joined, and stays held until the outer run ends',
    async run({ stores: [one, two], locker, freshName }) {
      const [a, b, name] = [locker(one), locker(two), freshName()];
      const outer = await a.run(name, async () => {
        const inner = await a.run(name, () => 'inner');
        assert(inner.status === 'ran' && inner.release === 'kept', 'the inner run joined');
        assert.equal(await b.tryLock(name), undefined, 'the inner run let go of the outer lock');
      });
      assert(outer.status === 'ran' && outer.release === 'released');
    },
  },
  {
    id: 'D64',
    title: 'closing a locker releases every lock it holds and aborts their signals',
    async run({ stores: [one, two], locker, freshName }) {
      const [a, b] = [locker(one), locker(two)];
      const names = [freshName(), freshName(), freshName()];
      const locks = await Promise.all(names.map((name) => a.lock(name)));
      const signals = locks.map((lock) => lock.signal);
      await a.close();
      assert(signals.every((signal) => signal.aborted && (signal.reason as { reason?: unknown }).reason === 'closed'));
      for (const name of names) assert(await b.tryLock(name), 'close left it locked');
    },
  },
  {
    id: 'hand-over',
    title: 'a lock that was handed over is held by the one who restored it, without a gap and under a new token',
    async run({ stores: [one, two, three], locker, freshName }) {
      const [a, b, c, name] = [locker(one), locker(two), locker(three), freshName()];
      const given = await a.lock(name);
      const handed = JSON.parse(JSON.stringify(await given.handOver())) as Awaited<ReturnType<Lock['handOver']>>;
      assert.equal(await c.tryLock(name), undefined, 'free while on its way');
      const restored = await b.restore(handed);
      assert.notEqual(restored.token, given.token);
      assert.equal(await given.unlock(), false);
      assert.equal(await c.tryLock(name), undefined);
      assert.equal(await restored.unlock(), true);
      assert(await c.tryLock(name));
    },
  },
];
