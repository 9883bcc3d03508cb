/**
 * `npx tsx bench/page.mts`: how fast the page of a busy week comes, and for how long its server is kept from anything else. 200 tables,
 * 50 jobs and `--rows N` (500 000) in a journal in a PostgreSQL of its own; the page in a Chromium (`CHROMIUM_PATH`, else from the PATH).
 * Writes its section of bench/RESULTS.md. `--rounds N` (5), `--no-write`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Pool } from 'pg';
import { type Browser, chromium } from 'playwright-core';
import { postgresJournal } from '../src/observe/index.ts';
import { findProgram } from '../test/support/programs.ts';
import { postgresServer } from '../test/support/services.ts';
import { buildBench } from './build.ts';
import { median } from './estimate.ts';
import type { Fared } from './page/server.node.ts';
import { machine, writeSection } from './results-file.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '500000' },
    rounds: { type: 'string', default: '5' },
    'no-write': { type: 'boolean', default: false },
  },
});
const [viewWithinMs, blockWithinMs] = [2_000, 50];
const tables = Array.from({ length: 200 }, (_, index) => `table_${String(index).padStart(3, '0')}`);
const table = 'giveway_journal_bench';
const program = process.env['CHROMIUM_PATH'] ?? findProgram('chromium');
if (program === undefined) throw new Error('There is no chromium on the PATH: install it, or name one in CHROMIUM_PATH');

const at = machine();
const built = await buildBench('page', {
  entry: { server: 'bench/page/server.node.ts' },
  external: ['pg'],
  format: 'esm',
  tsconfig: false,
});

/** A week: nine of ten rows are holds of up to 45 s, one in ten a skip, one in a hundred a conflict. */
const week = `insert into ${table} (id, kind, resource, job, host, pid, started_at, ended_at, latest_end, outcome, waited_ms, details)
  select 'bench.' || n, kind, resource, 'job ' || (hash % 50), 'etl-' || (hash % 7), hash % 900, at, ended, at + interval '5 minutes',
    case kind when 'hold' then 'released' when 'skip' then 'busy' else '40001' end, 0,
    case kind when 'hold' then '{"mode":"write","isProtected":true}'::jsonb
      when 'conflict' then '{"message":"could not serialize access","attempt":1}'::jsonb
      else jsonb_build_object('holders', jsonb_build_array(jsonb_build_object('resource', resource, 'mode', 'write', 'job',
        'job ' || ((hash + 1) % 50), 'host', 'etl-1', 'pid', 7, 'since', at - interval '30 seconds', 'state', 'holding'))) end
  from (select n, hash, at, at + case when n % 10 = 0 then interval '0' else interval '45 ms' * (hash % 1000) end as ended,
      'table_' || lpad((abs(hashint4(n * 7)) % 200)::text, 3, '0') as resource,
      case when n % 100 = 0 then 'conflict' when n % 10 = 0 then 'skip' else 'hold' end as kind
    from (select n, abs(hashint4(n)) as hash, now() - ($1 - n) * (interval '7 days' / $1::integer) as at
      from generate_series(1, $1::integer) as n) as numbers) as rows`;

const postgres = await postgresServer();
const pool = new Pool({ connectionString: postgres.url });
await postgresJournal({ pool, table }).createTable();
await pool.query(week, [Number(values.rows)]);
await pool.query(`vacuum analyze ${table}`);
await pool.end();

const server = fork(join(built, 'server.mjs'), [JSON.stringify({ url: postgres.url, table, tables })], {
  execArgv: (process.env.XARGS ?? '').split(' ').filter(Boolean),
});
const [url] = (await once(server, 'message')) as [string];
const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu'] });
const rows: string[] = [];
const tell = async (name: string, tookMs: readonly number[], goalMs = Number.POSITIVE_INFINITY): Promise<void> => {
  server.send('how did it go');
  const [{ longestBlockMs, inspections, rssMB }] = (await once(server, 'message')) as [Fared];
  const perSecond = inspections / (tookMs.reduce((sum, ms) => sum + ms) / 1_000);
  const isMet = Math.max(...tookMs) <= goalMs && longestBlockMs <= blockWithinMs;
  const [middle, most] = [median(tookMs), Math.max(...tookMs)].map((ms) => Math.round(ms));
  rows.push(
    `| ${name} | ${middle} | ${most} | ${longestBlockMs.toFixed(0)} | ${perSecond.toFixed(0)} | ${rssMB.toFixed(0)} | ${isMet ? 'met' : 'missed'} |`,
  );
  process.stdout.write(`${rows.at(-1)}\n`);
};

/** Until all lanes and jobs are there, and with `hash` all of the time asked for. */
async function view(browser: Browser, hash: string, whole?: string): Promise<number> {
  const page = await browser.newPage();
  const startMs = performance.now();
  await page.goto(url + hash);
  await page.locator('[data-lane] path').nth(150).waitFor({ timeout: 60_000 });
  await page.locator('#jobs tbody tr').nth(49).waitFor({ timeout: 60_000 });
  if (whole !== undefined) await page.getByText(whole, { exact: true }).waitFor({ timeout: 300_000 });
  const tookMs = performance.now() - startMs;
  await page.close();
  return tookMs;
}

async function views(hash: string, whole?: string): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < Number(values.rounds); round++) times.push(await view(browser, hash, whole));
  return times;
}

await tell('the first view, the server just started', [await view(browser, '')], viewWithinMs);
await tell('the first view again', await views(''), viewWithinMs);
await tell('the week, none of it read yet', [await view(browser, '#last=7d', 'the last 7 days')]);
await tell('the week, once it was read', await views('#last=7d', 'the last 7 days'));
await browser.close();
server.disconnect();
await postgres.stop();

const text = `${at}

A journal of ${values.rows} rows of a week in PostgreSQL, 200 tables, 50 jobs; the page in Chromium, from asking for it to the last lane and job. Wanted: the first view within ${viewWithinMs} ms, and the server's event loop never held up for ${blockWithinMs} ms (what passed between two ticks, or what the process computed meanwhile, whichever is less). The store is asked once a second for each table while somebody looks.

| what | median, ms | slowest, ms | longest hold-up, ms | tables asked of the store per s | server's memory, MB | |
|---|---:|---:|---:|---:|---:|---|
${rows.join('\n')}
`;
if (values['no-write']) process.stdout.write(text);
else writeSection('The page of a busy week (`npx tsx bench/page.mts`)', text);
