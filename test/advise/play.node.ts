/**
 * Plays the demo's workload, all in one process, and prints how often the database aborted each kind of work. Without a
 * config everybody goes at once; with one, each job holds the scope that the config's `scopes` have under its name.
 *
 *   tsx test/advise/play.node.ts '{ "url": …, "schema": …, "conflicts": 200 }'
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createTables, dropTables, openPool, resetTables } from '../../demo/database.ts';
import { batch } from '../../demo/flights.ts';
import { type Desk, insertBatch, readDepartures, rewriteRollup, type TakeTurn, updateDelays, withoutGiveway } from '../../demo/workload.ts';
import { loadLocker } from '../../src/config/index.ts';
import type { LockScope } from '../../src/index.ts';

interface Order {
  readonly url: string;
  readonly schema: string;
  /** How long it plays. Left out: until there were `conflicts`, a minute at most. */
  readonly ms?: number;
  readonly conflicts?: number;
  readonly config?: string;
  readonly store?: string;
}

const {
  url,
  schema,
  ms = 60_000,
  conflicts = Number.POSITIVE_INFINITY,
  config,
  store = 'memory:',
}: Order = JSON.parse(process.argv[2] ?? '{}');

/** What the demo calls its jobs, and how the names end that `giveway advise` gives them; before stand the verbs that they came to. */
const advisedEndings: Readonly<Record<string, string>> = {
  'insert-flights': ' flights',
  'update-delays': ' airport_delays',
  'rewrite-rollup': ' state_delays',
};

async function turnsBy(file: string): Promise<{ takeTurn: TakeTurn; close: () => Promise<void> }> {
  const { scopes } = (await import(file)) as { scopes: Readonly<Record<string, LockScope>> };
  const locker = await loadLocker({ file, env: {}, overrides: { store, namespace: schema } });
  const takeTurn: TakeTurn = async (_, job, work) => {
    const ending = advisedEndings[job];
    if (ending === undefined) return work();
    const scope = Object.entries(scopes).find(([name]) => name.endsWith(ending))?.[1];
    if (scope === undefined) throw new Error(`${file} has no scope for ${job}`);
    const outcome = await locker.run(scope, work, { job, onBusy: 'retry', retry: { maxWaitMs: 60_000 } });
    if (outcome.status === 'skipped') throw new Error(`${job} was skipped: ${outcome.reason}`);
    return outcome.value;
  };
  return { takeTurn, close: () => locker.close() };
}

const { takeTurn, close } = config === undefined ? { takeTurn: withoutGiveway, close: async () => {} } : await turnsBy(config);
const warehouse = { url, schema };
const pool = openPool(warehouse, 30);
await createTables(pool, warehouse);
await resetTables(pool);

const tally = { done: 0, conflicts: 0 };
const desk: Desk = { pool, takeTurn, onConflict: () => void tally.conflicts++ };
const startMs = performance.now();
let batches = 0;

async function repeat(work: () => Promise<void>, pauseMs: number): Promise<void> {
  while (performance.now() - startMs < ms && tally.conflicts < conflicts) {
    await work();
    tally.done++;
    await sleep(pauseMs * (0.5 + Math.random()));
  }
}

await Promise.all([
  ...Array.from({ length: 2 }, () => repeat(() => updateDelays(desk), 10)),
  ...Array.from({ length: 2 }, () => repeat(() => rewriteRollup(desk), 10)),
  ...Array.from({ length: 8 }, () => repeat(() => insertBatch(desk, batch(batches++)), 20)),
  ...Array.from({ length: 4 }, () => repeat(() => readDepartures(desk), 25)),
]);
const playedMs = performance.now() - startMs;
await close();
await dropTables(pool, warehouse).finally(() => pool.end());
process.stdout.write(JSON.stringify({ ...tally, ms: playedMs }));
