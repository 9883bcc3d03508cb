import { describe, expect, test } from '@jest/globals';
import { lookAgainMs, type Watched } from '../../src/lock/machine/patience.ts';
import type { LockRecord } from '../../src/lock/record/record.ts';
import { entrant, now, recordOf, waiting } from './entries.ts';

const retry = { maxWaitMs: 10_000, delayMs: 50, maxDelayMs: 1_000, maxAttempts: Number.POSITIVE_INFINITY };
/** A thirty-second of the pause asked for. */
const leastMs = 50 / 32;

/** Whoever holds it has just come, in somebody else's way, and usually takes `usualMs`. */
function held(usualMs?: number, leftMs = 60_000): LockRecord {
  return recordOf([entrant('holder', 'write', { usualMs, ttlMs: 60_000, until: now + leftMs })]);
}

function pauseMs(changes: Partial<Watched> = {}, luck = 1): number {
  const record = changes.record ?? held();
  const seen = { record, blockers: record.holders, ahead: [], watchedMs: 0, looks: 1, isCalled: false, ...changes };
  return lookAgainMs(seen, retry, now, luck);
}

describe('where nobody has said how long such holds take, the next look comes', () => {
  test.each<[string, Partial<Watched>, number]>([
    ['after the first pause, behind somebody who has just come', {}, 50],
    ['later with each look', { looks: 3 }, 200],
    ['after the longest pause at most', { looks: 30 }, 1_000],
    ['when the holder ends, if that is before', { looks: 30, record: held(undefined, 70) }, 71],
    ['by the backoff, once it should have ended', { looks: 2, record: held(undefined, -5) }, 100],
    ['later, where the store calls', { isCalled: true }, 150],
    ['after the longest pause at most, where the store calls', { isCalled: true, looks: 30 }, 1_000],
  ])('%s', (_, changes, expected) => {
    expect(pauseMs(changes)).toBeCloseTo(expected, 6);
  });

  test('with jitter down to half of it', () => {
    expect(pauseMs({}, 0)).toBeCloseTo(25, 6);
  });

  test('when the first of several ends', () => {
    const record = recordOf([entrant('a', 'append', { until: now + 900 }), entrant('b', 'append', { until: now + 300 })]);
    expect(pauseMs({ record, looks: 30 })).toBe(301);
  });

  test('and nobody is known to be in the way: by the backoff', () => {
    expect(pauseMs({ blockers: [] })).toBeCloseTo(50, 6);
  });
});

describe('where holders say how long they usually take, the next look comes', () => {
  test.each<[string, Partial<Watched>, number]>([
    ['when the holder should be done', {}, 30 + leastMs / 2],
    ['after what is left of its usual time', { watchedMs: 20 }, 10 + leastMs / 2],
    ['soon, when it should be done by now', { watchedMs: 30 }, leastMs],
    ['less often, the longer it should have been done', { watchedMs: 130 }, 50],
    ['after the usual times of those in line before', { ahead: [waiting('a', 'write'), waiting('b', 'write')] }, 90 + leastMs / 2],
    ['after what they say themselves', { ahead: [waiting('a', 'write', { usualMs: 100 })] }, 130 + leastMs / 2],
    ['those of one shared mode counted once', { ahead: [waiting('a', 'read'), waiting('b', 'read')] }, 60 + leastMs / 2],
    ['an overdue holder counted as done', { watchedMs: 500, ahead: [waiting('a', 'write')] }, 30 + leastMs / 2],
    ['after the longest pause at most', { ahead: [waiting('a', 'write', { usualMs: 60_000 })] }, 1_000],
    ['later, where the store calls', { isCalled: true }, 2 * (30 + leastMs / 2) + 50],
  ])('%s', (_, changes, expected) => {
    expect(pauseMs({ record: held(30), ...changes })).toBeCloseTo(expected, 6);
  });

  test('no sooner than a thirty-second of the pause asked for', () => {
    const seen = { record: held(1), blockers: [], ahead: [], watchedMs: 1, looks: 1, isCalled: false };
    expect(lookAgainMs(seen, { ...retry, delayMs: 3_200, maxDelayMs: 60_000 }, now, 1)).toBeCloseTo(100, 6);
  });
});
