/**
 * `npm run bench:queue`: jobs of a BullMQ queue that all write one table, in one run: one after another without a lock (the floor), side
 * by side without a lock, and side by side with locks. Starts a redis (the queue) and a memcached (the locks) of its own.
 * `--jobs N` (30), `--work-ms N` (100), `--concurrency N` of each process (10), `--rounds N` (3), `--backend redis|postgres`.
 */
import { parseArgs } from 'node:util';
import { openQueue } from '../../test/jobs/queues.ts';
import { memcachedServer, postgresServer, redisServer } from '../../test/support/services.ts';
import { type Crew, hire } from '../crew.ts';
import { median } from '../estimate.ts';
import { machine } from '../results-file.ts';
import { markdownTable } from '../table.ts';
import type { Run, Setup, Task } from './worker.ts';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '30' },
    'work-ms': { type: 'string', default: '100' },
    concurrency: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    backend: { type: 'string', default: 'redis' },
  },
});
const count = Number(values.jobs);
const workMs = Number(values['work-ms']);
const rounds = Number(values.rounds);

interface Way {
  readonly name: string;
  readonly processes: number;
  readonly concurrency: number;
  readonly isLocked: boolean;
}

const concurrency = Number(values.concurrency);
const ways: readonly Way[] = [
  { name: 'one after another, no lock (the floor)', processes: 1, concurrency: 1, isLocked: false },
  { name: 'side by side, no lock (they overlap)', processes: 1, concurrency, isLocked: false },
  { name: 'side by side, locked', processes: 1, concurrency, isLocked: true },
  { name: 'side by side, locked', processes: 3, concurrency, isLocked: true },
  { name: 'side by side, locked', processes: 10, concurrency, isLocked: true },
];

interface Played {
  readonly tookMs: number;
  readonly runs: readonly Run[];
}

async function play(
  crew: Crew<Task, readonly Run[]>,
  url: string,
  { processes, concurrency, isLocked }: Way,
  round: number,
): Promise<Played> {
  const place = { url, prefix: `q${processes}x${concurrency}${isLocked ? 'l' : ''}r${round}` };
  const queue = openQueue(place);
  await queue.waitUntilReady();
  await crew.play({ begin: place, isLocked, concurrency, workMs }, processes);
  await queue.addBulk(Array.from({ length: count }, (_, index) => ({ name: 'write', data: { index } })));
  while ((await queue.getJobCountByTypes('completed', 'failed')) < count) await new Promise((resolve) => setTimeout(resolve, 20));
  const runs = (await crew.play('end', processes)).flat().sort((a, b) => a.began - b.began);
  await queue.close();
  return { runs, tookMs: Math.max(...runs.map(({ ended }) => ended)) - Math.min(...runs.map(({ began }) => began)) };
}

/** How many jobs began before one that was added before them. */
function outOfOrder(runs: readonly Run[]): number {
  return runs.filter((run, place) => runs.slice(place + 1).some((later) => later.index < run.index)).length;
}

function overlapping(runs: readonly Run[]): number {
  return runs.filter((run, place) => (runs[place - 1]?.ended ?? 0) > run.began).length;
}

console.log(`${machine()}; ${count} jobs of ${workMs} ms on one table, median of ${rounds} rounds, ${values.backend}\n`);
const queues = await (values.backend === 'postgres' ? postgresServer() : redisServer());
const locks = await memcachedServer();
const crew = await hire<Setup, Task, readonly Run[]>(
  new URL('./worker.ts', import.meta.url),
  Array(Math.max(...ways.map(({ processes }) => processes))).fill({ memcached: locks.url }),
);
const played = new Map<Way, Played[]>(ways.map((way) => [way, []]));
for (let round = 0; round < rounds; round++) for (const way of ways) played.get(way)?.push(await play(crew, queues.url, way, round));
const tookMs = (way: Way): number => median((played.get(way) ?? []).map((each) => each.tookMs));
const floorMs = tookMs(ways[0] as Way);
const rows = ways.map((way) => {
  const of = (figure: (runs: readonly Run[]) => number): number => median((played.get(way) ?? []).map(({ runs }) => figure(runs)));
  return [
    way.name,
    way.processes,
    way.concurrency,
    Math.round(tookMs(way)),
    `${Math.round((100 * floorMs) / tookMs(way))} %`,
    of(overlapping),
    of(outOfOrder),
    of((runs) => runs.reduce((sum, { starts }) => sum + starts, 0)),
  ];
});
console.log(markdownTable(['jobs', 'processes', 'slots each', 'ms', 'of the floor', 'overlapping', 'out of order', 'starts'], rows));
crew.dismiss();
await queues.stop();
await locks.stop();
