import { describe, expect, test } from '@jest/globals';
import { encounterOf, movedByAll } from '../../src/observe/answers/encounter.ts';
import type { HoldEntry, SkipEntry } from '../../src/observe/index.ts';

const at = (second: number): Date => new Date(Date.UTC(2026, 10, 28, 2) + second * 1_000);
const about = { resource: 'visits', host: 'etl-1', pid: 7 };
const held: HoldEntry = {
  ...about,
  kind: 'hold',
  job: 'nightly',
  mode: 'write',
  from: at(0),
  to: at(300),
  outcome: 'released',
  reason: undefined,
  waitedMs: 0,
  isProtected: true,
};
const skip: SkipEntry = {
  ...about,
  kind: 'skip',
  job: 'dedupe',
  pid: 8,
  at: at(120),
  reason: 'busy',
  holders: [{ ...about, mode: 'write', since: at(0), state: 'holding', job: 'nightly' }],
  waitedMs: 0,
};
const known = { usualMs: 1_000, sinceMs: at(-7_200).getTime(), nowMs: at(3_600).getTime(), skips: [] };

test('a move meets nobody where all holds were written', () => {
  const encounter = encounterOf(skip, { ...known, holds: [held] });
  expect(encounter).toMatchObject({ enoughMs: 180_000 });
  expect(encounter.moves.slice(0, 2)).toEqual([3, -3]);
  expect(movedByAll([encounter])).toBe(3);
});

test('no move is proposed past a holder that wrote no journal, since nobody knows how long it was there', () => {
  const encounter = encounterOf(skip, { ...known, holds: [] });
  expect(encounter).toMatchObject({ enoughMs: undefined, moves: [] });
  expect(movedByAll([encounter])).toBeUndefined();
});

test('who waited ahead and never held keeps no move from being proposed', () => {
  const ahead = { ...about, pid: 9, mode: 'write', since: at(60), state: 'waiting', job: 'rollup' } as const;
  const encounter = encounterOf({ ...skip, holders: [...skip.holders, ahead] }, { ...known, holds: [held] });
  expect(encounter).toMatchObject({ enoughMs: undefined });
  expect(encounter.moves[0]).toBe(3);
});

test('nothing is moved to a time of which the journal does not tell', () => {
  const late = { ...held, to: at(3_600) };
  const moves = (sinceMs: number) => encounterOf(skip, { ...known, sinceMs, holds: [late] }).moves;
  expect(moves(at(-7_200).getTime())[0]).toBe(-3);
  expect(moves(at(0).getTime())).toEqual([]);
});

describe('who was ahead in line', () => {
  const ahead = { ...about, pid: 9, mode: 'append', since: at(60), state: 'waiting', job: 'rollup' } as const;
  const met = { ...skip, holders: [...skip.holders, ahead] };
  const its: HoldEntry = { ...held, job: 'rollup', pid: 9, mode: 'append', from: at(300), to: at(330), waitedMs: 240_000 };
  const gaveUp: SkipEntry = { ...skip, job: 'rollup', pid: 9, at: at(180), waitedMs: 120_000 };

  test('is waited for where it held in the end', () => {
    expect(encounterOf(met, { ...known, holds: [held, its] }).enoughMs).toBe(210_000);
  });

  test('is not waited for where it gave up, and its next turn is not taken for this one', () => {
    const next = { ...its, from: at(900), to: at(930), waitedMs: 3 };
    const encounter = encounterOf(met, { ...known, holds: [held, next], skips: [gaveUp] });
    expect(encounter.inTheWay[1]).toMatchObject({ hold: undefined, gaveUpAt: at(180) });
    expect(encounter.enoughMs).toBe(180_000);
    expect(encounterOf(met, { ...known, holds: [held, next] })).toMatchObject({ enoughMs: undefined });
  });

  test('is another process where it has the same number on another host', () => {
    const encounter = encounterOf(met, { ...known, holds: [held, { ...its, host: 'etl-9' }] });
    expect(encounter.inTheWay[1]).toMatchObject({ hold: undefined });
  });
});
