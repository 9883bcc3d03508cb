import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase, Pool } from 'pg';
import type { Scope } from '../ideal/scope.ts';
import { computeMs, rowsPerInsert } from './loads.ts';
import { kinds, standingBatches } from './tables.ts';

/** Statements of one transaction. */
export type Work<T> = (client: ClientBase) => Promise<T>;

/** Runs `work` in a SERIALIZABLE transaction: again from its BEGIN, as often as the database aborts it for a conflict. */
export async function transaction<T>(pool: Pool, work: Work<T>, onConflict: () => void): Promise<T> {
  const client = await pool.connect();
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        await client.query('begin isolation level serializable');
        const result = await work(client);
        await client.query('commit');
        return result;
      } catch (error) {
        await client.query('rollback');
        if (!isConflict(error)) throw error;
        onConflict();
      }
      await sleep(randomInt(1, Math.min(5 * 2 ** attempt, 50)));
    }
  } finally {
    client.release();
  }
}

/** Serialization failure, deadlock. */
function isConflict(error: unknown): boolean {
  return ['40001', '40P01'].includes((error as { code?: string }).code ?? '');
}

/** Inserts the rows of `batch`, in a statement that takes `insertMs` longer than it would. */
export function insert(batch: number, insertMs: number): Work<unknown> {
  const text = `insert into events select $1::int, index, ($1::int + index) % ${kinds}, amount
    from pg_sleep($2), unnest($3::int[]) with ordinality as arrived (amount, index)`;
  return (client) => client.query(text, [batch, insertMs / 1_000, Array.from({ length: rowsPerInsert }, () => randomInt(100))]);
}

/** A report: the latest events of a kind, beside its total and its hours. */
export const read: Work<unknown> = (client) => {
  const text = `select batch, events.amount, totals.amount as total, share, max(rollup.amount) over () as best
    from events join totals using (kind) left join rollup using (kind) where kind = $1 order by batch desc limit 10`;
  return client.query(text, [randomInt(kinds)]);
};

/** A scheduled task. It runs on one process. */
export interface Job {
  readonly name: string;
  readonly scope: Scope;
  readonly everyMs: number;
  /** What it comes to: how many events it deleted. */
  readonly work: Work<number>;
}

export const jobs: readonly Job[] = [
  {
    name: 'refresh',
    scope: { writes: ['totals'], reads: ['events'] },
    everyMs: 450,
    work: async (client) => {
      const { rows } = await client.query('select kind, count(*) as events, sum(amount) as amount from events group by kind');
      await sleep(computeMs);
      const update = `update totals set events = seen.events, amount = seen.amount
        from json_populate_recordset(null::totals, $1) seen where totals.kind = seen.kind`;
      await client.query(update, [JSON.stringify(rows)]);
      return 0;
    },
  },
  {
    name: 'rollup',
    scope: { writes: ['rollup', 'totals'], reads: ['events'] },
    everyMs: 900,
    work: async (client) => {
      const select = `select kind, date_trunc('hour', at) as hour, count(*) as events, sum(amount) as amount from events group by 1, 2`;
      const { rows } = await client.query(select);
      await sleep(computeMs);
      await client.query('delete from rollup');
      await client.query('insert into rollup select * from json_populate_recordset(null::rollup, $1)', [JSON.stringify(rows)]);
      await client.query('update totals set share = totals.amount / (select greatest(1, sum(amount)) from rollup)');
      return 0;
    },
  },
  {
    name: 'retention',
    scope: { writes: ['events'] },
    everyMs: 1_200,
    work: async (client) => {
      const oldest = await client.query('select batch from events order by batch desc offset $1 limit 1', [
        standingBatches * rowsPerInsert,
      ]);
      await sleep(computeMs);
      const { rowCount } = await client.query('delete from events where batch <= $1', [oldest.rows[0]?.batch ?? null]);
      return rowCount ?? 0;
    },
  },
];
