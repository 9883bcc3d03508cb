/** One token for one stay in one record, and never again. */
import { expect, test } from '@jest/globals';
import type { Lock } from '../../../src/index.ts';
import { stage } from './stage.ts';

test('a sharer that is handed over leaves the one beside it its place', () =>
  stage('redis', async ({ p1, p2, p3, settle, pass, handOver }) => {
    const first = await settle(p1.lock({ appends: 't' }));
    const second = await settle(p1.lock({ appends: 't' }));
    const handed = await handOver(first);
    const restored = await settle(p2.restore(handed));
    expect(await settle(restored.unlock())).toBe(true);
    await pass(100);
    expect(second.signal.aborted).toBe(false);
    expect(await settle(p3.tryLock('t'))).toBeUndefined();
    expect(await settle(second.unlock())).toBe(true);
  }));

test('a place that was given to a waiter and taken again is not freed by the late unlock of that waiter', () =>
  stage('redis', async ({ p1, p2, p3, settle, pass, wire }) => {
    const other = await settle(p2.lock('b'));
    wire((_, { key }) => (key === 'giveway:b' ? { thereMs: 10, backMs: 10 } : undefined));
    const both = p1.lock(['a', 'b'], { ttlMs: 5_000, retry: { maxWaitMs: 20_000 } });
    await pass(5);
    // Asks while `a` is held for the wait that does not get `b`. If that one lets go of `a` meanwhile, it is given it.
    let short: Lock | undefined;
    const asking = p1.lock('a', { ttlMs: 1_000, heartbeat: false, retry: { maxWaitMs: 30_000 } }).then((lock) => {
      short = lock;
      return lock;
    });
    await pass(4_000);
    await settle(other.unlock());
    const lock = await settle(both);
    expect(lock.signal.aborted).toBe(false);
    if (short !== undefined) await settle(short.unlock());
    expect(await settle(p3.tryLock('a'))).toBeUndefined();
    expect(lock.signal.aborted).toBe(false);
    expect(await settle(lock.unlock())).toBe(true);
    await settle(asking.then((late) => late.unlock()));
  }));

// Seed 295566 of the random worlds.
test('a lock that is restored where each counts in the record keeps an entry of its own', () =>
  stage(
    'redis',
    async ({ p1, p2, p3, handOver, settle, pass }) => {
      const first = await settle(p1.lock({ appends: 't' }));
      const handed = await handOver(await settle(p2.lock({ appends: 't' })));
      const waiting = p1.lock({ appends: 't' }, { retry: { maxWaitMs: 500 } }).catch(() => undefined);
      await pass(20);
      const restored = await settle(p1.restore(handed));
      expect(restored.token).not.toBe(first.token);
      expect(await settle(waiting)).toBeUndefined();
      expect(await settle(p3.tryLock({ appends: 't' }))).toBeUndefined();
      await settle(restored.unlock());
      expect(await settle(p3.tryLock({ appends: 't' }))).toBeDefined();
    },
    { resources: ['t'], limit: 2 },
  ));
