import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { createCommitWitness } from '../../src/warehouse/batches/commit-fate.ts';
import { createDatabase } from '../../src/warehouse/batches/database.ts';
import { type ProcessServer, postgresServer } from '../support/services.ts';
import { describeWith } from '../support/shared.ts';

describeWith('postgres', () => {
  let server: ProcessServer;
  let pool: pg.Pool;

  beforeAll(async () => {
    // What was not committed stays unwritten, so that a crash forgets it.
    server = await postgresServer(['-c', 'wal_writer_delay=10s', '-c', 'autovacuum=off']);
    pool = new pg.Pool({ connectionString: server.url });
    pool.on('error', () => {});
    await pool.query('create table events (id int)');
  }, 60_000);
  afterAll(async () => {
    await pool.end();
    await server.stop();
  });

  test('a server that crashed gives the number of a lost transaction to another: that one is not taken for it', async () => {
    const witness = createCommitWitness(pool, createDatabase());
    const client = await pool.connect();
    client.on('error', () => {});
    await client.query('begin');
    await client.query('insert into events values (1)');
    const noted = await witness.note(client);
    await server.restart();
    client.release(true);
    await pool.query('insert into events values (2)');
    expect((await pool.query('select id, xmin::text as by from events')).rows).toEqual([{ id: 2, by: noted?.id }]);
    expect(await witness.fateOf(noted)).toBe('unknown');
  }, 30_000);
});
