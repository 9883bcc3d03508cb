import { describe, expect, test } from '@jest/globals';
import type { Mode } from '../../src/lock/holder.ts';
import { lookAgainMs, type Watched } from '../../src/lock/machine/patience.ts';
import { isWorthAWish } from '../../src/lock/patience.ts';
import type { Entrant } from '../../src/lock/record/record.ts';

const now = 1_700_000_000_000;
const retry = { maxWaitMs: 10_000, delayMs: 50, maxDelayMs: 1_000, maxAttempts: Number.POSITIVE_INFINITY };

function held(mode: Mode, leftMs = 60_000): Entrant {
  return { token: 't', mode, host: 'h', pid: 1, since: now, ttlMs: 60_000, until: now + leftMs, beat: 1 };
}

function seen(changes: Partial<Watched> = {}): Watched {
  return {
    refusal: { blockers: [held('write')] },
    inTheWayMs: 0,
    looks: 1,
    changedHands: false,
    watchedMs: 0,
    pushed: false,
    nextInLine: false,
    ...changes,
  };
}

describe('the next look comes', () => {
  test.each<[string, Partial<Watched>, number]>([
    ['after 5 ms, behind somebody who has just come', {}, 5],
    ['after two fifths of the time somebody has been in the way', { inTheWayMs: 100 }, 40],
    ['after the first pause at most, at the first look', { inTheWayMs: 10_000 }, 50],
    ['later with each look', { inTheWayMs: 10_000, looks: 3 }, 200],
    ['after the longest pause at most', { inTheWayMs: 10_000, looks: 30 }, 1_000],
    ['sooner, for who is next in line', { inTheWayMs: 100, nextInLine: true }, 8],
    ['by the backoff, where it goes from hand to hand and others are next', { looks: 2, changedHands: true }, 100],
    ['soon, where it goes from hand to hand and we are next', { looks: 2, changedHands: true, nextInLine: true }, 3.125],
    ['when the holder ends, if that is before', { inTheWayMs: 10_000, looks: 30, refusal: { blockers: [held('write', 70)] } }, 71],
    ['when the first of several ends', { pushed: true, refusal: { blockers: [held('append', 900), held('append', 300)] } }, 301],
    ['only when the holder ends, where the store calls', { pushed: true, refusal: { blockers: [held('write', 4_000)] } }, 4_001],
    ['as if the store did not call, where it did not answer', { pushed: true, refusal: { blockers: [held('write')], stale: true } }, 5],
    ['soon, once it should have ended', { pushed: true, refusal: { blockers: [held('write', -5)] } }, 1_000],
    ['after the longest pause, if nobody is known to be in the way', { pushed: true, refusal: { blockers: [] } }, 1_001],
  ])('%s', (_, changes, expected) => {
    expect(lookAgainMs(seen(changes), retry, now, 1)).toBeCloseTo(expected, 6);
  });

  test('with jitter down to half of it', () => {
    expect(lookAgainMs(seen({ inTheWayMs: 100 }), retry, now, 0)).toBeCloseTo(20, 6);
  });

  test('no sooner than a sixteenth of the pause asked for', () => {
    expect(lookAgainMs(seen(), { ...retry, delayMs: 3_200, maxDelayMs: 60_000 }, now, 1)).toBeCloseTo(200, 6);
  });
});

describe('a wish is', () => {
  test.each<[string, boolean, Partial<Watched>, Mode]>([
    ['put at once by a job that meets appends', true, { refusal: { blockers: [held('append')] } }, 'write'],
    ['not put behind a short hold', false, { watchedMs: 10 }, 'write'],
    ['put behind a long one', true, { watchedMs: 100 }, 'write'],
    ['not put behind a long one where the store calls', false, { watchedMs: 100, pushed: true }, 'write'],
    [
      'put where the store calls, if the resource went to somebody else',
      true,
      { watchedMs: 100, pushed: true, changedHands: true },
      'append',
    ],
    ['not put behind another wish', false, { watchedMs: 100, refusal: { blockers: [held('append')], waiting: true } }, 'write'],
    ['not put if nobody is known to be in the way', false, { watchedMs: 100, refusal: { blockers: [] } }, 'write'],
  ])('%s', (_, expected, changes, mode) => {
    expect(isWorthAWish(seen(changes), mode)).toBe(expected);
  });
});
