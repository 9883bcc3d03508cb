import { randomInt } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClientBase, Pool } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { airportsCsv, flights, origins } from './flights.ts';

/** Where the tables are. */
export interface Warehouse {
  readonly url: string;
  readonly schema: string;
}

// No indexes, so that conflicts are per table, as they are on Redshift. The demo is too short for autovacuum to do good.
const tables = `
  create table airports (iata text, name text, city text, state text, country text, latitude float, longitude float);
  create table flights (pass int, index int, date timestamp, delay int, distance int, origin text, destination text)
    with (autovacuum_enabled = false);
  create table airport_delays (airport text, flights bigint, delay bigint, usual_delay int) with (autovacuum_enabled = false);
  create table state_delays (state text, flights bigint, delay bigint) with (autovacuum_enabled = false);
`;

export function openPool({ url, schema }: Warehouse, max: number): Pool {
  const connection = new URL(url);
  connection.searchParams.set('options', `${connection.searchParams.get('options') ?? ''} -c search_path=${schema}`);
  const pool = new Pool({ connectionString: connection.href, max, application_name: 'giveway demo' });
  pool.on('error', () => {}); // an idle connection broke; whoever asks for one next is told
  return pool;
}

export async function createTables(pool: Pool, { schema }: Warehouse): Promise<void> {
  await pool.query(`create schema ${schema}`);
  const client = await pool.connect();
  try {
    await client.query(tables);
    await pipeline(airportsCsv(), client.query(copyFrom('copy airports from stdin with (format csv, header)')));
  } finally {
    client.release();
  }
}

/** The state in which every round begins: pass 0 is in, the derived tables are empty. */
export async function resetTables(pool: Pool): Promise<void> {
  await pool.query('truncate flights, airport_delays, state_delays');
  await pool.query('insert into airport_delays select unnest($1::text[]), 0, 0, 0', [origins]);
  const passZero = flights.map((flight, index) => ({ pass: 0, index, ...flight }));
  await pool.query('insert into flights select * from json_populate_recordset(null::flights, $1)', [JSON.stringify(passZero)]);
  await pool.query('analyze airports, flights, airport_delays');
}

export async function dropTables(pool: Pool, { schema }: Warehouse): Promise<void> {
  await pool.query(`set statement_timeout = 5000; drop schema if exists ${schema} cascade`);
}

/** Runs `work` in a SERIALIZABLE transaction: again from its BEGIN, as often as the database aborts it for a conflict. */
export async function transaction<T>(pool: Pool, work: (client: ClientBase) => Promise<T>, onConflict: () => void): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const client = await pool.connect();
    try {
      await client.query('begin isolation level serializable');
      const result = await work(client);
      await client.query('commit');
      client.release();
      return result;
    } catch (error) {
      client.release(true); // closing the connection rolls back, whatever state it is in
      if (!isConflict(error)) throw error;
      onConflict();
    }
    await sleep(randomInt(1, Math.min(5 * 2 ** attempt, 50)));
  }
}

/** Serialization failure, deadlock. */
function isConflict(error: unknown): boolean {
  return ['40001', '40P01'].includes((error as { code?: string }).code ?? '');
}
