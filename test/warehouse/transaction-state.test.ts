import { expect, test } from '@jest/globals';
import { endedState } from '../../src/warehouse/transaction-state.ts';

test.each([
  ['begin', 'inside'],
  ['BEGIN ISOLATION LEVEL SERIALIZABLE', 'inside'],
  ['-- a comment\n/* and another */ start transaction', 'inside'],
  ['begin; insert into t values (1)', 'inside'],
  ['begin; insert into t values (1); commit', 'outside'],
  ['commit and chain', 'outside'],
  ['END', 'outside'],
  ['abort work', 'outside'],
  ['rollback', 'outside'],
  ["prepare transaction 'x'", 'outside'],
  ['rollback to savepoint s', undefined],
  ['ROLLBACK WORK TO s', undefined],
  ["commit prepared 'x'", undefined],
  ['prepare p as select 1', undefined],
  ["select case when a then 'begin' end from t", undefined],
  ["select '; commit'", undefined],
  ['do $$ declare n int; begin n := 1; end; $$', undefined],
  ['create function f() returns int begin atomic select 1; end', undefined],
  ['create table "begin" (id int)', undefined],
  ['select 1', undefined],
  ['', undefined],
] as const)('%j leaves a session %s', (sql, state) => expect(endedState(sql)).toBe(state));
