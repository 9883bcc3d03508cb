import { expect, test } from '@jest/globals';
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
const known = { usualMs: 1_000, nowMs: at(3_600).getTime() };

test('a move meets nobody where all holds were written', () => {
  const encounter = encounterOf(skip, { ...known, holds: [held] });
  expect(encounter).toMatchObject({ enoughMs: 180_000, moveByMinutes: 3 });
  expect(movedByAll([encounter], { ...known, holds: [held] })).toBe(3);
});

test('no move is proposed past a holder that wrote no journal, since nobody knows how long it was there', () => {
  const encounter = encounterOf(skip, { ...known, holds: [] });
  expect(encounter).toMatchObject({ enoughMs: undefined, moveByMinutes: undefined });
  expect(movedByAll([encounter], { ...known, holds: [] })).toBeUndefined();
});

test('who waited ahead and never held keeps no move from being proposed', () => {
  const ahead = { ...about, pid: 9, mode: 'write', since: at(60), state: 'waiting', job: 'rollup' } as const;
  const encounter = encounterOf({ ...skip, holders: [...skip.holders, ahead] }, { ...known, holds: [held] });
  expect(encounter).toMatchObject({ enoughMs: undefined, moveByMinutes: 3 });
});
