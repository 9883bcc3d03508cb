/** Whatever node-cron runs, a config may say, and a forecast plays: the installed node-cron tells. */
import { describe, expect, test } from '@jest/globals';
import { createTask, validate } from 'node-cron';
import { neverFires, readCron } from '../../src/forecast/cron.ts';
import { firesBetween } from '../../src/forecast/fires.ts';
import { fakeClock } from '../../src/testing/index.ts';
import { mulberry32 } from '../support/mulberry32.ts';
import { stopTime } from './stopped-time.ts';

const fromMs = Date.UTC(2026, 10, 2);

function isRead(expression: string): boolean {
  try {
    readCron(expression);
    return true;
  } catch {
    return false;
  }
}

/** The first few, looked for no further than needed: one may come each second, another each leap year. */
function firesOf(expression: string): readonly number[] {
  const times = readCron(expression);
  const within = (days: number): readonly number[] => firesBetween(times, 'UTC', fromMs, fromMs + days * 86_400_000).timesMs.slice(0, 8);
  return [1, 60].map(within).find((fires) => fires.length > 1) ?? within(730);
}

function nodeCronFires(expression: string, count: number): readonly number[] {
  using _ = stopTime(fakeClock({ wallMs: fromMs - 1_000 }), () => 0);
  return createTask(expression, () => {}, { timezone: 'UTC' })
    .getNextRuns(count)
    .map((date) => date.getTime());
}

const run = [
  ...['0 22-2 * * *', '50-10/7 * * * *', '0 0 28-3 * *', '0 0 * 11-2 *', '0 0 * * 7-2', '0 0 * * 5-7', '5* * * * *'],
  ...['0 0 * * FRI-MON', '0 0 * * sunday', '0 0 * * Sat,sun', '0 0 1 january *', '0 0 1 jan-MARCH *', '0 0 * janfeb *', '0 0 * * 07'],
  ...['*/100 * * * *', '0 0 L-3 * *', '0 0 l-03 * *', '0 0 L * *', '0 0 l,15 * *', '0 0 LW * *', '0 0 1w,31W * *', '0 0 ? * ?'],
  ...['0 0 * * 5L', '0 0 * * fril', '0 0 * * 7L', '0 0 * * 1#2,7#1', '0 0 * * mon#5', '0 0 13 * 5', '0 0 31 2,4,5 *', '5,5,05 0 * * *'],
  ...['@Daily', ' @daily ', '@daily\n', '@midnight', '@annually', '  0   0 * *  * ', '15,45 0 0 * * *', '0 0 0 29 2 *'],
];
const refused = [
  ...[
    '',
    '70-5 * * * *',
    'hourly',
    '@reboot',
    '0 0 * * *\n',
    '0\t0 * * *',
    '+1 * * * *',
    '1.5 * * * *',
    '0 0 * *',
    '0 0 0 0 * * *',
    '60 * * * *',
  ],
  ...['0 24 * * *', '0 0 0 * *', '0 0 32 * *', '0 0 * 13 *', '0 0 * 0 *', '0 0 * * 8', '*/0 * * * *', '5/10 * * * *', '1,,2 * * * *'],
  ...['0 0 30 2 *', '0 0 31 4,6 *', '0 0 L-31 * *', '0 0 L-0 * *', '0 0 32W * *', '0 0 1-5W * *', '0 0 * * 1#6', '0 0 * * L', 'L * * * *'],
  ...['0 ? * * *', '** * * * *', '0 0 * * funday', '-1 * * * *', '1- * * * *', '0 0 * * 8L', '0 0 W * *', '0 0 * * 1W'],
];

test.each(run)('%j is read, and fires as node-cron has it', (expression) => {
  expect(validate(expression)).toBe(true);
  const fires = firesOf(expression);
  expect(fires).toEqual(nodeCronFires(expression, fires.length));
  expect(fires.length).toBeGreaterThan(0);
});

test.each(refused)('%j is refused, as by node-cron', (expression) => {
  expect(validate(expression)).toBe(false);
  expect(isRead(expression)).toBe(false);
});

test('a day that no month has is no fault of node-cron', () => {
  expect(validate('0 0 L-30 2 *')).toBe(true);
  expect(neverFires(readCron('0 0 L-30 2 *'))).toBe(true);
  expect(neverFires(readCron('0 0 L-28 2 *'))).toBe(false);
});

const pieces = [
  ...[
    '*',
    '*',
    '0',
    '1',
    '5',
    '7',
    '12',
    '22',
    '31',
    '59',
    '60',
    '007',
    '-',
    '-',
    '/',
    ',',
    ',',
    '#',
    '?',
    'L',
    'l',
    'W',
    'L-3',
    '15W',
    '5L',
  ],
  ...['MON', 'friday', 'jan', 'December', '1-5', '22-2', '*/15', '*/100', '3-50/7', '1#2', '+', '.', '@daily', '\n', '  ', 'x'],
];

describe.each([1, 2, 3, 4])('expressions made of anything, seed %d', (seed) => {
  test('are read where node-cron runs them, and fire with it', () => {
    const next = mulberry32(seed);
    const pick = (): string => pieces[Math.floor(next() * pieces.length)] as string;
    const field = (): string => (next() < 0.4 ? '*' : Array.from({ length: next() < 0.7 ? 1 : 2 }, pick).join(''));
    let valid = 0;
    for (let count = 0; count < 4_000; count++) {
      const expression = Array.from({ length: next() < 0.8 ? 5 : 6 }, field).join(' ');
      const isValid = validate(expression);
      expect([expression, isRead(expression)]).toEqual([expression, isValid]);
      if (!isValid) continue;
      valid += 1;
      if (valid > 100) continue;
      const fires = firesOf(expression).slice(0, 2);
      expect([expression, fires]).toEqual([expression, fires.length === 0 ? [] : nodeCronFires(expression, fires.length)]);
    }
    expect(valid).toBeGreaterThan(100);
  });
});
