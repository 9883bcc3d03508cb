/** One instance of the service, in a process of its own: inserts batches, answers readers, runs its scheduled jobs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openPool } from '../../demo/database.ts';
import { batch, batchNumber, type FlightRow, rowsPerBatch } from '../../demo/flights.ts';
import { type Desk, insertBatch, updateDelays, withGiveway } from '../../demo/workload.ts';
import { createLocker, type LockerOptions, type ResourceLocker } from '../../src/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { nullStore } from '../../src/stores/memory.ts';
import { createWarehouse, type Warehouse } from '../../src/warehouse/index.ts';
import { closePeriod, deliver, readDeliveries, stamp, sumDeliveries } from './checks.ts';
import type { Kind, Load, Order, Reply, Round, Setup, Tally } from './messages.ts';
import { lend, lockTable, naiveExclusive, noLock, type Turns } from './turns.ts';
import { computeMs, readReport, sumFlights } from './workload.ts';

/** Looks about as often as the naive lock does: jobs here take tens of milliseconds, not minutes. */
const patience: Omit<LockerOptions, 'store'> = {
  onBusy: 'retry',
  retry: { maxWaitMs: 60_000, delayMs: 10, maxDelayMs: 20 },
  onStoreDown: 'throw',
};
const conflictRetry = { maxRetries: 1_000, delayMs: 5, maxDelayMs: 100 };
const checkLoad: Load = { name: 'check', inserters: 2, insertPauseMs: 2, readers: 1, readPauseMs: 10, jobBusy: 0.5 };

type Play = (round: Round) => Promise<Tally>;

function startService({ place, memcached, namespace, worker, workers }: Setup): Play {
  const pool = openPool(place, 20);
  const store = memcachedStore({ servers: memcached });
  const locker = createLocker({ store, namespace, ...patience });
  const warehouse = createWarehouse({ pool, locker, conflictRetry });
  const turnsOf: Record<Round['variant'], Turns> = {
    'no lock': noLock(pool),
    'LOCK TABLE': lockTable(pool),
    'naive exclusive': naiveExclusive(pool, store, `${namespace}-naive`),
    giveway: { pool: lend(pool), takeTurn: withGiveway(locker) },
    'giveway, insertBatches': { pool: lend(pool), takeTurn: withGiveway(locker) },
  };
  /** Of the jobs, each runs on one instance. */
  const isMine = (job: number): boolean => job % workers === worker;

  const playLoad = (round: Round, load: Load): Promise<Tally> => {
    const { pool: ownPool, takeTurn } = turnsOf[round.variant];
    const shift = startShift(round.ms);
    const desk = (kind: Kind): Desk => ({ pool: ownPool, takeTurn, onConflict: () => shift.conflicted(kind), computeMs });
    let batches = 0;
    const nextBatch = () => batch(batchNumber(batches++, worker, workers));
    const inserts: readonly Loop[] =
      round.variant === 'giveway, insertBatches'
        ? []
        : times(load.inserters, () => ['batches', pause(load.insertPauseMs), () => insertBatch(desk('batches'), nextBatch())] as const);
    const streams = round.variant === 'giveway, insertBatches' ? load.inserters : 0;
    const stream = (): Promise<void> => shift.insertStream(warehouse, nextBatch, load.insertPauseMs);
    const jobs = [updateDelays, sumFlights].filter((_, job) => isMine(job));
    const onConflict = (): void => shift.conflicted('batches');
    locker.on('conflict', onConflict);
    return shift
      .play(
        [
          ...inserts,
          ...times(load.readers, () => ['reads', pause(load.readPauseMs), () => readReport(desk('reads'))] as const),
          ...jobs.map((job) => ['jobs', busy(load.jobBusy), () => job(desk('jobs'))] as const),
        ],
        times(streams, stream),
      )
      .finally(() => locker.off('conflict', onConflict));
  };

  const playCheck = async (round: Round, check: 'redelivery' | 'periods'): Promise<Tally> => {
    const shift = startShift(round.ms);
    let deliveries = 0;
    // Without locks, each loop has a locker of its own: one that is shared would keep the loops of this process apart.
    const lockers: ResourceLocker[] = [];
    const own = (kind: Kind): Warehouse => {
      const either =
        round.variant === 'no lock' ? createLocker({ store: nullStore(), ...patience }) : createLocker({ store, namespace, ...patience });
      either.on('conflict', () => shift.conflicted(kind));
      lockers.push(either);
      return createWarehouse({ pool, locker: either, conflictRetry });
    };
    const insert = (): (() => Promise<void>) => {
      const mine = own('batches');
      return check === 'periods' ? () => stamp(mine) : () => deliver(mine, deliveries++, worker, workers);
    };
    const job = own('jobs');
    const tally = await shift.play([
      ...times(checkLoad.inserters, () => ['batches', pause(checkLoad.insertPauseMs), insert()] as const),
      ...(isMine(0)
        ? ([['jobs', busy(checkLoad.jobBusy), () => (check === 'periods' ? closePeriod(job) : sumDeliveries(job))]] as const)
        : []),
      ...(check === 'redelivery' ? ([['reads', pause(checkLoad.readPauseMs), () => readDeliveries(pool)]] as const) : []),
    ]);
    await Promise.all(lockers.map((each) => each.close()));
    return tally;
  };

  return (round) => ('load' in round ? playLoad(round, round.load) : playCheck(round, round.check));
}

