/** Whoever gave way to somebody is called when that one is gone. */
import { expect, test } from '@jest/globals';
import { stage } from './stage.ts';

test.each(['memcached', 'redis', 'postgres'] as const)(
  '%s: whoever gave way to a waiter of another mode goes on when that one gives up',
  (kind) =>
    stage(kind, async ({ p1, p2, p3, settle, pass }) => {
      const holding = await settle(p1.lock({ appends: 't' }, { ttlMs: 30_000 }));
      await pass(100);
      const giveUp = new AbortController();
      const reading = p2.lock({ reads: 't' }, { signal: giveUp.signal, retry: { maxWaitMs: 60_000 } });
      reading.catch(() => {});
      // Right after the holder was renewed, so that nothing else calls anybody for ten seconds.
      await pass(21_000);
      const appending = p3.lock({ appends: 't' }, { retry: { maxWaitMs: 30_000 } });
      await pass(500);
      giveUp.abort();
      const lock = await settle(appending, 2_000);
      expect(lock.signal.aborted).toBe(false);
      await settle(Promise.all([lock.unlock(), holding.unlock()]));
    }),
);

test.each(['redis', 'postgres'] as const)('%s: three modes take turns, and none waits for long', (kind) =>
  stage(kind, async ({ world, p1, p2, p3, settle }) => {
    const waits: number[] = [];
    const loop = async (member: 'p1' | 'p2' | 'p3', scope: object): Promise<void> => {
      const locker = { p1, p2, p3 }[member];
      for (let times = 0; times < 40; times++) {
        const askedMs = world.timeline.nowMs;
        const lock = await locker.lock(scope, { retry: { maxWaitMs: 20_000 } });
        waits.push(world.timeline.nowMs - askedMs);
        await world.members.get(member)?.process.sleep(30);
        await lock.unlock();
      }
    };
    await settle(Promise.all([loop('p1', { appends: 't' }), loop('p2', { reads: 't' }), loop('p3', { writes: 't' })]));
    // A fair cycle is three holds of 30 ms.
    expect(Math.max(...waits)).toBeLessThan(500);
  }),
);
