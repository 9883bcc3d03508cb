import { expect, test } from '@jest/globals';
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
