/** Nothing is decided on what was read before somebody else came. */
import { expect, test } from '@jest/globals';
import type { Lock } from '../../../src/index.ts';
import { stage } from './stage.ts';

test('whoever sits down while a claim comes for a waiter that gave up keeps the place', () =>
  stage('redis', async ({ world, p1, p2, p3, settle, pass, wire }) => {
    // Three in a row: whoever shares now need not ask whether others wait.
    for (let times = 0; times < 3; times++) await settle(p1.lock({ appends: 't' }).then((lock) => lock.unlock()));
    await pass(10);
    const other = await settle(p2.lock('t'));
    const giveUp = new AbortController();
    const waiting = p1.lock({ appends: 't' }, { signal: giveUp.signal });
    waiting.catch(() => {});
    await pass(10);
    let second: Promise<Lock> | undefined;
    wire((name, { what }) => {
      if (name === 'p1' && what !== 'read' && second === undefined)
        world.timeline.after(0.5, () => {
          giveUp.abort();
          second ??= p1.lock({ appends: 't' });
        });
      return undefined;
    });
    await settle(other.unlock());
    await pass(50);
    const lock = await settle(second ?? p1.lock({ appends: 't' }));
    expect(lock.signal.aborted).toBe(false);
    expect(await settle(p3.tryLock('t'))).toBeUndefined();
    expect(await settle(lock.unlock())).toBe(true);
  }));

test.each([0, 1, 2, 3, 4, 5])('a lock that is restored %s ms before the sharer beside it leaves is live', (afterMs) =>
  stage('redis', async ({ p1, p3, settle, pass, handOver }) => {
    const first = await settle(p1.lock({ appends: 't' }));
    const second = await settle(p1.lock({ appends: 't' }));
    const handed = await handOver(first);
    const restoring = p1.restore(handed);
    await pass(afterMs);
    const leaving = second.unlock();
    const restored = await settle(restoring);
    await settle(leaving);
    expect(restored.signal.aborted).toBe(false);
    expect(await settle(p3.tryLock('t'))).toBeUndefined();
    expect(await settle(restored.unlock())).toBe(true);
  }),
);

test('close() ends a wait for a name whose turn came after thousands of other names', () =>
  stage('redis', async ({ p1, p2, settle, pass }) => {
    const first = await settle(p2.lock('a'));
    const waiting = p1.lock(['a', 'z'], { retry: { maxWaitMs: 30_000 } });
    const told = expect(waiting).rejects.toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
    await pass(100);
    const second = await settle(p2.lock('z'));
    for (let batch = 0; batch < 21; batch++) {
      const names = Array.from({ length: 100 }, (_, index) => `n${batch * 100 + index}`);
      const locks = await settle(Promise.all(names.map((name) => p1.lock(name))));
      await settle(Promise.all(locks.map((lock) => lock.unlock())));
    }
    await settle(first.unlock());
    await pass(1_000);
    await settle(p1.close(), 1_000);
    await settle(told, 1_000);
    await settle(second.unlock());
  }));

test('whoever asked while the lock was let go is served before whoever asks after that', () =>
  stage('memcached', async ({ p1, settle, pass }) => {
    const order: string[] = [];
    const lock = await settle(p1.lock('t'));
    const note = (name: string) => async (taken: Lock) => {
      order.push(name);
      await taken.unlock();
    };
    const again = lock.unlock().then(() => p1.lock('t').then(note('third')));
    await pass(1);
    const waiting = [p1.lock('t').then(note('first')), p1.lock('t').then(note('second'))];
    await settle(Promise.all([again, ...waiting]));
    expect(order).toEqual(['first', 'second', 'third']);
  }));

// Seed 630683 of the random worlds.
test('a resource that is asked for again in the event that lets it go has one machine here, not two', () =>
  stage('memcached', async ({ p1, settle, pass, wire }) => {
    const first = await settle(p1.lock('a'));
    wire((_, { what, key }) => (what === 'remove' && key === 'giveway:b' ? { backMs: 50 } : undefined));
    const both = p1.lock({ writes: ['a', 'b'] }, { retry: { maxWaitMs: 5_000 } });
    await pass(10);
    await settle(first.unlock());
    const lock = await settle(both);
    const asked: string[] = [];
    wire((_, { key }) => void asked.push(key));
    expect(await settle(p1.tryLock('b'))).toBeUndefined();
    expect(asked).toEqual([]);
    await settle(lock.unlock());
  }));
