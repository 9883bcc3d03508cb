import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { query } from '../support/services.ts';
import { describeWith } from '../support/shared.ts';
import { type Newcomer, newcomer } from './newcomer.ts';

describeWith('postgres', (database) => {
  let user: Newcomer;
  beforeAll(async () => {
    await query(database.url, 'create table events (id int); create table visits (visits bigint); insert into events values (1), (2)');
    user = newcomer('orm', { DATABASE_URL: database.url });
  });
  afterAll(() => user.leaves());

  test('a transaction of Knex runs under its lock', async () => {
    expect(await user.types('npm install giveway knex pg')).toMatchObject({ code: 0 });
    user.writes('rollup.mjs');
    expect(await user.types('node rollup.mjs')).toEqual({ code: 0, stdout: 'rolled up\n', stderr: '' });
    await expect(query(database.url, 'select 1 / (visits - 1) from visits where visits = 2')).resolves.toBeUndefined();
  });

  test('a writer that takes no lock makes a conflict, and the transaction runs again', async () => {
    // It holds the row that the rollup will delete, and has changed it by the time the rollup gets there.
    const stranger = new Client({ connectionString: database.url });
    await stranger.connect();
    await stranger.query('begin; update visits set visits = 7');
    const rollup = user.starts('node rollup.mjs');
    const waits = "select 1 from pg_locks where not granted and locktype = 'transactionid'";
    while ((await stranger.query(waits)).rowCount === 0);
    await stranger.query('commit');
    await stranger.end();
    expect(await rollup.ended).toEqual({ code: 0, stdout: 'rolled up\n', stderr: '' });
    await expect(query(database.url, 'select 1 / (visits - 1) from visits where visits = 2')).resolves.toBeUndefined();
  });
});
