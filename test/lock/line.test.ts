import { describe, expect, test } from '@jest/globals';
import { admit, clockSkewMs, depart, exchange, grantLifeMs, maxEntries, takesLine } from '../../src/lock/record/decide.ts';
import { entrant, now, recordOf, tokensOf, waiting } from './entries.ts';

describe('whoever comes', () => {
  test('goes behind all that wait, though nobody who holds is in its way', () => {
    const found = recordOf([entrant('one', 'append')], [waiting('writer', 'write')]);
    expect(admit(found, entrant('mine', 'append'), now)).toEqual({ granted: false, blockers: [], ahead: [waiting('writer', 'write')] });
  });

  test('sees who holds it and who is before it', () => {
    const found = recordOf([entrant('one', 'write')], [waiting('first', 'write'), waiting('mine', 'write'), waiting('last', 'write')]);
    const admission = admit(found, entrant('mine', 'write'), now);
    expect(!admission.granted && [tokensOf(admission.blockers), tokensOf(admission.ahead)]).toEqual([['one'], ['first']]);
  });

  test('lines up where all who hold know lines, and the line is not full', () => {
    const one = entrant('one', 'append');
    expect(takesLine(recordOf([one]))).toBe(true);
    expect(takesLine(recordOf([one, entrant('old', 'append', { line: undefined })]))).toBe(false);
    expect(takesLine(recordOf([]))).toBe(false);
    const line = Array.from({ length: maxEntries }, (_, index) => waiting(`t${index}`, 'write'));
    expect(takesLine(recordOf([one], line.slice(1)))).toBe(true);
    expect(takesLine(recordOf([one], line))).toBe(false);
  });
});

describe('whoever leaves', () => {
  const me = entrant('mine', 'write');

  test('makes the head of the line a holder, for its pause and a second, until it confirms', () => {
    const left = depart(
      recordOf([me], [waiting('first', 'write', { job: 'rollup', limit: 3, usualMs: 40 }), waiting('next', 'write')]),
      me,
      now,
    );
    const lifeMs = grantLifeMs + 1_000;
    expect(left).toEqual({
      act: 'write',
      ttlMs: lifeMs,
      record: recordOf(
        [
          {
            ...{ token: 'first', mode: 'write', job: 'rollup', host: 'there', pid: 2, limit: 3, usualMs: 40 },
            ...{ since: now, latestEnd: now + 60_000, ttlMs: lifeMs, until: now + lifeMs, beat: 0, line: true },
          },
        ],
        [waiting('next', 'write')],
      ),
    });
  });

  test('for no longer than it asked for', () => {
    const left = depart(recordOf([me], [waiting('first', 'write', { ttlMs: 1_200 })]), me, now);
    expect(left).toMatchObject({ ttlMs: 1_200, record: { holders: [{ ttlMs: 1_200 }] } });
  });

  test('lets in all of its mode, wherever they stand, and nobody else', () => {
    const line = [waiting('a', 'append'), waiting('w', 'write'), waiting('b', 'append'), waiting('r', 'read')];
    const left = depart(recordOf([me], line), me, now);
    expect(left.act === 'write' && [tokensOf(left.record.holders), tokensOf(left.record.line)]).toEqual([
      ['a', 'b'],
      ['w', 'r'],
    ]);
  });

  test('lets in as many as their limits allow', () => {
    const line = ['a', 'b', 'c'].map((token) => waiting(token, 'append', { limit: 2 }));
    const left = depart(recordOf([me], line), me, now);
    expect(left.act === 'write' && [tokensOf(left.record.holders), tokensOf(left.record.line)]).toEqual([['a', 'b'], ['c']]);
  });

  test('lets nobody in beside others that are in the way', () => {
    const sharer = entrant('mine', 'append');
    const left = depart(recordOf([sharer, entrant('stays', 'append')], [waiting('w', 'write')]), sharer, now);
    expect(left.act === 'write' && [tokensOf(left.record.holders), tokensOf(left.record.line)]).toEqual([['stays'], ['w']]);
  });

  test('goes to the end of the line if it comes straight back', () => {
    const left = depart(recordOf([me], [waiting('first', 'write')]), me, now, { again: waiting('again', 'write') });
    expect(left.act === 'write' && [tokensOf(left.record.holders), tokensOf(left.record.line)]).toEqual([['first'], ['again']]);
  });

  test('passes over those whose own limit is over, with the clock skew', () => {
    const line = [waiting('gone', 'write'), waiting('next', 'write', { maxWaitMs: 60_000 })];
    const late = now + 10_000 + clockSkewMs;
    const found = recordOf([me], line, late);
    expect(depart(found, me, late)).toMatchObject({ record: { holders: [{ token: 'gone' }] } });
    expect(depart(found, me, late + 1)).toMatchObject({ record: { holders: [{ token: 'next' }], line: [] } });
  });

  test('leaves the line behind its mark while min-hold lasts', () => {
    const line = [waiting('first', 'write')];
    expect(depart(recordOf([me], line), me, now, { minHoldUntilMs: now + 500 })).toMatchObject({
      record: { holders: [{ token: 'mine', minHold: true }], line },
    });
  });
});

describe('whoever waits', () => {
  test('takes it where nobody alive is in the way, and it is first', () => {
    const found = recordOf([entrant('gone', 'write', { minHold: true, until: now - clockSkewMs })], [waiting('mine', 'write')]);
    const admission = admit(found, entrant('mine', 'write'), now);
    expect(admission).toMatchObject({ granted: true, record: { holders: [{ token: 'mine', beat: 1 }], line: [] } });
  });

  test('and behind the first, sees what would let that one in', () => {
    const found = recordOf(
      [entrant('gone', 'write', { minHold: true, until: now - clockSkewMs })],
      [waiting('first', 'write'), waiting('mine', 'write')],
    );
    expect(admit(found, entrant('mine', 'write'), now)).toMatchObject({
      granted: false,
      ahead: [{ token: 'first' }],
      overdue: { record: { holders: [{ token: 'first', beat: 0 }], line: [{ token: 'mine' }] } },
    });
  });

  test('and was let in: its entry is written anew, with those behind it that go with it', () => {
    const found = recordOf([entrant('mine', 'append', { beat: 0, ttlMs: 2_000 })], [waiting('late', 'append'), waiting('w', 'write')]);
    expect(admit(found, entrant('mine', 'append'), now)).toMatchObject({
      granted: true,
      record: {
        holders: [
          { token: 'mine', beat: 1 },
          { token: 'late', beat: 0 },
        ],
        line: [{ token: 'w' }],
      },
    });
  });
});

test('a renewal keeps the line', () => {
  const found = recordOf([entrant('mine', 'write')], [waiting('first', 'write')]);
  expect(admit(found, entrant('mine', 'write', { beat: 2 }), now)).toMatchObject({
    granted: true,
    record: { holders: [{ beat: 2 }], line: [{ token: 'first' }] },
  });
});

test('a lock that goes to another process keeps the line', () => {
  const found = recordOf([entrant('handed', 'write')], [waiting('first', 'write'), waiting('own', 'write')]);
  expect(exchange(found, ['handed', 'own'], [entrant('mine', 'write')], now).record).toMatchObject({
    holders: [{ token: 'mine' }],
    line: [{ token: 'first' }],
  });
});
