import { expect, test } from '@jest/globals';
import { endedState, mayCommitWithin } from '../../src/warehouse/transaction-state.ts';

test.each([
  ['begin', 'inside'],
  ['BEGIN ISOLATION LEVEL SERIALIZABLE', 'inside'],
  ['-- a comment\n/* and another */ start transaction', 'inside'],
  ['begin; insert into t values (1)', 'inside'],
  ['begin; insert into t values (1); commit', 'outside'],
  ['commit and chain', 'inside'],
  ['rollback work and chain', 'inside'],
  ['commit and no chain', 'outside'],
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
  ['create function f() returns int begin atomic select case when true then 1 end; select 2; end; select 3', undefined],
  ['create procedure p() begin atomic end', undefined],
  ['create function f() returns int begin atomic select 1; end; commit', 'outside'],
  ['begin; create function f() returns int begin atomic select 1; end', 'inside'],
  ['commit /* begin atomic */', 'outside'],
  ["insert into t values ('begin atomic'); commit", 'outside'],
  ['create table "begin" (id int)', undefined],
  ['select 1', undefined],
  ['', undefined],
] as const)('%j leaves a session %s', (sql, state) => expect(endedState(sql)).toBe(state));

test.each([
  ['insert into t values (1); commit; insert into t values (2)', true],
  ['/* giveway: writes=t */ call refresh()', true],
  ['do $$ begin commit; end $$', true],
  ['create index concurrently if not exists t_id on t (id)', true],
  ['alter table t detach partition "concurrently"', false],
  ['refresh materialized view concurrently t', false],
  ['insert into t values (1)\n on conflict\n do nothing', false],
  ["select 'x; do y'", false],
  ['insert into t values (1); update t set id = 2', false],
] as const)('%j may be in half when it fails: %s', (sql, may) => expect(mayCommitWithin(sql)).toBe(may));

// With the square of the length each would take minutes; `npm run test:linear` looks for more of them.
test.each([
  ['empty lines', '\n'.repeat(300_000)],
  ['lines of blanks', ' \n\r\t'.repeat(100_000)],
  ['semicolons and blanks', '; \n'.repeat(100_000)],
  ['ends of comments', '*/\n '.repeat(100_000)],
])('ends soon: %s', (_what, sql) => {
  expect(mayCommitWithin(`${sql}x`)).toBe(false);
  expect(mayCommitWithin(`begin ${sql}`)).toBe(true);
});