/** What to count it as, how long to pause after the work, given how long it took each time so far, and the work. */
type Loop = readonly [Kind, (tookMs: readonly number[]) => number, () => Promise<unknown>];

const pause = (ms: number) => (): number => ms;

/** Busy for this share of the time, going by the shortest of its last runs: waits and retries do not make it pause longer. */
const busy =
  (share: number) =>
  (tookMs: readonly number[]): number =>
    Math.min(...tookMs.slice(-8)) * (1 / share - 1);

/** Counts what loops do until their time is over. The last of each is finished, not dropped. */
function startShift(ms: number) {
  const startMs = performance.now();
  const conflicts: Record<Kind, number> = { batches: 0, jobs: 0, reads: 0 };
  const timesMs: Record<Kind, number[]> = { batches: [], jobs: [], reads: [] };
  const repeat = async (kind: Kind, pauseAfter: (tookMs: readonly number[]) => number, work: () => Promise<unknown>): Promise<void> => {
    const tookMs: number[] = [];
    while (performance.now() - startMs < ms) {
      const beganMs = performance.now();
      await work();
      tookMs.push(performance.now() - beganMs);
      const leftMs = ms - (performance.now() - startMs);
      const pauseMs = Math.min(leftMs, pauseAfter(tookMs) * (0.5 + Math.random()));
      if (pauseMs > 0) await sleep(pauseMs);
    }
    timesMs[kind].push(...tookMs);
  };
  return {
    conflicted: (kind: Kind): void => void conflicts[kind]++,
    /** Batches that keep coming while others are under way or wait, as fast as a loop's would if its inserts took no time. */
    async insertStream(warehouse: Warehouse, nextBatch: () => readonly FlightRow[], pauseMs: number): Promise<void> {
      const cameMs: number[] = [];
      const arriving = async function* (): AsyncGenerator<FlightRow> {
        while (performance.now() - startMs < ms) {
          const rows = nextBatch();
          cameMs.push(performance.now());
          yield* rows;
          await sleep(Math.max(0, Math.min(ms - (performance.now() - startMs), pauseMs * (0.5 + Math.random()))));
        }
      };
      await warehouse.insertBatches('flights', arriving(), {
        batchRows: rowsPerBatch,
        isolation: 'serializable',
        // Called for each batch, in their order.
        onProgress: () => void timesMs.batches.push(performance.now() - (cameMs.shift() ?? Number.NaN)),
      });
    },
    async play(loops: readonly Loop[], others: readonly Promise<void>[] = []): Promise<Tally> {
      await Promise.all([...others, ...loops.map(([kind, pauseAfter, work]) => repeat(kind, pauseAfter, work))]);
      return { ms: performance.now() - startMs, conflicts, timesMs };
    },
  };
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

function reply(message: Reply): void {
  if (process.connected) process.send?.(message);
}

let play: Play = () => Promise.reject(new Error('no setup came'));
process.on('message', (order: Order) => {
  if ('setup' in order) {
    play = startService(order.setup);
    reply('ready');
  } else {
    play(order.round).then(
      (tally) => reply({ tally }),
      (error: Error) => reply({ failed: error.stack ?? error.message }),
    );
  }
});
process.on('disconnect', () => process.exit());
