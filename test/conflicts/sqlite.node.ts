/** Makes conflicts on a SQLite file with the driver named by SQLITE_DRIVER, and prints what they are taken for, as JSON. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classifyConflict } from '../../src/conflicts/classify.ts';

interface Database {
  exec(sql: string): unknown;
  close(): void;
}

const driver = process.env['SQLITE_DRIVER'] ?? '';
const found = (await import(driver)) as { default?: new (file: string) => Database; DatabaseSync?: new (file: string) => Database };
const Opened = (found.DatabaseSync ?? found.default) as new (file: string) => Database;
const folder = mkdtempSync(join(tmpdir(), 'giveway-conflicts-'));
const [one, two] = [0, 1].map(() => new Opened(join(folder, 'file.db'))) as [Database, Database];

const conflictIn = (work: () => void): object => {
  try {
    work();
  } catch (error) {
    const { kind, retry, code } = classifyConflict(error) ?? { kind: (error as Error).message };
    return { kind, retry, code };
  } finally {
    for (const database of [one, two]) {
      try {
        database.exec('rollback');
      } catch {
        // It had none.
      }
    }
  }
  return { kind: 'nothing failed' };
};

one.exec('pragma journal_mode = wal; create table a (x int); insert into a values (0)');
for (const database of [one, two]) database.exec('pragma busy_timeout = 0');

const busy = conflictIn(() => {
  one.exec('begin immediate');
  two.exec('begin immediate');
});
const snapshot = conflictIn(() => {
  two.exec('begin; create temp table if not exists seen as select * from a');
  two.exec('select * from a');
  one.exec('update a set x = 1');
  two.exec('update a set x = 2');
});
const duplicate = conflictIn(() => one.exec('create unique index u on a (x); insert into a values (1); insert into a values (1)'));
for (const database of [one, two]) database.close();
rmSync(folder, { recursive: true });
console.log(JSON.stringify({ busy, snapshot, duplicate: (duplicate as { retry?: boolean }).retry }));
