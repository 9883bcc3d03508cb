/** Conflicts that a real MariaDB makes, and work that is run again because of them. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Connection, createConnection, createPool, type Pool } from 'mysql2/promise';
import { classifyConflict } from '../../src/conflicts/classify.ts';
import { withConflictRetry } from '../../src/conflicts/index.ts';
import { createLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { describeWith, uniqueName } from '../support/shared.ts';

describeWith('mysql', (service) => {
  const [a, b] = [uniqueName('a'), uniqueName('b')];
  let one: Connection;
  let two: Connection;

  beforeAll(async () => {
    [one, two] = await Promise.all([createConnection(service.url), createConnection(service.url)]);
    for (const table of [a, b]) {
      await one.query(`create table ${table} (id int primary key, x int)`);
      await one.query(`insert into ${table} values (1, 0), (2, 0)`);
    }
  });
  afterAll(async () => {
    await one?.query(`drop table if exists ${a}, ${b}`);
    await Promise.all([one?.end(), two?.end()]);
  });
  beforeEach(() => Promise.all([one.query('rollback'), two.query('rollback')]));

  test('two who wait for each other’s rows are a deadlock', async () => {
    for (const connection of [one, two]) await connection.query('begin');
    await one.query(`update ${a} set x = x + 1 where id = 1`);
    await two.query(`update ${b} set x = x + 1 where id = 1`);
    const failures = await Promise.all([
      failureOf(one.query(`update ${b} set x = x + 1 where id = 1`)),
      failureOf(two.query(`update ${a} set x = x + 1 where id = 1`)),
    ]);
    expect(failures.flatMap((failure) => classifyConflict(failure) ?? [])).toMatchObject([
      { kind: 'deadlock', retry: true, code: 'ER_LOCK_DEADLOCK' },
    ]);
  });

  test('a wait for a row that is over is a lock timeout', async () => {
    await one.query('begin');
    await one.query(`update ${a} set x = x + 1 where id = 1`);
    await two.query('set innodb_lock_wait_timeout = 1');
    const failure = await failureOf(two.query(`update ${a} set x = x + 1 where id = 1`));
    expect(classifyConflict(failure)).toMatchObject({ kind: 'lock-timeout', retry: true, code: 'ER_LOCK_WAIT_TIMEOUT' });
  });

  test('a row that was changed after the snapshot is a serialization failure', async () => {
    await two.query('set innodb_snapshot_isolation = on');
    await two.query('set transaction isolation level repeatable read');
    await two.query('start transaction with consistent snapshot');
    await one.query(`update ${a} set x = x + 1 where id = 1`);
    const failure = await failureOf(two.query(`update ${a} set x = x + 1 where id = 1`));
    expect(classifyConflict(failure)).toMatchObject({ kind: 'serialization', retry: true, code: 'ER_CHECKREAD' });
  });

  test('a table that was changed after the snapshot is a conflict of DDL', async () => {
    await two.query('set transaction isolation level repeatable read');
    await two.query('start transaction with consistent snapshot');
    await one.query(`alter table ${b} add column y int, algorithm = copy`);
    expect(classifyConflict(await failureOf(two.query(`select * from ${b}`)))).toMatchObject({ kind: 'ddl', code: 'ER_TABLE_DEF_CHANGED' });
  });

  test('a duplicate row is none', async () => {
    expect(classifyConflict(await failureOf(one.query(`insert into ${a} values (1, 0)`)))).toBeUndefined();
  });

  test('withConflictRetry runs the whole transaction again', async () => {
    const pool: Pool = createPool({ uri: service.url, connectionLimit: 2 });
    const locker = createLocker({ store: memoryStore(), job: 'rollup' });
    let runs = 0;
    await one.query(`update ${a} set x = 0`);
    await withConflictRetry(
      locker,
      { writes: a },
      async () => {
        const connection = await pool.getConnection();
        try {
          await connection.query('set innodb_snapshot_isolation = on');
          await connection.beginTransaction();
          await connection.query(`select * from ${a}`);
          // A stranger who takes no lock.
          if (++runs === 1) await one.query(`update ${a} set x = x + 1 where id = 1`);
          await connection.query(`update ${a} set x = x + 10 where id = 1`);
          await connection.commit();
        } catch (error) {
          await connection.rollback();
          throw error;
        } finally {
          connection.release();
        }
      },
      { conflictRetry: { delayMs: 1 } },
    );
    const [found] = await one.query(`select x from ${a} where id = 1`);
    expect([runs, found]).toEqual([2, [{ x: 11 }]]);
    await Promise.all([pool.end(), locker.close()]);
  });
});

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}
