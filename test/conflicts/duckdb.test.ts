/** Conflicts that a real DuckDB makes. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { classifyConflict } from '../../src/conflicts/classify.ts';
import { withConflictRetry } from '../../src/conflicts/index.ts';
import { createLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { describeWith } from '../support/shared.ts';

interface Connection {
  run(sql: string): Promise<unknown>;
  runAndReadAll(sql: string): Promise<{ getRows(): unknown[][] }>;
}
interface DuckDB {
  DuckDBInstance: { create(file: string): Promise<{ connect(): Promise<Connection> }> };
}

describeWith('orms', (orms) => {
  let one: Connection;
  let two: Connection;

  beforeAll(async () => {
    const { DuckDBInstance } = createRequire(join(orms.url, 'package.json'))('@duckdb/node-api') as DuckDB;
    const database = await DuckDBInstance.create(':memory:');
    [one, two] = [await database.connect(), await database.connect()];
    await one.run('create table a (id int, x int); insert into a values (1, 0); create table k (id int primary key)');
  });

  /** What each statement fails with, in two transactions that begin now. `1: …` is for the first. */
  async function play(...statements: readonly string[]): Promise<unknown> {
    for (const connection of [one, two]) await connection.run('begin; select * from a');
    let failure: unknown;
    for (const statement of statements) {
      const connection = statement.startsWith('1') ? one : two;
      failure = await connection.run(statement.slice(3)).then(
        () => failure,
        (error: unknown) => error,
      );
    }
    for (const connection of [one, two]) await connection.run('rollback').catch(() => {});
    return failure;
  }

  test.each<[string, string[], string]>([
    ['two who update one row', ['1: update a set x = 1', '2: update a set x = 2'], 'serialization'],
    ['two who delete one row', ['1: delete from a', '2: delete from a'], 'serialization'],
    ['two who make one table', ['1: create table n (i int)', '2: create table n (i int)'], 'ddl'],
    ['a table altered meanwhile', ['1: alter table a add column y int', '1: commit', '2: update a set x = 3'], 'ddl'],
    ['a table dropped meanwhile', ['1: drop table k', '2: insert into k values (8)', '1: commit', '2: commit'], 'ddl'],
  ])('%s', async (_what, statements, kind) => {
    expect(classifyConflict(await play(...statements))).toMatchObject({ kind, retry: true });
  });

  test('a duplicate key is none, also where only COMMIT finds it', async () => {
    await one.run('create or replace table u (id int primary key)');
    const failure = await play('1: insert into u values (7)', '2: insert into u values (7)', '1: commit', '2: commit');
    expect(failure).toMatchObject({ message: expect.stringContaining('duplicate key') });
    expect(classifyConflict(failure)).toBeUndefined();
  });

  test('withConflictRetry runs the whole transaction again', async () => {
    await one.run('create or replace table t (id int, x int); insert into t values (1, 0)');
    const locker = createLocker({ store: memoryStore(), job: 'rollup' });
    let runs = 0;
    await withConflictRetry(
      locker,
      't',
      async () => {
        await two.run('begin; select * from t');
        try {
          // A stranger who takes no lock.
          if (++runs === 1) await one.run('update t set x = x + 1');
          await two.run('update t set x = x + 10');
          await two.run('commit');
        } catch (error) {
          await two.run('rollback');
          throw error;
        }
      },
      { conflictRetry: { delayMs: 1 } },
    );
    expect([runs, (await one.runAndReadAll('select x from t')).getRows()]).toEqual([2, [[11]]]);
    await locker.close();
  });
});
