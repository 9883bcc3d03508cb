import { describe, expect, test } from '@jest/globals';
import type { Mode } from '../../src/lock/holder.ts';
import { clockSkewMs, decide, depart, maxHolders } from '../../src/lock/record/decide.ts';
import { decodeRecord, type Entrant, encodeRecord, jobName, type LockRecord } from '../../src/lock/record/record.ts';

const now = 1_000_000;

function entrant(token: string, mode: Mode, more: Partial<Entrant> = {}): Entrant {
  return { token, mode, host: 'here', pid: 1, since: now, ttlMs: 10_000, until: now + 10_000, beat: 1, ...more };
}

function recordOf(...holders: Entrant[]): LockRecord {
  return { v: 1, holders };
}

describe('decide', () => {
  const modes: Mode[] = ['write', 'append', 'read'];
  for (const held of modes) {
    for (const asked of modes) {
      const goes = held === asked && held !== 'write';
      test(`${asked} ${goes ? 'goes with' : 'is excluded by'} ${held}`, () => {
        const decision = decide(recordOf(entrant('theirs', held)), entrant('mine', asked), now);
        expect(decision.granted).toBe(goes);
        if (!decision.granted) expect(decision.blockers.map(({ token }) => token)).toEqual(['theirs']);
      });
    }
  }

  test('a record that holds my token is mine, whoever joined since: an ambiguous write resolves itself', () => {
    const decision = decide(recordOf(entrant('mine', 'append'), entrant('theirs', 'append')), entrant('mine', 'append', { beat: 2 }), now);
    expect(decision).toMatchObject({ granted: true, record: { holders: [{ token: 'theirs' }, { token: 'mine', beat: 2 }] } });
  });

  test('the key lives as long as the longest of its entries', () => {
    const decision = decide(
      recordOf(entrant('theirs', 'read', { ttlMs: 60_000, until: now + 50_000 })),
      entrant('mine', 'read', { ttlMs: 5_000 }),
      now,
    );
    expect(decision).toMatchObject({ granted: true, ttlMs: 50_000 + clockSkewMs });
  });

  test('one holder alone ends with its key, not by the clock of another host', () => {
    expect(decide(recordOf(entrant('theirs', 'write', { until: now - 60_000 })), entrant('mine', 'write'), now).granted).toBe(false);
  });

  test('a crashed sharer that others keep alive ends by its own time and the clock skew', () => {
    const record = recordOf(entrant('dead', 'append', { until: now - clockSkewMs }), entrant('alive', 'append'));
    expect(decide(record, entrant('mine', 'append'), now)).toMatchObject({
      granted: true,
      record: { holders: [{ token: 'alive' }, { token: 'mine' }] },
    });
    const early = decide(record, entrant('mine', 'append'), now - 1);
    expect(early.granted && early.record.holders.length).toBe(3);
  });

  test('a min-hold mark ends to the millisecond on its own host, and with the clock skew on others', () => {
    const mark = entrant('gone', 'write', { until: now, minHold: true });
    expect(decide(recordOf(mark), entrant('mine', 'write'), now).granted).toBe(true);
    expect(decide(recordOf(mark), entrant('mine', 'write'), now - 1).granted).toBe(false);
    expect(decide(recordOf(mark), entrant('mine', 'write', { host: 'there' }), now).granted).toBe(false);
    expect(decide(recordOf(mark), entrant('mine', 'write', { host: 'there' }), now + clockSkewMs).granted).toBe(true);
  });

  test('256 holders are enough', () => {
    const full = recordOf(...Array.from({ length: maxHolders }, (_, index) => entrant(`t${index}`, 'append')));
    expect(decide(full, entrant('mine', 'append'), now).granted).toBe(false);
    expect(decide(full, entrant('t7', 'append'), now).granted).toBe(true);
  });
});

describe('depart', () => {
  test('removes a record that nobody else is in', () => {
    expect(depart(recordOf(entrant('mine', 'write')), entrant('mine', 'write'), now)).toEqual({ act: 'remove' });
  });

  test('leaves the others, for as long as they live', () => {
    const left = depart(
      recordOf(entrant('mine', 'append'), entrant('theirs', 'append', { until: now + 3_000 })),
      entrant('mine', 'append'),
      now,
    );
    expect(left).toMatchObject({ act: 'write', record: { holders: [{ token: 'theirs' }] }, ttlMs: 3_000 + clockSkewMs });
  });

  test('leaves a mark while min-hold lasts', () => {
    const left = depart(recordOf(entrant('mine', 'write')), entrant('mine', 'write'), now, now + 1_500);
    expect(left).toMatchObject({ act: 'write', record: { holders: [{ token: 'mine', minHold: true, until: now + 1_500 }] }, ttlMs: 1_500 });
  });

  test('does nothing to a record that is not ours', () => {
    expect(depart(recordOf(entrant('theirs', 'write')), entrant('mine', 'write'), now)).toEqual({ act: 'none' });
  });
});

describe('records', () => {
  test('come back as they were written', () => {
    const record = recordOf(entrant('mine', 'write', { job: 'rollup', latestEnd: now + 5 }));
    expect(decodeRecord(encodeRecord(record))).toEqual(record);
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
  ])('%j cannot be read', (text) => {
    expect(decodeRecord(text)).toBeUndefined();
  });

  test("a job's name is cut to 128 bytes at a character", () => {
    expect(jobName('rollup')).toBe('rollup');
    const cut = jobName('🦆'.repeat(100)) as string;
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(128);
    expect(cut).toMatch(/^(🦆)+…$/u);
  });
});
