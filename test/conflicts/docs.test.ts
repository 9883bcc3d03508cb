import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Connection, createConnection } from 'mysql2/promise';
import { codeBlocks } from '../docs/code-blocks.ts';
import { projectFolder } from '../docs/project-folder.ts';
import { describeWith } from '../support/shared.ts';

const run = promisify(execFile);

describeWith('mysql', (service) => {
  const folder = projectFolder();
  let database: Connection;

  beforeAll(async () => {
    database = await createConnection(service.url);
    await database.query('create table events (id int, note text)');
    await database.query('create table totals (day int, n bigint)');
    await database.query('insert into events values (1, null), (101, null), (102, null)');
  });
  afterAll(async () => {
    await database?.query('drop table if exists events, totals');
    await database?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  test('docs/conflicts.md: its code runs, and prints what it says', async () => {
    const [block, ...more] = codeBlocks('docs/conflicts.md').filter(({ language }) => language === 'ts');
    writeFileSync(join(folder, 'block.ts'), block?.code ?? '');
    const env = { ...process.env, MYSQL_URL: service.url };
    const { stdout, stderr } = await run(process.execPath, ['--import', 'tsx', 'block.ts'], { cwd: folder, env, timeout: 25_000 });
    expect([stdout, stderr, more]).toEqual(['2 days\n', '', []]);
  });
});
