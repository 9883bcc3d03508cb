import { expect, test } from '@jest/globals';
import { didYouMean, nearestNames } from '../../src/lock/nearest.ts';

test.each([
  ['foo', ['job', 'to', 'fog of war']],
  ['x', ['y', 'ms', 'id']],
  ['ab', ['cd', 'xyz']],
  ['cache', ['table']],
  ['skip', ['stop']],
])('%s is not like any of %j', (name, known) => {
  expect(nearestNames(name, known)).toEqual([]);
});

test.each([
  ['ttl', 'ttlMs'],
  ['skip', 'skips'],
  ['laod', 'load'],
  ['jbo', 'job'],
  ['lod', 'load'],
  ['prt', 'port'],
  ['delay', 'delayMs'],
  ['append', 'appends'],
  ['evnets', 'events'],
  ['memcache', 'memcached'],
  ['prodution', 'production'],
])('%s is like %s', (name, meant) => {
  expect(didYouMean(name, ['other', meant, 'unlike'])).toBe(`did you mean "${meant}"?`);
});

test('the nearest come first, three at most', () => {
  expect(nearestNames('visits', ['visitors', 'visit', 'visits2', 'vists', 'users'])).toEqual(['visit', 'visits2', 'vists']);
});
