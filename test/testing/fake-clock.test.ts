import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { fakeClock } from '../../src/testing/index.ts';

describe('fakeClock', () => {
  test('stands still until moved; both clocks then move together', async () => {
    const clock = fakeClock({ wallMs: 1_000_000, monotonicMs: 50 });
    await setImmediate();
    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([1_000_000, 50]);
    await clock.advance(25);
    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([1_000_025, 75]);
    await clock.advanceTo(100);
    expect([clock.wallMs(), clock.monotonicMs()]).toEqual([1_000_050, 100]);
  });

  test('fires timers in order, each at its own time; equals in the order they were set', async () => {
    const clock = fakeClock();
    const fired: string[] = [];
    for (const [name, delayMs] of [
      ['c', 30],
      ['a', 10],
      ['b1', 20],
      ['b2', 20],
      ['late', 41],
    ] as const) {
      clock.setTimer(() => fired.push(`${name}@${clock.monotonicMs()}`), delayMs);
    }
    await clock.advance(40);
    expect(fired).toEqual(['a@10', 'b1@20', 'b2@20', 'c@30']);
    expect(clock.monotonicMs()).toBe(40);
    await clock.advance(1);
    expect(fired).toContain('late@41');
  });

  test('lets promises settle between timers, so that what one starts is there for the next', async () => {
    const clock = fakeClock();
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.setTimer(resolve, ms));
    const steps: number[] = [];
    const work = (async () => {
      for (let step = 0; step < 5; step += 1) {
        await sleep(10);
        for (let hop = 0; hop < 20; hop += 1) await undefined;
        steps.push(clock.monotonicMs());
      }
    })();
    await clock.advance(50);
    await work;
    expect(steps).toEqual([10, 20, 30, 40, 50]);
  });

  test('a timer that re-arms itself with no delay lets advance end, as it would let the loop go on', async () => {
    const clock = fakeClock();
    let fired = 0;
    const arm = (): void => {
      clock.setTimer(() => {
        fired += 1;
        arm();
      }, 0);
    };
    arm();
    await clock.advance(10);
    expect(fired).toBe(10);
  });

  test('a disposed timer does not fire; those that are left are counted', async () => {
    const clock = fakeClock();
    let fired = 0;
    const disposed = clock.setTimer(() => fired++, 10);
    clock.setTimer(() => fired++, 10, false);
    expect([clock.pendingTimers, clock.keepAliveTimers]).toEqual([2, 1]);
    disposed[Symbol.dispose]();
    expect([clock.pendingTimers, clock.keepAliveTimers]).toEqual([1, 0]);
    await clock.advance(10);
    expect(fired).toBe(1);
    expect(clock.pendingTimers).toBe(0);
    disposed[Symbol.dispose]();
  });

  test('suspend: the wall clock moves on, the monotonic clock and timers do not', async () => {
    const clock = fakeClock({ wallMs: 0 });
    let firedAtWallMs: number | undefined;
    clock.setTimer(() => {
      firedAtWallMs = clock.wallMs();
    }, 10);
    clock.suspend(60_000);
    await clock.advance(9);
    expect(firedAtWallMs).toBeUndefined();
    await clock.advance(1);
    expect(firedAtWallMs).toBe(60_010);
    expect(clock.monotonicMs()).toBe(10);
  });

  test('block: both clocks move on and timers fire late, at the time it is then', async () => {
    const clock = fakeClock({ wallMs: 0 });
    const fired: number[] = [];
    clock.setTimer(() => fired.push(clock.monotonicMs()), 10);
    clock.block(500);
    expect(fired).toEqual([]);
    expect([clock.monotonicMs(), clock.wallMs()]).toEqual([500, 500]);
    await clock.advance(0);
    expect(fired).toEqual([500]);
    expect(clock.monotonicMs()).toBe(500);
  });

  test('jumpWall: back or forth, timers take no notice', async () => {
    const clock = fakeClock({ wallMs: 10_000 });
    let fired = 0;
    clock.setTimer(() => fired++, 10);
    clock.jumpWall(-9_000);
    expect(clock.wallMs()).toBe(1_000);
    clock.jumpWall(3_600_000);
    await clock.advance(9);
    expect(fired).toBe(0);
    await clock.advance(1);
    expect(fired).toBe(1);
  });

  test('a callback that throws rejects the advance that fired it', async () => {
    const clock = fakeClock();
    clock.setTimer(() => {
      throw new Error('thrown out of a timer');
    }, 5);
    await expect(clock.advance(10)).rejects.toThrow('thrown out of a timer');
  });
});
