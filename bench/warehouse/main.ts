/**
 * `npm run bench:warehouse`: the same work under no lock, an ideal lock server, naive exclusive locks and giveway, in rounds
 * that take turns. Starts a PostgreSQL and a lock store of its own. Writes bench/RESULTS.md.
 */
import { parseArgs } from 'node:util';
import type { Pool } from 'pg';
import { postgresServer } from '../../test/support/services.ts';
import { buildWorker } from '../build.ts';
import { type Crew, hire } from '../crew.ts';
import { startIdealServer } from '../ideal/client.ts';
import { startLockServer, storeNamed } from '../lock-store.ts';
import { progress } from '../progress.ts';
import { machine, writeSection } from '../results-file.ts';
import { targetLines } from '../targets.ts';
import { type Figures, figuresOf } from './figures.ts';
import { computeMs, inserters, type Load, loadNamed, loads, published, readPauseMs, rowsPerInsert } from './loads.ts';
import { type Contender, contenders, type Round, type Setup, type Tally } from './messages.ts';
import { type Played, tableOf, targetsOf } from './report.ts';
import { createTables, findWrongRows, openPool, resetTables } from './tables.ts';
import { jobs } from './transactions.ts';

const help = `npm run bench:warehouse -- [options]
  --quick        the published load alone, 3 rounds of 1 s, nothing written
  --cells A,B    only these loads, nothing written: ${loads.map(({ name }) => name).join(', ')}
  --rounds N     rounds of each contender and load (15)
  --seconds N    length of a round (2)
  --store NAME   memcached (the default), redis or postgres
  --no-write     leave bench/RESULTS.md as it is
`;

interface Stage {
  readonly crew: Crew<Round, Tally>;
  readonly pool: Pool;
  readonly rounds: number;
  readonly ms: number;
}

/** Everybody's first time is slow. */
const warmUpMs = 700;

async function playLoads({ crew, pool, rounds, ms }: Stage, chosen: readonly Load[]): Promise<{ played: Played[]; wrong: string[] }> {
  const played = chosen.map((load) => ({
    load,
    rounds: { 'no lock': [], ideal: [], naive: [], giveway: [] } as Record<Contender, Figures[]>,
  }));
  const wrong: string[] = [];
  for (let round = -1; round < rounds; round++) {
    for (const { load, rounds: figures } of played) {
      // Each round begins with another contender, so that none always follows the same.
      for (const [index] of contenders.entries()) {
        const contender = contenders[(index + round + 1) % contenders.length] as Contender;
        const name = `${round < 0 ? 'warm-up' : `round ${round + 1} of ${rounds}`}, load ${load.name}, ${contender}`;
        progress(name);
        await resetTables(pool);
        const tallies = await crew.play({ contender, load, ms: round < 0 ? warmUpMs : ms }, load.processes);
        const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + of(tally), 0);
        const inserts = sum(({ timesMs }) => timesMs.inserts.length);
        const deletedRows = sum((tally) => tally.deletedRows);
        const finding = await findWrongRows(pool, inserts, deletedRows);
        if (finding !== undefined) wrong.push(`${name}: ${finding}`);
        if (round >= 0) figures[contender].push(figuresOf(tallies));
      }
    }
  }
  progress();
  return { played, wrong };
}

function inWords(store: string, rounds: number, seconds: number): string {
  const jobsInWords = jobs.map(({ name, scope, everyMs }) => `${name} (${JSON.stringify(scope).replaceAll('"', '')}) each ${everyMs} ms`);
  return `Locks in ${store}. All transactions SERIALIZABLE, ${rounds} interleaved rounds of ${seconds} s; medians, and ratios within each round with their 95 % interval.
4 processes or 12, in each of them ${inserters} loops that insert ${rowsPerInsert} rows and pause, one that reads all three tables and pauses ${readPauseMs} ms (all pauses vary by half); jobs, each on one process: ${jobsInWords.join(', ')}; each pauses ${computeMs} ms between reading and writing.
The first column says how much longer an insert takes than on loopback, and the mean pause. Latencies are of whoever asked, waits and retries included. Requests: to the lock store, per committed transaction that writes. Nothing was tuned to what came out; the tables' size and the readers' pause are such that 12 processes fit two cores. giveway has its defaults, the naive lock tries again about each 10 ms.`;
}

async function bench(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      cells: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      store: { type: 'string', default: 'memcached' },
      'no-write': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  const quick = values.quick;
  const [rounds, seconds] = [Number(values.rounds ?? (quick ? 3 : 15)), Number(values.seconds ?? (quick ? 1 : 2))];
  if (!(Number.isInteger(rounds) && rounds > 0 && seconds > 0)) throw new Error(help);
  const chosen = values.cells?.split(',').map(loadNamed) ?? (quick ? [published] : loads);
  const store = storeNamed(values.store);

  const where = machine();
  const [postgres, lockServer, idealServer] = await Promise.all([postgresServer(), startLockServer(store), startIdealServer()]);
  const pool = openPool(postgres.url, 2);
  let crew: Crew<Round, Tally> | undefined;
  try {
    await createTables(pool);
    const place = { name: store, url: lockServer.url };
    const processes = Math.max(...chosen.map((load) => load.processes));
    const setup = { warehouse: postgres.url, store: place, idealPort: idealServer.port };
    const setups = Array.from({ length: processes }, (_, worker): Setup => ({ ...setup, worker }));
    crew = await hire(await buildWorker('bench/warehouse/worker.ts'), setups);
    const { played, wrong } = await playLoads({ crew, pool, rounds, ms: seconds * 1_000 }, chosen);
    for (const each of wrong) process.stderr.write(`wrong: ${each}\n`);
    const text = `${tableOf(played)}\n\n${targetLines(targetsOf(played, wrong.length))}`;
    process.stdout.write(`${text}\n`);
    if (quick || values['no-write'] || values.cells !== undefined) return;
    const command = `npm run bench:warehouse${store === 'memcached' ? '' : ` -- --store ${store}`}`;
    writeSection(`Warehouse writers (\`${command}\`)`, `${where}\n\n${inWords(store, rounds, seconds)}\n\n${text}`);
  } finally {
    crew?.dismiss();
    idealServer.stop();
    await pool.end();
    await Promise.all([postgres.stop(), lockServer.stop()]);
  }
}

bench().then(
  () => process.exit(),
  (error: Error) => {
    process.stderr.write(`${error.stack ?? error.message}\n`);
    process.exit(1);
  },
);
