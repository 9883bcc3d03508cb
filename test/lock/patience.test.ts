import { describe, expect, test } from '@jest/globals';
import { lookAgainMs, type Watched } from '../../src/lock/machine/patience.ts';
import type { LockRecord } from '../../src/lock/record/record.ts';
import { entrant, now, recordOf, waiting } from './entries.ts';

const retry = { maxWaitMs: 10_000, delayMs: 50, maxDelayMs: 1_000, maxAttempts: Number.POSITIVE_INFINITY };
/** A fiftieth of the pause asked for. */
const leastMs = 1;

/** Whoever holds it has done so for `forMs`, and usually takes `usualMs`. */
function held(usualMs?: number, leftMs = 60_000, forMs = 3_600_000, guessMs?: number): LockRecord {
  return recordOf([entrant('holder', 'write', { usualMs, guessMs, ttlMs: 60_000, since: now - forMs, until: now + leftMs })]);
}

/** Nobody knows for how long. */
function heldFor(forMs: number): LockRecord {
  return held(undefined, 60_000, forMs);
}

function pauseMs(changes: Partial<Watched> = {}, luck = 1): number {
  const record = changes.record ?? held();
  const seen = {
    record,
    blockers: record.holders,
    ahead: [],
    paceMs: 0,
    watchedMs: 0,
    waitedMs: 3_600_000,
    looks: 1,
    isCalled: false,
    ...changes,
  };
  return lookAgainMs(seen, retry, now, luck);
}

describe('where nobody has said how long such holds take, the next look comes', () => {
  test.each<[string, Partial<Watched>, number]>([
    ['after the first pause, behind somebody who has long been there', {}, 50],
    ['soon, behind somebody who has just come', { record: heldFor(0) }, 50 / 16],
    ['less soon with each look', { record: heldFor(3), looks: 4 }, 400 / 16],
    ['after as long as it has been there', { record: heldFor(30) }, 30],
    ['after longer, the more are before', { record: heldFor(10), ahead: [waiting('a', 'write'), waiting('b', 'write')] }, 30],
    [
      'and after as long as we have waited at most, for those before',
      { record: heldFor(30), looks: 2, ahead: [waiting('a', 'write')], waitedMs: 10 },
      40,
    ],
    ['less soon with each look, whatever a clock that is ahead says', { record: heldFor(-7_200_000), looks: 5 }, 50],
    ['later with each look', { looks: 3 }, 200],
    ['after the longest pause at most', { looks: 30 }, 1_000],
    ['when the holder ends, if that is before', { looks: 30, record: held(undefined, 70) }, 71],
    ['after the first pause, once it should just have ended', { looks: 9, record: held(undefined, -5) }, 50],
    ['after as long as it should have ended', { looks: 9, record: held(undefined, -300) }, 300],
    ['by the backoff, once that has been long', { looks: 9, record: held(undefined, -5_000) }, 1_000],
    ['after half of it, where only others have said so', { record: held(undefined, 60_000, 3_600_000, 30) }, 15],
    ['later, where the store calls', { isCalled: true }, 150],
    ['after the longest pause at most, where the store calls', { isCalled: true, looks: 30 }, 1_000],
  ])('%s', (_, changes, expected) => {
    expect(pauseMs(changes)).toBeCloseTo(expected, 6);
  });

  test('with jitter down to half of it', () => {
    expect(pauseMs({}, 0)).toBeCloseTo(25, 6);
  });

  test('and the looks are counted: by the backoff alone', () => {
    const record = heldFor(0);
    const seen = { record, blockers: record.holders, ahead: [], paceMs: 0, watchedMs: 0, waitedMs: 3_600_000, looks: 1, isCalled: false };
    expect(lookAgainMs(seen, { ...retry, maxAttempts: 5 }, now, 1)).toBeCloseTo(50, 6);
  });

  test('when the first of several ends', () => {
    const since = now - 3_600_000;
    const record = recordOf([entrant('a', 'append', { since, until: now + 900 }), entrant('b', 'append', { since, until: now + 300 })]);
    expect(pauseMs({ record, looks: 30 })).toBe(301);
  });

  test('and nobody is known to be in the way: by the backoff', () => {
    expect(pauseMs({ blockers: [] })).toBeCloseTo(50, 6);
  });
});

const told = { usualMs: 30 };

describe('where holders say how long they usually take, the next look comes', () => {
  test.each<[string, Partial<Watched>, number]>([
    ['when the holder should be done', {}, 30 + leastMs / 2],
    ['after what is left of its usual time', { watchedMs: 20 }, 10 + leastMs / 2],
    ['soon, when it should be done by now', { watchedMs: 30 }, leastMs],
    ['less often, the longer it should have been done', { watchedMs: 180 }, 30],
    [
      'in the midst of the turn before ours, by the usual times of those before',
      { ahead: [waiting('a', 'write', told), waiting('b', 'write', told)] },
      75 + leastMs / 2,
    ],
    ['by what they say themselves', { ahead: [waiting('a', 'write', { usualMs: 100 })] }, 80 + leastMs / 2],
    ['those of one shared mode counted once', { ahead: [waiting('a', 'read', told), waiting('b', 'read', told)] }, 45 + leastMs / 2],
    ['of those behind the first in line, too', { watchedMs: 530, ahead: [waiting('a', 'write', told)] }, 100 + 15 + leastMs / 2],
    ['after the longest pause at most', { ahead: [waiting('a', 'write', { usualMs: 60_000 })] }, 1_000],
    ['later, where the store calls', { isCalled: true }, 2 * (30 + leastMs / 2) + 50],
  ])('%s', (_, changes, expected) => {
    expect(pauseMs({ record: held(30), ...changes })).toBeCloseTo(expected, 6);
  });

  const strangers = [waiting('a', 'write'), waiting('b', 'write')];

  test.each<[string, Partial<Watched>, number]>([
    ['after half of the time that the holder takes, for each', { ahead: strangers }, 75 / 2],
    ['by the least that anybody has said', { ahead: [...strangers, waiting('c', 'write', { usualMs: 4 })] }, (30 + 8 + 2) / 2],
    ['by the pace that was seen, where that is slower', { ahead: strangers, paceMs: 50 }, (30 + 75) / 2],
    ['and not by one that is faster', { ahead: strangers, paceMs: 5 }, 75 / 2],
    ['by the time that was waited at most', { ahead: strangers, waitedMs: 20 }, (30 + 5) / 2],
  ])('and those in line do not: %s', (_, changes, expected) => {
    expect(pauseMs({ record: held(30), ...changes })).toBeCloseTo(expected, 6);
  });

  test('no sooner than a fiftieth of the pause asked for', () => {
    const seen = { record: held(1), blockers: [], ahead: [], paceMs: 0, watchedMs: 1, waitedMs: 1, looks: 1, isCalled: false };
    expect(lookAgainMs(seen, { ...retry, delayMs: 3_200, maxDelayMs: 60_000 }, now, 1)).toBeCloseTo(64, 6);
  });
});
