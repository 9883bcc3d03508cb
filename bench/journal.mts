/**
 * `npx tsx bench/journal.mts`: how long each question to a journal of 5 million rows takes, with its plan. Fills a table in a PostgreSQL of
 * its own, or in that of DATABASE_URL. `--rows N` (5 000 000); `--table NAME` asks one that is there already.
 */
import { parseArgs } from 'node:util';
import { Pool } from 'pg';
import { type JournalQuery, postgresJournal } from '../src/observe/index.ts';
import { postgresServer } from '../test/support/services.ts';
import { median } from './estimate.ts';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '5000000' }, table: { type: 'string' } } });
const goalMs = 300;
const rounds = 5;
const own = process.env['DATABASE_URL'] === undefined ? await postgresServer() : undefined;
const pool = new Pool({ connectionString: process.env['DATABASE_URL'] ?? own?.url, max: 1 });
const table = values.table ?? 'giveway_journal_bench';
let lastAsked: readonly [string, unknown[] | undefined] = ['', undefined];
const query = async (text: string, given?: unknown[]) => {
  lastAsked = [text, given];
  return pool.query(text, given);
};
const journal = postgresJournal({ pool: { query }, table });

/** A week of 60 jobs on 50 tables: of 100 rows 91 holds, 4 skips, 3 waits, a conflict and a fire, spread evenly. */
const fill = `insert into ${table}
  select 'bench.' || i, case when m < 91 or m = 99 then 'hold' when m < 95 then 'skip' when m < 98 then 'wait' else 'conflict' end,
    case when m = 99 then '!fire/job ' || (i % 60) else 'table ' || (i % 50) end, 'job ' || (i % 60), 'host ' || (i % 8), 100 + i % 8, at,
    case when m < 91 then at + (50 + (i::bigint * 7919 % 60000)) * interval '1 ms' else at end, at + interval '300 s',
    case when m < 91 or m = 99 then 'released' when m < 95 then 'busy' when m < 98 then 'waiting' else '40001' end,
    case when m < 95 then i::bigint * 31 % 5000 end,
    case when m < 91 or m = 99 then '{"mode":"write","isProtected":true}'::jsonb when m = 98 then '{"message":"","attempt":1}'::jsonb
      else jsonb_build_object('holders', jsonb_build_array(jsonb_build_object('resource', 'table ' || (i % 50), 'mode', 'write', 'job',
        'job ' || (i::bigint * 13 % 60), 'host', 'host 1', 'pid', 101, 'state', 'holding', 'since', at - interval '20 s'))) end
  from (select i, i::bigint * 2654435761 % 4294967296 % 100 as m, now() - interval '7 days' + i * (interval '7 days' / $1::integer) as at
    from generate_series(1, $1::integer) as i) as rows`;

if (values.table === undefined) {
  await journal.createTable();
  await pool.query(`truncate ${table}`);
  await pool.query(fill, [Number(values.rows)]);
  await pool.query(`vacuum analyze ${table}`);
}

const ago = (hours: number): Date => new Date(Date.now() - 3_600_000 * hours);
const night = { since: ago(90), until: ago(88) };
const questions: Readonly<Record<string, JournalQuery>> = {
  'why TABLE, the last skips and waits': { resource: 'table 7', kind: ['skip', 'wait'], limit: 40 },
  'why TABLE, of a night': { resource: 'table 7', kind: ['skip', 'wait'], ...night, limit: 40 },
  'why JOB, of a night': { job: 'job 7', kind: ['skip', 'wait'], ...night, limit: 40 },
  'why, the holds around one skip': { resource: 'table 7', kind: 'hold', begunSince: ago(90), until: ago(88.5), limit: 2_000 },
  'why, what a job usually holds': { job: 'job 7', kind: 'hold', limit: 50 },
  'report, skips and waits of a day': { kind: ['skip', 'wait'], since: ago(24), until: ago(0), limit: 2_000 },
  'report, conflicts of a day': { kind: ['conflict', 'late-lock'], since: ago(24), until: ago(0), limit: 1_000 },
  'report, holds of a job': { job: 'job 7', kind: 'hold', begunSince: ago(24), until: ago(0), limit: 500 },
  'report, holds of a table': { resource: 'table 7', kind: 'hold', begunSince: ago(25), until: ago(0), limit: 2_000 },
  'dashboard, the last hour': { since: ago(1), limit: 5_000 },
};

async function ask(name: string, question: () => Promise<readonly unknown[]>): Promise<void> {
  const times: number[] = [];
  let found = 0;
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now();
    found = (await question()).length;
    times.push(performance.now() - startMs);
  }
  const [text, given] = lastAsked;
  const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`explain ${text}`, given);
  const took = median(times);
  console.log(`${took <= goalMs ? 'met   ' : 'missed'} ${took.toFixed(0).padStart(6)} ms  ${name} (${found} found)`);
  console.log(rows.map((row) => `                   ${row['QUERY PLAN']}`).join('\n'));
}

for (const [name, question] of Object.entries(questions)) await ask(name, () => journal.entries(question));
await ask('the names of all jobs', () => journal.jobs());
if (values.table === undefined) await pool.query(`drop table ${table}`);
await pool.end();
await own?.stop();
