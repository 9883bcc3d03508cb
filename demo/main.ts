/** `npm run demo`: the published case, without giveway and with it, then a table. Its help is in options.ts. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import { hire } from './crew.ts';
import { createTables, dropTables, openPool } from './database.ts';
import { openLocker } from './locker.ts';
import { conflictsIn, type Kind, sumTallies, type Tally } from './messages.ts';
import { help, readOptions, UsageError } from './options.ts';
import { chooseDatabase, chooseStore, type DatabaseChoice, type StoreChoice } from './places.ts';
import { type Progress, showProgress } from './progress.ts';
import { report } from './report.ts';
import { findLoad, order, playRound, type Stage } from './rounds.ts';
import { ServerError, stopServers } from './servers.ts';
import { type PlayedRound, type Summary, summarize } from './summary.ts';

/** What to undo at the end, the latest first. */
const undo: (() => unknown)[] = [stopServers];

async function demo(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stdout.write(help);
    return 0;
  }
  const { seconds, workers, json } = options;
  const choices = { store: await chooseStore(options.store, process.env), database: chooseDatabase(process.env) };
  const progress = showProgress(json ? process.stderr : process.stdout);
  undo.push(() => progress.end());
  const stage = await setUp(choices, workers, progress);
  const summary = await play(stage, seconds, progress);
  progress.end();
  const settings = { locks: choices.store.line, tables: choices.database.line, seconds, workers };
  process.stdout.write(json ? `${JSON.stringify({ ...settings, ...summary }, null, 2)}\n` : `\n${report(summary)}`);
  return summary.correct ? 0 : 1;
}

/** Starts what there is to start: database, tables, lock store, worker processes. */
async function setUp(
  { store, database }: { store: StoreChoice; database: DatabaseChoice },
  workers: number,
  progress: Progress,
): Promise<Stage> {
  progress.note(store.line);
  progress.note(database.line);
  progress.say('Starting the servers …');
  const id = randomBytes(4).toString('hex');
  const warehouse = { url: await database.open(), schema: `giveway_demo_${id}` };
  const pool = openPool(warehouse, 2);
  undo.push(() => dropTables(pool, warehouse).finally(() => pool.end()));
  await createTables(pool, warehouse).catch((cause: Error) => {
    throw new ServerError(`PostgreSQL cannot be used: ${cause.message}`, { cause });
  });
  const locks = { store: await store.open(warehouse.url, warehouse.schema), namespace: `demo-${id}` };
  const locker = await openLocker(locks);
  undo.push(() => locker.close());
  const { error } = await locker.health();
  if (error !== undefined) throw new ServerError(`The lock store cannot be used: ${error.message}`, { cause: error });
  progress.say(`Starting ${workers} worker processes …`);
  const crew = await hire(workers, { warehouse, locks });
  undo.push(crew.dismiss);
  return { crew, pool, locker, sabotage: process.env['GIVEWAY_DEMO_SABOTAGE'] };
}

const roundSeconds = 2.5;

async function play(stage: Stage, seconds: number, progress: Progress): Promise<Summary> {
  const ways = order(2 * Math.max(1, Math.round(seconds / roundSeconds / 2)));
  const load = await findLoad(stage, (seconds * 1_000) / 2, (tally, secondsIn) => progress.say(`Warming up: ${inWords(tally, secondsIn)}`));
  const rounds: PlayedRound[] = [];
  for (const giveway of ways) {
    const title = `${rounds.length + 1}/${ways.length} ${giveway ? 'with' : 'without'} giveway`;
    const ms = (seconds * 1_000) / ways.length;
    const round = await playRound(stage, { giveway, ms, load }, (tally, secondsIn) =>
      progress.say(`${title}: ${inWords(tally, secondsIn)}`),
    );
    progress.done(`${title}: ${inWords(sumTallies(round.results.map(({ tally }) => tally)), ms / 1_000)}`);
    rounds.push(round);
  }
  return summarize(rounds);
}

function inWords(tally: Tally, seconds: number): string {
  const rate = (kind: Kind, digits: number): string => `${(tally[kind].done / seconds).toFixed(digits)} ${kind}`;
  return `${conflictsIn(tally)} conflicts, per second ${rate('updates', 1)}, ${rate('batches', 0)}, ${rate('reads', 0)}`;
}

/** Clears up, once, and ends the process. */
async function end(code: number): Promise<never> {
  for (const step of undo.splice(0).reverse()) {
    try {
      await step();
    } catch {
      // the server it speaks to may be what failed
    }
  }
  process.exit(code);
}

function exitCodeFor(error: Error): number {
  if (error instanceof UsageError) return 64;
  return error instanceof ServerError ? 69 : 70;
}

let isInterrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (isInterrupted) return;
    isInterrupted = true;
    void end(128 + constants.signals[signal]);
  });
}

demo(process.argv.slice(2)).then(end, async (error: Error) => {
  if (isInterrupted) return;
  const code = exitCodeFor(error);
  process.stderr.write(
    code === 64 ? `${error.message}\nnpm run demo -- --help says what is allowed.\n` : `\n${code === 69 ? error.message : error.stack}\n`,
  );
  await end(code);
});
