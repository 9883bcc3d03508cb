import { describe, expect, test } from '@jest/globals';
import { createTask } from 'node-cron';
import { readCron } from '../../src/forecast/cron.ts';
import { firesBetween } from '../../src/forecast/fires.ts';
import { movesOf } from '../../src/forecast/moves.ts';
import { fakeClock } from '../../src/testing/index.ts';
import { stopTime } from './stopped-time.ts';

const dayMs = 86_400_000;

/** node-cron's own answer, as it would be given at that time. */
function nodeCronFires(expression: string, timezone: string, fromMs: number, count: number): readonly number[] {
  using _ = stopTime(fakeClock({ wallMs: fromMs - 1_000 }), () => 0);
  return createTask(expression, () => {}, { timezone })
    .getNextRuns(count)
    .map((date) => date.getTime());
}

const expressions = [
  '*/20 * * * *',
  '0 * * * *',
  '30 2 * * *',
  '15 10 */6 * * *',
  '5-59/25 1-3 * * MON-FRI',
  '0 0 13 * 5',
  '0 4 L * *',
  '@daily',
  '7,52 0 1 * *',
];
const ends: readonly (readonly [string, string, number])[] = [
  ['UTC', 'any week', Date.UTC(2026, 10, 2)],
  ['Europe/Berlin', 'the clock is put forward', Date.UTC(2027, 2, 27)],
  ['Europe/Berlin', 'the clock is put back', Date.UTC(2026, 9, 24)],
  ['America/New_York', 'the clock is put back', Date.UTC(2026, 9, 31, 12)],
  ['Australia/Lord_Howe', 'it is put back by half an hour', Date.UTC(2027, 3, 3)],
  ['Asia/Kolkata', 'no whole hours', Date.UTC(2026, 10, 2)],
  ['Asia/Kathmandu', 'there is a 29 February', Date.UTC(2028, 1, 27, 12)],
  ['America/St_Johns', 'half an hour off, it is put forward', Date.UTC(2027, 2, 13)],
];

describe.each(ends)('in %s, when %s', (timezone, _, fromMs) => {
  test.each(expressions)('%s fires as node-cron has it', (expression) => {
    const { timesMs } = firesBetween(readCron(expression), timezone, fromMs, fromMs + 3 * dayMs);
    const expected = nodeCronFires(expression, timezone, fromMs, timesMs.length + 1);
    expect(timesMs).toEqual(expected.slice(0, -1));
    expect(expected.at(-1)).toBeGreaterThanOrEqual(fromMs + 3 * dayMs);
  });
});

test.each(['UTC', 'Asia/Kolkata', 'America/St_Johns'])('the 29th of February comes every fourth year, in %s', (timezone) => {
  const times = readCron('15 0 29 2 *');
  const firesIn = (year: number) => firesBetween(times, timezone, Date.UTC(year, 0), Date.UTC(year + 1, 0)).timesMs;
  expect(firesIn(2027)).toEqual([]);
  expect(firesIn(2028)).toEqual(nodeCronFires('15 0 29 2 *', timezone, Date.UTC(2028, 0), 1));
});

test('says which fires summer time leaves out, and which fall into the hour that there is twice', () => {
  const spring = firesBetween(readCron('30 2 * * *'), 'Europe/Berlin', Date.UTC(2027, 2, 27), Date.UTC(2027, 2, 30));
  expect(spring.changed).toEqual([{ shownMs: Date.UTC(2027, 2, 28, 2, 30), timezone: 'Europe/Berlin', fate: 'left out', atMs: undefined }]);
  const autumn = firesBetween(readCron('30 2 * * *'), 'Europe/Berlin', Date.UTC(2026, 9, 24), Date.UTC(2026, 9, 27));
  expect(autumn.changed).toEqual([
    { shownMs: Date.UTC(2026, 9, 25, 2, 30), timezone: 'Europe/Berlin', fate: 'twice', atMs: Date.UTC(2026, 9, 25, 1, 30) },
  ]);
  expect(autumn.timesMs[1]).toBe(Date.UTC(2026, 9, 25, 1, 30));
});

describe('other times for a schedule', () => {
  const timesOf = (cron: string): number =>
    firesBetween(readCron(cron), 'UTC', Date.UTC(2026, 10, 2), Date.UTC(2026, 10, 9)).timesMs.length;

  test.each(['0 * * * *', '*/15 * * * *', '0,20,40 * * * *', '30 2 * * *', '10,50 8-17 * * 1-5', '30 0 * * * *', '@hourly'])(
    '%s fires as often, and node-cron understands them',
    (cron) => {
      const moves = movesOf(cron, true);
      expect(moves.length).toBeGreaterThan(3);
      expect(new Set(moves.map((move) => move.cron)).size).toBe(moves.length);
      for (const move of moves) {
        expect([move.cron, timesOf(move.cron)]).toEqual([move.cron, timesOf(cron)]);
        const fires = firesBetween(readCron(move.cron), 'UTC', Date.UTC(2026, 10, 2), Date.UTC(2026, 10, 4)).timesMs;
        expect(nodeCronFires(move.cron, 'UTC', Date.UTC(2026, 10, 2), 2)).toEqual(fires.slice(0, 2));
      }
    },
  );

  test('hours stay as they are unless they may change, and a job of every minute has no other time', () => {
    expect(movesOf('30 2 * * *', false).every(({ cron }) => cron.endsWith(' 2 * * *'))).toBe(true);
    expect(movesOf('30 2 * * *', true).map(({ cron }) => cron)).toContain('30 3 * * *');
    expect(movesOf('* * * * *', true)).toEqual([]);
    expect(movesOf('*/15 * * * *', false).map(({ cron }) => cron)).toContain('7-59/15 * * * *');
  });
});
