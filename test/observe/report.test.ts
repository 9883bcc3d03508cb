import { expect, test } from '@jest/globals';
import { encounterOf } from '../../src/observe/answers/encounter.ts';
import { reportOf } from '../../src/observe/answers/report.ts';
import type { ConflictEntry, HoldEntry, LateLockEntry, SkipEntry } from '../../src/observe/index.ts';

const at = (second: number): Date => new Date(Date.UTC(2026, 10, 28, 2) + second * 1_000);
const place = { host: 'etl-1', pid: 7 };

function hold(job: string, resource: string, from: number, to: number): HoldEntry {
  const times = { from: at(from), to: at(to) };
  return {
    kind: 'hold',
    job,
    resource,
    mode: 'write',
    ...place,
    ...times,
    outcome: 'released',
    reason: undefined,
    waitedMs: 0,
    isProtected: true,
  };
}

function skip(job: string, second: number, held: HoldEntry): SkipEntry {
  const { resource, mode, from: since, job: by } = held;
  const holder = { resource, mode, since, ...place, state: 'holding', ...(by === undefined ? {} : { job: by }) } as const;
  return { kind: 'skip', job, resource, ...place, at: at(second), reason: 'busy', holders: [holder], waitedMs: 0 };
}

const nothingElse = { usualMs: undefined, skips: [], sinceMs: 0 };
const nothing = { encounters: [], holds: [], conflicts: [], lateLocks: [] };

test('a time in which nothing happened comes to nothing', () => {
  expect(reportOf(nothing)).toEqual({ blocked: [], work: [], conflicts: [], starving: [], advice: [] });
});

test('a conflict names the scope that lacks a table, and comes first among the advice', () => {
  const about = { resource: 'events', ...place, job: 'rollup' };
  const conflicts: ConflictEntry[] = [1, 2].flatMap((second) =>
    ['events', 'visits'].map(
      (resource): ConflictEntry => ({ kind: 'conflict', ...about, resource, at: at(second), code: '40001', message: '', attempt: 1 }),
    ),
  );
  const lateLocks: LateLockEntry[] = [1, 2, 3].map((second) => ({ kind: 'late-lock', ...about, job: 'load', at: at(second) }));
  const held = hold('load', 'events', 0, 30);
  const encounters = [encounterOf(skip('rollup', 10, held), { holds: [held], ...nothingElse, nowMs: at(99).getTime() })];
  const { conflicts: found, advice } = reportOf({ ...nothing, encounters, conflicts, lateLocks });
  const missing = [{ job: 'load', resource: 'events', times: 3 }];
  expect(found).toEqual([{ job: 'rollup', code: '40001', times: 2, resources: ['events', 'visits'], missing }]);
  expect(advice).toEqual([
    'Add "events" to the scope of "load": it wrote there without the lock 3 times, and the database aborted 2 transactions.',
    `Let "rollup" wait for 20s (onBusy: 'retry', retry.maxWaitMs: 20000, or giveway run --wait 20s): its one skip would have run.`,
    'Shorten or move "load": on "events" it cost "rollup" 20s, 100 % of all time lost.',
  ]);
});

test('a conflict of which nobody knows who lacks a lock is advised on as well', () => {
  const conflict = {
    kind: 'conflict',
    resource: 'events',
    ...place,
    job: 'rollup',
    at: at(1),
    code: '40001',
    message: '',
    attempt: 1,
  } as const;
  expect(reportOf({ ...nothing, conflicts: [conflict] }).advice).toEqual([
    'Find who writes to "events", or reads it in a writing transaction, without naming it in a scope: the database aborted 1 transaction there.',
  ]);
});

test('a job that only skips is starving, from its first skip since it last ran', () => {
  const held = hold('load', 'events', 0, 3_000);
  const ran = hold('rollup', 'events', -50, -40);
  const known = { holds: [held], ...nothingElse, nowMs: at(9_999).getTime() };
  const skips = (count: number) => Array.from({ length: count }, (_, index) => encounterOf(skip('rollup', 60 * (index - 1), held), known));
  expect(reportOf({ ...nothing, encounters: skips(11), holds: [ran] }).starving).toEqual([
    { job: 'rollup', skips: 10, since: at(0), by: 'load' },
  ]);
  expect(reportOf({ ...nothing, encounters: skips(11), holds: [ran] }).advice[0]).toBe(
    `Give "rollup" its turn with onStarving: 'wait': 10 skips in a row, 10 times because of "load".`,
  );
  expect(reportOf({ ...nothing, encounters: skips(10), holds: [ran] }).starving).toEqual([]);
});
