import { describe, expect, test } from '@jest/globals';
import { holdTimes, type LongHold } from '../../src/observe/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { fakeClock } from '../../src/testing/index.ts';
import { twoLockers } from './fleet.ts';

describe('holdTimes', () => {
  test('suggestTtl is p99 and half as much again, with the number of samples', async () => {
    const clock = fakeClock();
    const [locker] = twoLockers({ clock, store: memoryStore({ clock }), ttlMs: 60_000, job: 'rollup' });
    using times = holdTimes(locker, { clock });
    expect(times.suggestTtl('rollup')).toBeUndefined();
    for (let i = 1; i <= 200; i++) await locker.run('visits', () => clock.advance(i === 200 ? 30_000 : 10 * i));
    const suggestion = times.suggestTtl('rollup');
    expect(suggestion).toMatchObject({ job: 'rollup', samples: 200, ttlMs: 3_000 });
    // Of 10, 20, … 1 990 and 30 000 ms, to 1 %.
    expect(Math.abs((suggestion?.p99Ms ?? 0) - 1_980)).toBeLessThan(20);
    expect(Math.abs((suggestion?.longestMs ?? 0) - 30_000)).toBeLessThan(300);
  });

  test('work without a job goes by what it takes; a hand-over is no sample; short holds suggest the shortest TTL', async () => {
    const clock = fakeClock();
    const backend = memoryStore({ clock });
    const [a, b] = twoLockers({ clock, store: backend }, { clock, store: backend.connect() });
    using times = holdTimes(a, { clock });
    await a.run({ writes: 'visits', reads: 'events' }, () => {});
    const handed = await (await a.lock('visits')).handOver();
    await (await b.restore(handed)).unlock();
    expect(times.suggestions()).toMatchObject([{ job: 'visits+events', samples: 1, ttlMs: 1_000 }]);
  });

  test('warns once when a run passes 80 % of maxHoldMs, while it runs', async () => {
    const clock = fakeClock();
    const [locker] = twoLockers({ clock, store: memoryStore({ clock }), ttlMs: 60_000, maxHoldMs: 100_000, job: 'rollup' });
    const long: LongHold[] = [];
    const lines: string[] = [];
    using _times = holdTimes(locker, {
      clock,
      onLong: (hold) => long.push(hold),
      logger: { warn: (_fields, line) => void lines.push(line) },
    });
    await locker.run('visits', () => clock.advance(79_000));
    expect(long).toEqual([]);
    const lock = await locker.lock('visits');
    await clock.advance(82_000);
    expect(long).toMatchObject([{ job: 'rollup', maxHoldMs: 100_000 }]);
    await clock.advance(10_000);
    await lock.unlock();
    expect(long).toHaveLength(1);
    expect(lines).toEqual([expect.stringMatching(/^"rollup" has held its lock for 8\d{4} of 100000 ms: raise maxHoldMs/)]);
  });

  test('a short maxHoldMs is judged at the release; without a limit nothing is; no timer outlives the holds', async () => {
    const clock = fakeClock();
    const [locker] = twoLockers({ clock, store: memoryStore({ clock }), heartbeat: false });
    const long: LongHold[] = [];
    const own = fakeClock();
    using _times = holdTimes(locker, { clock: own, onLong: (hold) => long.push(hold) });
    await locker.run('visits', () => clock.advance(450), { maxHoldMs: 500 });
    expect(long).toMatchObject([{ heldMs: 450, maxHoldMs: 500 }]);
    await locker.run('visits', () => clock.advance(20_000), { maxHoldMs: Number.POSITIVE_INFINITY });
    await own.advance(1_000);
    expect(long).toHaveLength(1);
    expect(own.pendingTimers).toBe(0);
  });
});
