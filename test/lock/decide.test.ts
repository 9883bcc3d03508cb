import { describe, expect, test } from '@jest/globals';
import type { Mode } from '../../src/lock/holder.ts';
import { admit, aged, type Change, clockSkewMs, depart, exchange, maxEntries } from '../../src/lock/record/decide.ts';
import type { LockRecord } from '../../src/lock/record/record.ts';
import { entrant, now, recordOf, tokensOf } from './entries.ts';

describe('admit', () => {
  const modes: Mode[] = ['write', 'append', 'read'];
  for (const held of modes) {
    for (const asked of modes) {
      const goes = held === asked && held !== 'write';
      test(`${asked} ${goes ? 'goes with' : 'is excluded by'} ${held}`, () => {
        const admission = admit(recordOf([entrant('theirs', held)]), entrant('mine', asked), now);
        expect(admission.granted).toBe(goes);
        if (!admission.granted) expect(tokensOf(admission.blockers)).toEqual(['theirs']);
      });
    }
  }

  test('nothing found: alone, for as long as it asks', () => {
    const me = entrant('mine', 'write');
    expect(admit(undefined, me, now)).toEqual({ granted: true, record: recordOf([me]), ttlMs: 10_000 });
  });

  test('a record that holds my token is mine, whoever joined since: an ambiguous write resolves itself', () => {
    const found = recordOf([entrant('mine', 'append'), entrant('theirs', 'append')]);
    expect(admit(found, entrant('mine', 'append', { beat: 2 }), now)).toMatchObject({
      granted: true,
      record: { holders: [{ token: 'theirs' }, { token: 'mine', beat: 2 }] },
    });
  });

  test('what this process left behind under another token is not in its way, and goes', () => {
    const found = recordOf([entrant('lost', 'write')]);
    expect(admit(found, entrant('mine', 'append'), now).granted).toBe(false);
    expect(admit(found, entrant('mine', 'append'), now, (token) => token === 'lost')).toMatchObject({
      granted: true,
      record: { holders: [{ token: 'mine' }] },
    });
  });

  test('the key lives as long as the longest of its entries', () => {
    const found = recordOf([entrant('theirs', 'read', { ttlMs: 60_000, until: now + 50_000 })]);
    expect(admit(found, entrant('mine', 'read', { ttlMs: 5_000, until: now + 5_000 }), now)).toMatchObject({
      granted: true,
      ttlMs: 50_000 + clockSkewMs,
    });
  });

  test('one holder alone ends with its key, not by the clock of another host', () => {
    const found = recordOf([entrant('theirs', 'write', { until: now - 60_000 })]);
    expect(admit(found, entrant('mine', 'write'), now).granted).toBe(false);
  });

  test('a crashed sharer that others keep alive ends by its own time and the clock skew', () => {
    const found = recordOf([entrant('dead', 'append', { until: now - clockSkewMs }), entrant('alive', 'append')]);
    expect(admit(found, entrant('mine', 'append'), now)).toMatchObject({
      granted: true,
      record: { holders: [{ token: 'alive' }, { token: 'mine' }] },
    });
    const early = admit(found, entrant('mine', 'append'), now - 1);
    expect(early.granted && early.record.holders.length).toBe(3);
  });

  test('a min-hold mark ends to the millisecond on its own host, and with the clock skew on others', () => {
    const mark = recordOf([entrant('gone', 'write', { until: now, minHold: true })]);
    const elsewhere = entrant('mine', 'write', { host: 'there' });
    expect(admit(mark, entrant('mine', 'write'), now).granted).toBe(true);
    expect(admit(mark, entrant('mine', 'write'), now - 1).granted).toBe(false);
    expect(admit(mark, elsewhere, now).granted).toBe(false);
    expect(admit(mark, elsewhere, now + clockSkewMs).granted).toBe(true);
  });

  test('256 holders are enough', () => {
    const full = recordOf(Array.from({ length: maxEntries }, (_, index) => entrant(`t${index}`, 'append')));
    expect(admit(full, entrant('mine', 'append'), now).granted).toBe(false);
    expect(admit(full, entrant('t7', 'append'), now).granted).toBe(true);
  });
});

