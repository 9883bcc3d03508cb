/**
 * `npm run bench:contention`: what it costs, and how long it takes, to hand a lock on from task to task and from process to process, on a
 * real server of its own. Writes bench/RESULTS.md.
 */
import { parseArgs } from 'node:util';
import { buildWorker } from '../build.ts';
import { type Crew, hire } from '../crew.ts';
import { startIdealServer } from '../ideal/client.ts';
import { type StoreName, type StorePlace, startLockServer, storeNamed } from '../lock-store.ts';
import { progress } from '../progress.ts';
import { machine, writeSection } from '../results-file.ts';
import { type Cell, cellNamed, cells, contendersOf, crowd, durationMs, playsOf, quickCells } from './cells.ts';
import { nowMs } from './clock.ts';
import { figuresOf, type Play } from './figures.ts';
import { type Measured, type Served, tableOf, targetLines, waitersTable } from './report.ts';
import type { Waiters } from './waiters-worker.ts';
import { type Contender, type Setup, type Taken, type Turns, warmUpTurns } from './worker.ts';

const help = `npm run bench:contention -- [options]
  --quick        a few cells, nothing written
  --cells A,B    only these, nothing written: PROCESSESxHOLD_MS or PROCESSESxTASKSxHOLD_MS, such as 8x30,4x8x5
  --store NAME   memcached (the default), redis or postgres
  --no-write     leave bench/RESULTS.md as it is
`;

/** Time for an order to reach every process. */
const orderMs = 150;

async function measureTurns(place: StorePlace, idealPort: number, chosen: readonly Cell[]): Promise<Measured[]> {
  const most = Math.max(...chosen.map(({ processes }) => processes));
  progress(`starting ${most} processes`);
  const setups = Array.from({ length: most }, (_, index) => ({
    ...place,
    idealPort,
    warmsUpOn: index % Math.max(1, Math.floor(most / 2)),
  }));
  const crew: Crew<Turns, Taken> = await hire<Setup, Turns, Taken>(await buildWorker('bench/contention/worker.ts'), setups);
  const measured: Measured[] = [];
  for (const [index, cell] of chosen.entries()) {
    const { processes, tasks, holdMs } = cell;
    const plays: Record<Contender, Play[]> = { giveway: [], ideal: [] };
    for (let play = 1; play <= playsOf(cell); play++) {
      for (const contender of contendersOf(cell)) {
        progress(
          `${index + 1} of ${chosen.length}: ${processes} processes × ${tasks}, ${holdMs} ms, ${contender}, play ${play} of ${playsOf(cell)}, ${Math.round(durationMs(cell) / 1_000)} s`,
        );
        const startAtMs = nowMs() + orderMs;
        const endAtMs = startAtMs + durationMs(cell);
        const taken = await crew.play({ contender, key: `cell-${index}-${play}`, tasks, holdMs, startAtMs, endAtMs }, processes);
        plays[contender].push({ taken, startAtMs, endAtMs });
      }
    }
    const ideal = plays.ideal.length > 0 ? figuresOf(cell, plays.ideal) : undefined;
    measured.push({ cell, figures: figuresOf(cell, plays.giveway), ideal });
  }
  crew.dismiss();
  return measured;
}

/** The fastest of these: what else the machine does only ever adds. */
const waiterRuns = 3;

async function measureWaiters(place: StorePlace, counts: readonly number[]): Promise<Served[]> {
  const served: Served[] = [];
  const program = await buildWorker('bench/contention/waiters-worker.ts');
  for (const mode of ['writes', 'appends'] as const) {
    for (const count of counts) {
      progress(`${count} waiters, ${mode}`);
      const crew: Crew<Waiters, number> = await hire(program, [place]);
      try {
        const key = `waiters-${mode}-${count}`;
        await crew.play({ key: `${key}-warm-up`, mode, count: 200 });
        let microsEach = Number.POSITIVE_INFINITY;
        for (let run = 0; run < waiterRuns; run++) {
          const [micros = Number.NaN] = await crew.play({ key: `${key}-${run}`, mode, count });
          microsEach = Math.min(microsEach, micros);
        }
        served.push({ mode, count, microsEach });
      } catch (error) {
        served.push({ mode, count, failed: (error as Error).message.split('\n')[0] ?? '' });
      } finally {
        crew.dismiss();
      }
    }
  }
  return served;
}

async function bench(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      cells: { type: 'string' },
      store: { type: 'string', default: 'memcached' },
      'no-write': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  const quick = values.quick;
  const chosen = values.cells?.split(',').map(cellNamed) ?? (quick ? quickCells : [...cells, crowd]);
  const store: StoreName = storeNamed(values.store);

  const where = machine();
  const [server, idealServer] = await Promise.all([startLockServer(store), startIdealServer()]);
  try {
    const place = { name: store, url: server.url };
    const measured = await measureTurns(place, idealServer.port, chosen);
    const served = values.cells === undefined ? await measureWaiters(place, quick ? [1_000, 10_000] : [1_000, 5_000, 10_000]) : [];
    progress();
    const tables = [tableOf(measured), ...(served.length > 0 ? [waitersTable(served)] : []), targetLines(store, measured, served)];
    process.stdout.write(`${tables.join('\n\n')}\n`);
    if (quick || values['no-write'] || values.cells !== undefined) return;
    const words = `Tasks ask for one key, hold it, let go and ask again. Waits in fair cycles, the mean time between two turns of one task; all times by the host's one monotonic clock. Requests: all that the store was asked, per turn. Cells of 3 s are played three times; the longest wait is the median of theirs (least–most). Ideal: the same by the lock server of the warehouse benchmark, in memory, first come first served, with push, in the plays between: what the machine, its timers and its two cores allow. Before, each process has had ${warmUpTurns} turns on a key that it shared with one or two others.`;
    writeSection(`One lock that many want, ${store} (\`npm run bench:contention\`)`, `${where}\n\n${words}\n\n${tables.join('\n\n')}`);
  } finally {
    idealServer.stop();
    await server.stop();
  }
}

bench().then(
  () => process.exit(),
  (error: Error) => {
    process.stderr.write(`${error.stack ?? error.message}\n`);
    process.exit(1);
  },
);
