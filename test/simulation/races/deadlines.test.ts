/** A shorter life counts from when it is sent, and what one holder is owed no other one cuts short. */
import { expect, test } from '@jest/globals';
import { stage } from './stage.ts';

test('extend() to a shorter life whose answer is lost: the shorter deadline counts', () =>
  stage('redis', async ({ p1, p2, settle, pass, wire }) => {
    const lock = await settle(p1.lock('t', { ttlMs: 30_000 }));
    wire((name) => (name === 'p1' ? { what: 'lost after' } : undefined));
    await settle(lock.extend(1_000).catch(() => false));
    wire((name) => (name === 'p1' ? { what: 'lost before' } : undefined));
    await pass(1_500);
    const other = await settle(p2.tryLock('t'));
    if (other !== undefined) expect(lock.remainingMs()).toBe(0);
    else expect(lock.remainingMs()).toBeGreaterThan(0);
  }));

test.each(['redis', 'postgres'] as const)(
  '%s: a hand-over to a waiter with a shorter TTL whose answer is lost: the shorter deadline counts',
  (kind) =>
    stage(kind, async ({ p1, p2, settle, pass, wire }) => {
      const first = await settle(p1.lock('t', { ttlMs: 30_000 }));
      const waiting = p1.lock('t', { ttlMs: 1_000, heartbeat: false, retry: { maxWaitMs: 10_000 } });
      await pass(100);
      wire((name) => (name === 'p1' ? { what: 'lost after' } : undefined));
      const unlocking = first.unlock().catch(() => false);
      await pass(20);
      wire((name) => (name === 'p1' ? { what: 'lost before' } : undefined));
      await settle(unlocking);
      const second = await settle(waiting.catch(() => undefined));
      await pass(1_500);
      const other = await settle(p2.tryLock('t'));
      if (other !== undefined && second?.isProtected) expect(second.remainingMs()).toBe(0);
    }),
);

test('a shortest hold lasts, though other sharers renew and leave with shorter TTLs', () =>
  stage('redis', async ({ p1, p2, p3, settle, pass }) => {
    const long = await settle(p1.lock({ appends: 't' }, { ttlMs: 20_000, minHoldMs: 20_000 }));
    const short = await settle(p1.lock({ appends: 't' }, { ttlMs: 1_000 }));
    const other = await settle(p2.lock({ appends: 't' }, { ttlMs: 1_000 }));
    await settle(long.unlock());
    await pass(2_000);
    await settle(short.unlock());
    await settle(other.unlock());
    for (let waitedMs = 2_000; waitedMs < 19_000; waitedMs += 1_000) {
      expect(await settle(p3.tryLock('t'))).toBeUndefined();
      await pass(995);
    }
    await pass(5_000);
    expect(await settle(p3.tryLock('t'))).toBeDefined();
  }));

// Seed 661 of the random worlds.
test('a shortest hold lasts, though the wait that gave the place to its holder takes it again', () =>
  stage('memcached', async ({ p1, p2, settle, pass }) => {
    const other = await settle(p2.lock({ appends: 'c' }));
    const both = p1.lock(['a', 'c'], { retry: { maxWaitMs: 5_000 } });
    const short = p1.lock('a', { ttlMs: 1_500, minHoldMs: 1_000, retry: { maxWaitMs: 5_000 } });
    const shortly = short.then((lock) => lock.unlock());
    await pass(50);
    const longer = both.then((lock) => lock.unlock());
    await settle(other.unlock());
    await settle(Promise.all([shortly, longer]));
    const heldMs = (await both).acquiredAt.getTime() - (await short).acquiredAt.getTime();
    // If it came first at all. A hair's breadth: clocks are read in whole milliseconds.
    if (heldMs > 0) expect(heldMs).toBeGreaterThanOrEqual(999);
  }));
