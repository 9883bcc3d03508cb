import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fingerprint, placeOf } from '../../../src/stores/memcached/placement.ts';

const servers = ['cache1:11211', 'cache2:11211', 'cache3:11211'].map((name) => ({ name }));
const keys = Array.from({ length: 3_000 }, (_, index) => `giveway:table_${index}`);

describe('which server holds a key', () => {
  test('is the same in every process and language: these places are part of the protocol', () => {
    const places = ['giveway:events', 'giveway:visits', 'giveway:events:wish', 'giveway:prod:analytics.visits'];
    expect(places.map((key) => placeOf(key, servers).name)).toEqual(['cache1:11211', 'cache3:11211', 'cache3:11211', 'cache1:11211']);
  });

  test('does not depend on the order of the list', () => {
    fc.assert(
      fc.property(fc.string(), fc.shuffledSubarray(servers, { minLength: 3 }), (key, shuffled) => {
        expect(placeOf(key, shuffled)).toBe(placeOf(key, servers));
      }),
    );
  });

  test('spreads keys evenly', () => {
    for (const server of servers) {
      const share = keys.filter((key) => placeOf(key, servers) === server).length / keys.length;
      expect(share).toBeGreaterThan(0.28);
      expect(share).toBeLessThan(0.39);
    }
  });

  test('changes only for keys that go to a new server', () => {
    const added = { name: 'cache4:11211' };
    for (const key of keys) {
      const place = placeOf(key, [...servers, added]);
      if (place !== added) expect(place).toBe(placeOf(key, servers));
    }
  });
});

test('the fingerprint of a list is that of its names, in any order', () => {
  expect(fingerprint(servers)).toMatch(/^[0-9a-f]{16}$/);
  expect(fingerprint([...servers].reverse())).toBe(fingerprint(servers));
  expect(fingerprint(servers.slice(1))).not.toBe(fingerprint(servers));
});
