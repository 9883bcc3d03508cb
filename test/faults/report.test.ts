import { expect, test } from '@jest/globals';
import { held, limitMs, terms } from './by-hand.ts';
import { check } from './check.ts';
import type { Line } from './history.ts';
import { isGreen, type Row, reportLine } from './report.ts';

const beside = { version: '0.1.0', packed: '/nowhere' };

function row(...lines: readonly Line[]): Row {
  const verdict = check(lines, terms);
  return { store: 'redis', fault: 'none', variant: 'as built', shows: undefined, verdict, beside, besides: 1, seconds: 1 };
}

const late = (worker: string): Line[] => held(worker, 0, 1_100, { confirmed: [0] });

test('what another version does wrong by itself is shown, and judges nobody', () => {
  const starved: Line = { what: 'starved', at: 1, worker: 'b1 of 0.1.0' };
  const theirs = row(...late('b1 of 0.1.0'), starved);
  expect(isGreen(theirs)).toBe(true);
  expect(reportLine(theirs)).toContain('ok; 0.1.0 itself: late-loss, hang');
  expect(isGreen(row(...late('a1')))).toBe(false);
  expect(isGreen({ ...theirs, beside: undefined })).toBe(false);
});

test('what it does to others judges', () => {
  expect(isGreen(row(...held('b1 of 0.1.0', 0, 100), ...held('a1', 50, 150)))).toBe(false);
  const removed: Line = { what: 'removed', at: 50, until: 51, worker: 'b1 of 0.1.0', resource: 'events' };
  expect(isGreen(row(...held('a1', 10, 100), removed))).toBe(false);
  const refused: readonly Line[] = [
    { what: 'ask', at: 0, worker: 'b1 of 0.1.0', turn: 1, needs: [{ resource: 'events', mode: 'write' }], limitMs },
    { what: 'busy', at: 1, worker: 'b1 of 0.1.0', turn: 1, resource: 'events' },
  ];
  expect(isGreen(row(...refused, ...held('a1', 500, 600)))).toBe(false);
});
