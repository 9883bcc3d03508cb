import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { batch, batchNumber } from '../../demo/flights.ts';
import type { Warehouse } from '../../src/warehouse/index.ts';
import type { Load } from './messages.ts';

/** Tables of the checks, made anew for each of their rounds. `deliveries` has a unique key, for ON CONFLICT. */
export const checkTables = `
  drop table if exists deliveries, period, stamped, totals;
  create table deliveries (pass int, index int, delay int, primary key (pass, index)) with (autovacuum_enabled = false);
  create table period (n int);
  create table stamped (period int, value int) with (autovacuum_enabled = false);
  create table totals (period int, rows bigint) with (autovacuum_enabled = false);
  insert into period values (1);
`;

export const checkLoad: Load = { name: 'check', inserters: 2, insertPauseMs: 2, readers: 2, readPauseMs: 10, jobBusy: 0.5 };

const redelivered = 10;

/** At-least-once delivery: batch after batch, each tenth a second time. */
export async function deliver(warehouse: Warehouse, nth: number, worker: number, workers: number): Promise<void> {
  const rows = batch(batchNumber(nth - (nth % redelivered === redelivered - 1 ? 1 : 0), worker, workers));
  await warehouse.insertBatches(
    'deliveries',
    rows.map(({ pass, index, delay }) => ({ pass, index, delay })),
    { onConflict: 'do nothing', isolation: 'serializable' },
  );
}

/** Reads all deliveries and rewrites a summary of them. */
export async function sumDeliveries(warehouse: Warehouse): Promise<void> {
  await warehouse.transaction(
    { writes: 'totals', reads: 'deliveries' },
    async (client) => {
      await client.query('delete from totals');
      await client.query('insert into totals select pass, count(*) from deliveries group by pass');
    },
    { isolation: 'serializable' },
  );
}

/** A report over both, as the dashboards ask for it. */
export async function readDeliveries(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin isolation level serializable');
    await client.query('select * from totals full join (select pass, max(delay) from deliveries group by pass) seen on seen.pass = period');
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    if ((error as { code?: string }).code !== '40001') throw error;
  } finally {
    client.release();
  }
}

/** Rows that belong to the period that is open when they arrive. */
export async function stamp(warehouse: Warehouse): Promise<void> {
  await warehouse.transaction(
    { appends: 'stamped', reads: 'period' },
    async (client) => {
      const { rows } = await client.query<{ n: number }>('select n from period');
      await client.query('insert into stamped select $1, generate_series(1, 20)', [rows[0]?.n]);
    },
    { isolation: 'repeatable read' },
  );
}

/** Opens the next period, and writes down how many rows the last one had. Nothing may be added to it after that. */
export async function closePeriod(warehouse: Warehouse): Promise<void> {
  await warehouse.transaction(
    { writes: ['period', 'totals'], reads: 'stamped' },
    async (client) => {
      await client.query('insert into totals select n, (select count(*) from stamped where period = n) from period');
      await sleep(10);
      await client.query('update period set n = n + 1');
    },
    { isolation: 'repeatable read' },
  );
}

/** Closed periods that have other rows than was written down: what a serial order could never give. */
export async function countAnomalies(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ wrong: string }>(
    'select count(*) as wrong from totals where rows <> (select count(*) from stamped where stamped.period = totals.period)',
  );
  return Number(rows[0]?.wrong);
}
