/** Many come at once, each of them once, and each stays as long as it likes: jobs of one minute. Nobody has measured anything yet. */
import { expect, test } from '@jest/globals';
import { inWorld } from './play.ts';
import type { World } from './world.ts';

const wire = { leastMs: 0.11, mostMs: 0.13, deadlineMs: 1_000, faults: 0, pushesLost: 0, pushesDoubled: 0, pushesWithEntry: 0 };

/** How much longer all of it takes than the work alone, and requests for each turn. */
async function crowd(world: World): Promise<{ readonly ratio: number; readonly requests: number }> {
  const { timeline, members, chance } = world;
  let [workMs, left] = [0, members.size];
  for (const { process, locker } of members.values()) {
    const holdMs = chance.within(10, 90);
    workMs += holdMs;
    void (async () => {
      await process.sleep(chance.within(0, 1));
      const lock = await locker.lock('t', { retry: { maxWaitMs: 60_000 } });
      await process.sleep(holdMs);
      await lock.unlock();
      left--;
    })();
  }
  await timeline.run({ limitMs: 120_000, limitEvents: Number.POSITIVE_INFINITY, done: () => left === 0 });
  expect(left).toBe(0);
  const requests = [...members.values()].reduce((sum, { connection }) => sum + connection.requests, 0);
  return { ratio: timeline.nowMs / workMs, requests: requests / members.size };
}

test.each([
  [8, 1.25, 20],
  [20, 1.25, 30],
  [64, 1.25, 35],
])('%i processes with turns of 10 to 90 ms: %d times as long as the work at most, %d requests each', async (count, ratio, requests) => {
  const processes = Array.from({ length: count }, (_, index) => ({ name: `p${index}`, host: `h${index}`, wallAheadMs: 0, tasks: [] }));
  const costs: Awaited<ReturnType<typeof crowd>>[] = [];
  for (let seed = 1; seed <= 12; seed++)
    costs.push(await inWorld({ seed, kind: 'memcached', wire, resources: ['t'], limit: 0, processes, mishaps: [] }, crowd));
  const mean = (of: 'ratio' | 'requests'): number => costs.reduce((sum, cost) => sum + cost[of], 0) / costs.length;
  expect(mean('ratio')).toBeLessThanOrEqual(ratio);
  expect(mean('requests')).toBeLessThanOrEqual(requests);
});
