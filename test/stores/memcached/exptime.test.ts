import { expect, test } from '@jest/globals';
import { exptimeFor } from '../../../src/stores/memcached/exptime.ts';

test.each([
  [1, 3],
  [999, 3],
  [1_000, 3],
  [1_000.5, 4],
  [1_001, 4],
  [30_000, 32],
  [86_400_000, 86_402],
  [2_591_998_000, 2_592_000],
])('a TTL of %p ms is written as %p s: rounded up, and two for the clock of memcached', (ttlMs, exptime) => {
  expect(exptimeFor(ttlMs)).toBe(exptime);
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2_591_998_001, 31 * 86_400_000, '30000' as unknown as number])(
  'P11: a TTL of %p is refused, because memcached would say "stored" and keep nothing, or keep it for ever',
  (ttlMs) => {
    expect(() => exptimeFor(ttlMs)).toThrow(expect.objectContaining({ code: 'ERR_GIVEWAY_INVALID_OPTION', path: 'ttlMs' }));
  },
);
