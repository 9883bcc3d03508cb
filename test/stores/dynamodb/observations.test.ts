import { describe, expect, test } from '@jest/globals';
import { createObservations } from '../../../src/stores/dynamodb/observations.ts';

describe('observations', () => {
  test('a version is dead when it has stood for longer than its lease, not sooner', () => {
    const observations = createObservations(10);
    observations.see('k', 'v1', 1_000, 5_000);
    expect(observations.deadVersion('k', 6_000)).toBeUndefined();
    expect(observations.deadVersion('k', 6_001)).toBe('v1');
    expect(observations.deadVersion('other', 6_001)).toBeUndefined();
  });

  test('seeing the same version again keeps the beginning, another version starts anew', () => {
    const observations = createObservations(10);
    observations.see('k', 'v1', 1_000, 0);
    observations.see('k', 'v1', 1_000, 900);
    expect(observations.deadVersion('k', 1_001)).toBe('v1');
    observations.see('k', 'v2', 1_000, 1_001);
    expect(observations.deadVersion('k', 2_001)).toBeUndefined();
    expect(observations.deadVersion('k', 2_002)).toBe('v2');
  });

  test('a version without a lease never dies; what is forgotten is unknown', () => {
    const observations = createObservations(10);
    observations.see('k', 'v1', Number.POSITIVE_INFINITY, 0);
    expect(observations.deadVersion('k', 1e15)).toBeUndefined();
    observations.see('k', 'v2', 1, 0);
    observations.forget('k');
    expect(observations.deadVersion('k', 1e15)).toBeUndefined();
  });

  test('past the limit the one looked at longest ago goes, which only delays: it is observed anew', () => {
    const observations = createObservations(10_000);
    for (let key = 0; key < 10_000; key += 1) observations.see(`k${key}`, 'v', 1_000, 0);
    observations.see('k0', 'v', 1_000, 500);
    observations.see('one more', 'v', 1_000, 500);
    expect(observations.deadVersion('k0', 2_000)).toBe('v');
    expect(observations.deadVersion('k1', 2_000)).toBeUndefined();
    expect(observations.deadVersion('k2', 2_000)).toBe('v');
    expect(observations.see('k1', 'v', 1_000, 2_000).sinceMs).toBe(2_000);
  });
});
