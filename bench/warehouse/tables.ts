import { Pool } from 'pg';
import { rowsPerInsert } from './loads.ts';

/** With which each round begins, and which the retention leaves. */
export const standingBatches = 100;
export const kinds = 50;

// No indexes, so that conflicts are per table, as they are on Redshift. A round is too short for autovacuum to do good.
const tables = `
  create table events (batch int, index int, kind int, amount int, at timestamptz default now()) with (autovacuum_enabled = false);
  create table totals (kind int, events bigint, amount bigint, share float default 0) with (autovacuum_enabled = false);
  create table rollup (kind int, hour timestamptz, events bigint, amount bigint) with (autovacuum_enabled = false);
`;

export function openPool(url: string, max: number): Pool {
  const pool = new Pool({ connectionString: url, max });
  pool.on('error', () => {}); // an idle connection broke; whoever asks for one next is told
  return pool;
}

export async function createTables(pool: Pool): Promise<void> {
  await pool.query(tables);
}

/** The state in which every round begins. Its batches have negative numbers. */
export async function resetTables(pool: Pool): Promise<void> {
  await pool.query(`
    truncate events, totals, rollup;
    insert into events select -batch, index, (batch + index) % ${kinds}, 1
      from generate_series(1, ${standingBatches}) batch, generate_series(0, ${rowsPerInsert - 1}) index;
    insert into totals select kind, 0, 0 from generate_series(0, ${kinds - 1}) kind;
    analyze events, totals`);
}

/** What is wrong with the rows after a round, if anything: each must be there once, but for those that the retention deleted. */
export async function findWrongRows(pool: Pool, inserts: number, deletedRows: number): Promise<string | undefined> {
  const { rows } = await pool.query<{ found: string; different: string }>(
    'select count(*) as found, count(distinct (batch, index)) as different from events',
  );
  const wanted = (standingBatches + inserts) * rowsPerInsert - deletedRows;
  const [found, different] = [Number(rows[0]?.found), Number(rows[0]?.different)];
  return found === wanted && different === wanted ? undefined : `${found} rows, ${different} different, where ${wanted} must be`;
}
