import { describe, expect, test } from '@jest/globals';
import { afterLook, afterReply, type Change } from '../../../src/stores/memcached/outcome.ts';

const create: Change = { from: undefined, to: 'mine' };
const replace: Change = { from: 'old', to: 'mine' };
const remove: Change = { from: 'mine', to: undefined };

describe('the reply to a write', () => {
  test.each([
    ['ok', false, 'done'],
    ['ok', true, 'done'],
    ['exists', false, 'refused'],
    ['notFound', false, 'refused'],
    ['exists', true, 'look'],
    ['notFound', true, 'look'],
    ['notStored', false, 'look'],
    ['notStored', true, 'look'],
    ['outOfMemory', false, 'failed'],
    ['failed', true, 'failed'],
  ] as const)('%s, in doubt: %p, means %s', (status, inDoubt, meaning) => {
    expect(afterReply(status, inDoubt)).toBe(meaning);
  });
});

describe('a look at the key after a request that nobody answered', () => {
  test.each([
    ['create', create, 'mine', 'done'],
    ['create', create, undefined, 'write'],
    ['create', create, 'theirs', 'refused'],
    ['replace', replace, 'mine', 'done'],
    ['replace', replace, 'old', 'write'],
    ['replace', replace, 'theirs', 'refused'],
    ['replace', replace, undefined, 'refused'],
    ['remove', remove, undefined, 'done'],
    ['remove', remove, 'mine', 'write'],
    ['remove', remove, 'theirs', 'refused'],
  ] as const)('%s %j that finds %p: %s', (_name, write, found, meaning) => {
    expect(afterLook(found, write, true)).toBe(meaning);
  });
});

describe('a look at the key before a first request, on a new connection', () => {
  test.each([
    ['replace', replace, 'old', 'write'],
    ['replace', replace, undefined, 'refused'],
    ['replace', replace, 'theirs', 'refused'],
    ['remove', remove, 'mine', 'write'],
    ['remove', remove, 'theirs', 'refused'],
    ['remove', remove, undefined, 'refused'],
  ] as const)('%s %j that finds %p: %s', (_name, write, found, meaning) => {
    expect(afterLook(found, write, false)).toBe(meaning);
  });
});