describe('clocks that are apart by more than allowed', () => {
  const sharers = [entrant('one', 'append'), entrant('two', 'append')];

  test.each([
    ['ahead, so that the record is older than its key can be', 3_600_000],
    ['behind, so that the record is younger than now', -3_600_000],
  ])('%s: the writer of the record is believed, and nobody is struck out', (_, apartMs) => {
    const wallMs = now + apartMs;
    const me = entrant('mine', 'append', { since: wallMs, until: wallMs + 10_000 });
    const admission = admit(recordOf(sharers), me, wallMs);
    expect(admission.granted && tokensOf(admission.record.holders)).toEqual(['one', 'two', 'mine']);
    // What is left to them is left to them, by the new writer's clock.
    expect(admission.granted && admission.record).toMatchObject({ at: wallMs, holders: [{ until: wallMs + 10_000 }, {}, {}] });
  });

  test('a dead sharer whom two others keep in turns ends by its own time', () => {
    // The clock of one is an hour ahead; each writes every three seconds, and finds what the other one has written.
    const writers = ['one', 'two'].map((token, index) => ({ token, aheadMs: index * 3_600_000 }));
    const dead = entrant('dead', 'append');
    let found = recordOf([dead, entrant('one', 'append'), entrant('two', 'append')]);
    const seen = new Map(writers.map(({ token }) => [token, found]));
    const lifeMs = [];
    for (let passedMs = 3_000; passedMs < 60_000; passedMs += 1_500) {
      const { token, aheadMs } = writers[(passedMs / 1_500) % 2] as (typeof writers)[0];
      const wallMs = now + passedMs + aheadMs;
      const before = seen.get(token) as LockRecord;
      const me = entrant(token, 'append', { since: now, until: wallMs + 10_000, beat: passedMs });
      found = (admit(aged(found, before, wallMs), me, wallMs) as Change).record;
      seen.set(token, found);
      if (tokensOf(found.holders).includes('dead')) lifeMs.push(passedMs);
      expect(tokensOf(found.holders)).toEqual(expect.arrayContaining(['one', 'two']));
    }
    const [last] = lifeMs.slice(-1);
    expect(last).toBeGreaterThanOrEqual(10_000);
    expect(last).toBeLessThan(10_000 + 2_000 + 2 * 3_000);
  });

  test('a record without `at`, of 0.1.0, is judged by our own', () => {
    const { at: _, ...old } = recordOf(sharers);
    const late = admit(old, entrant('mine', 'append'), now + 3_600_000);
    expect(late.granted && tokensOf(late.record.holders)).toEqual(['mine']);
  });
});

describe('limits', () => {
  const limited = (token: string, limit?: number) => entrant(token, 'append', { limit });

  test.each([
    ['fewer than its limit are in', [limited('one', 2)], 2, true],
    ['as many as its limit are in', [limited('one', 2), limited('two', 2)], 2, false],
    ['a holder says a smaller one', [limited('one', 1)], 2, false],
    ['it says a smaller one itself', [limited('one'), limited('two')], 2, false],
    ['nobody says one', [limited('one'), limited('two')], undefined, true],
    ['somebody who is in says one and it does not', [limited('one', 2), limited('two')], undefined, false],
  ])('%s', (_, holders, limit, granted) => {
    expect(admit(recordOf(holders), limited('mine', limit), now).granted).toBe(granted);
  });
});

describe('depart', () => {
  const me = entrant('mine', 'append');

  test('removes a record that nobody else is in', () => {
    expect(depart(recordOf([me]), me, now)).toEqual({ act: 'remove' });
  });

  test('leaves the others, for as long as they live', () => {
    const found = recordOf([me, entrant('theirs', 'append', { until: now + 3_000 })]);
    expect(depart(found, me, now)).toMatchObject({
      act: 'write',
      record: { at: now, holders: [{ token: 'theirs' }] },
      ttlMs: 3_000 + clockSkewMs,
    });
  });

  test('leaves a mark while min-hold lasts', () => {
    expect(depart(recordOf([me]), me, now, { minHoldUntilMs: now + 1_500 })).toMatchObject({
      act: 'write',
      record: { holders: [{ token: 'mine', minHold: true, until: now + 1_500 }] },
      ttlMs: 1_500,
    });
  });

  test('does nothing to a record that is not ours', () => {
    expect(depart(recordOf([entrant('theirs', 'append')]), me, now)).toEqual({ act: 'none' });
  });
});

describe('exchange', () => {
  test("puts one's own entry in the place of another's, beside whoever is there", () => {
    const found = recordOf([entrant('handed', 'read'), entrant('theirs', 'read')]);
    const { record, ttlMs } = exchange(found, ['handed'], [entrant('mine', 'read')], now);
    expect(tokensOf(record.holders)).toEqual(['theirs', 'mine']);
    expect(ttlMs).toBe(10_000);
  });
});
