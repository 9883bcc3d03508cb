import { expect, jest, test } from '@jest/globals';
import { systemClock } from '../../src/lock/clock.ts';
import { type Alarmed, Alarms } from '../../src/lock/shell/alarms.ts';
import { fakeClock } from '../../src/testing/index.ts';

function sleeper(woke: () => void): Alarmed {
  return { bucket: undefined, previous: undefined, next: undefined, woke };
}

test('whoever is woken late, and asks for a time that has passed too, is woken again', async () => {
  const clock = fakeClock();
  const alarms = new Alarms(clock, true);
  const startMs = clock.monotonicMs();
  const rung: string[] = [];
  const second = sleeper(() => rung.push('second'));
  const gone = sleeper(() => rung.push('gone'));
  const first = sleeper(() => {
    rung.push('first');
    alarms.at(second, startMs + 10, clock.monotonicMs());
  });
  alarms.at(first, startMs + 5, startMs);
  alarms.at(gone, startMs + 10, startMs);
  alarms.cancel(gone);
  // The process was blocked past both.
  clock.block(20);
  await clock.advance(0);
  await clock.advance(1);
  expect(rung).toEqual(['first', 'second']);
  expect(clock.keepAliveTimers).toBe(0);
});

test('whoever wants a fraction of a millisecond is woken once, by a timer that is long enough', async () => {
  const setTimer = jest.spyOn(globalThis, 'setTimeout');
  const lengths = async (delayMs: number): Promise<number[]> => {
    setTimer.mockClear();
    await new Promise<void>((resolve) => systemClock.setTimer(resolve, delayMs));
    return setTimer.mock.calls.map(([, ms]) => Number(ms));
  };
  try {
    for (const [delayMs, timerMs] of [
      [1, 1],
      [1.05, 1],
      [1.4, 2],
      [2.9, 3],
      [0, 0],
      [-3, 0],
    ] as const)
      expect(await lengths(delayMs)).toEqual([timerMs]);
  } finally {
    setTimer.mockRestore();
  }
});
