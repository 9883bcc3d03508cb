import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { type ProcessServer, postgresServer, query } from '../support/services.ts';
import { describeWith } from '../support/shared.ts';
import { type Newcomer, newcomer } from './newcomer.ts';

const dedupe = '-- psql $DATABASE_URL --command "delete from visits where id < 0"';

describeWith('postgres', () => {
  let database: ProcessServer;
  let engineer: Newcomer;

  beforeAll(async () => {
    database = await postgresServer();
    await query(database.url, 'create table events (id int); create table visits (id int)');
    engineer = newcomer('analytics-engineer', { DATABASE_URL: database.url, GIVEWAY_HOST: 'etl-1' });
  });
  afterAll(async () => {
    await engineer.leaves();
    await database.stop();
  });

  test('sets up: a config with the tables of the database, tables for locks and journal, and a doctor who finds nothing wrong', async () => {
    expect(await engineer.types('npm install giveway pg')).toMatchObject({ code: 0 });
    expect(await engineer.types('npx giveway init --database-url $DATABASE_URL --create-tables')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^Wrote \S+giveway\.config\.ts with 2 tables\.\nMade giveway_locks in postgres:\S+, for the locks\.\nMade giveway_journal in postgres:\S+, for the journal\.\nNext: giveway check, giveway doctor\.\n$/,
      ),
    });
    await engineer.types('export GIVEWAY_STORE=$DATABASE_URL GIVEWAY_JOURNAL=$DATABASE_URL GIVEWAY_CONFIG=giveway.config.ts');
    const { code, stdout } = await engineer.types('npx giveway doctor');
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(6);
    expect(stdout).not.toMatch(/^(?!ok |$)/m);
  });

  test('runs a job; a second one is skipped and says why, or waits', async () => {
    engineer.writes('rollup.sql');
    // The job waits for this transaction, so that it lasts until it was seen.
    const slow = new Client({ connectionString: database.url });
    await slow.connect();
    await slow.query('begin; lock table visits in access exclusive mode');
    const rollup = engineer.starts(
      'npx giveway run --write visits --read events --job rollup -- psql --quiet $DATABASE_URL --file rollup.sql',
    );
    const status = async (): Promise<string> => (await engineer.types('npx giveway status')).stdout;
    let seen = await status();
    while (!seen.includes('held')) seen = await status();
    expect(seen).toMatch(/^events +held +read +rollup +etl-1 .*\nvisits +held +write +rollup +etl-1 .* at the latest\n$/m);
    expect(await engineer.types(`npx giveway run --write visits --job dedupe ${dedupe}`)).toMatchObject({
      code: 75,
      stderr: expect.stringMatching(/^giveway: skipped: visits is held by rollup on etl-1 \(pid \d+, write, since /),
    });
    const waiting = engineer.starts(`npx giveway run --write visits --job dedupe --wait 30s ${dedupe}`);
    await waiting.says('giveway: waiting: visits is held by rollup on etl-1');
    await slow.end();
    expect(await waiting.ended).toMatchObject({ code: 0 });
    expect(await rollup.ended).toMatchObject({ code: 0, stderr: '' });
  });

  test('asks why it did not run', async () => {
    const { stdout } = await engineer.types('npx giveway why dedupe --since 1h');
    expect(stdout).toMatch(/ago: dedupe on etl-1, pid \d+, was skipped: it was busy, held by rollup \(write\) on etl-1, pid \d+\n/);
    expect(stdout).toMatch(
      /in the way: rollup \(write\) on etl-1, from .* to .*, \d+m?s in all\n {4}a wait of \d+m?s would have been enough\n/,
    );
  });

  test('looks at the dashboard', async () => {
    const dashboard = engineer.starts('npx giveway dashboard');
    await dashboard.says(/http:\/\/127\.0\.0\.1:\d+\//);
    const [url = ''] = /http:\S+/.exec(dashboard.said()) ?? [];
    expect(await (await fetch(`${url}api/past?lastMs=3600000`)).text()).toContain('dedupe');
    dashboard.kill('SIGTERM');
    await dashboard.ended;
  });

  test('is told which jobs will meet, and when they would not', async () => {
    engineer.writes('giveway.config.ts');
    const { stdout } = await engineer.types('npx giveway forecast');
    expect(stdout).toMatch(/^dedupe +0 \* \* \* \* +168 +\d+ \(/m);
    expect(stdout).toMatch(/^Proposal: move 1 of 2 jobs\.\n {2}\w+ +0 \* \* \* \* +-> \d+ \* \* \* \*/m);
  });
});
