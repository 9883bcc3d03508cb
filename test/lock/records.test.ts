import { describe, expect, test } from '@jest/globals';
import { decodeRecord, type Entrant, encodeAlone, encodeGone, encodeRecord, encodeWaiting, jobName } from '../../src/lock/record/record.ts';
import { entrant, now, recordOf, tokensOf, waiting } from './entries.ts';

const one = entrant('one', 'write', { job: 'rollup "B"', latestEnd: now + 5, usualMs: 7, limit: 2 });

test('a record comes back as it was written', () => {
  const record = recordOf([one], [waiting('first', 'append', { job: 'späť\n' }), waiting('next', 'read', { limit: 3 })]);
  expect(decodeRecord(encodeRecord(record))).toEqual(record);
});

/** Another value for all that two records of one holder can differ by. */
const others: Readonly<Required<Omit<Entrant, 'minHold' | 'line'>>> = {
  token: 'other',
  mode: 'read',
  job: 'späť "token":"x"',
  host: 'other "host"',
  pid: 2,
  since: now + 1,
  latestEnd: now + 60_000,
  ttlMs: 1,
  until: now + 2,
  beat: 9,
  usualMs: 8,
  guessMs: 9,
  limit: 3,
};

test.each(Object.keys(others) as (keyof typeof others)[])(
  'one holder alone is written the same in either way, whoever was before: another %s',
  (field) => {
    const other = { ...one, [field]: others[field] };
    const without = field === 'token' ? one : { ...one, [field]: undefined };
    for (const at of [now, now + 1])
      for (const holder of [one, other, one, without, one, { ...one, minHold: true as const }, one, { ...one, line: undefined }, one])
        expect(encodeAlone(at, holder)).toBe(encodeRecord({ ...recordOf([holder]), at }));
  },
);

describe('what was added to the text', () => {
  const text = encodeRecord(recordOf([one], [waiting('first', 'write')]));

  test('stands behind those who came before', () => {
    const record = decodeRecord(text + encodeWaiting(waiting('next', 'write')) + encodeWaiting(waiting('last', 'read')));
    expect(record && tokensOf(record.line)).toEqual(['first', 'next', 'last']);
  });

  test('twice, as by a store that sends again, stands once and where it was', () => {
    const next = encodeWaiting(waiting('next', 'write'));
    const record = decodeRecord(text + next + encodeWaiting(waiting('last', 'write')) + next);
    expect(record && tokensOf(record.line)).toEqual(['first', 'next', 'last']);
  });

  test('takes out whoever left, wherever it says so', () => {
    const record = decodeRecord(text + encodeGone('next') + encodeWaiting(waiting('next', 'write')) + encodeGone('first'));
    expect(record?.line).toEqual([]);
  });

  test.each(['\n', '\nx', '\nnull', '\n{"token":"t"}', `\n${JSON.stringify({ ...waiting('t', 'write'), pauseMs: 'long' })}`])(
    'and cannot be read makes the whole unreadable: %j',
    (added) => {
      expect(decodeRecord(text + added)).toBeUndefined();
    },
  );

  test('is nothing that 0.1.0 takes for a record: it stays out', () => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
  });
});

test.each([
  '',
  'x',
  'null',
  '[]',
  '{}',
  '{"v":2,"holders":[]}',
  '{"v":1}',
  '{"v":1,"holders":[null]}',
  '{"v":1,"holders":[{"token":1}]}',
  '{"v":1,"at":"now","holders":[]}',
])('%j cannot be read', (text) => {
  expect(decodeRecord(text)).toBeUndefined();
});

test("a job's name is cut to 128 bytes at a character", () => {
  expect(jobName('rollup')).toBe('rollup');
  const cut = jobName('🦆'.repeat(100)) as string;
  expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(128);
  expect(cut).toMatch(/^(🦆)+…$/u);
});
