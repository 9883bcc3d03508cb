/** One instance of the service, in a process of its own: inserts batches and runs its scheduled jobs. */
import { openPool } from '../../demo/database.ts';
import { batch, batchNumber } from '../../demo/flights.ts';
import { type Desk, insertBatch, updateDelays, withGiveway } from '../../demo/workload.ts';
import { createLocker, type LockerOptions, type ResourceLocker } from '../../src/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { nullStore } from '../../src/stores/memory.ts';
import { createWarehouse, type Warehouse } from '../../src/warehouse/index.ts';
import { checkLoad, closePeriod, deliver, stamp, sumDeliveries } from './checks.ts';
import type { Kind, Load, Round, Setup, Tally } from './messages.ts';
import { obey, type Play } from './obey.ts';
import { busy, type Loop, pause, startShift, times } from './shift.ts';
import { lend, lockTable, naiveExclusive, noLock, type Turns } from './turns.ts';
import { computeMs, sumFlights } from './workload.ts';

/** Looks about as often as the naive lock does: jobs here take tens of milliseconds, not minutes. */
const patience: Omit<LockerOptions, 'store'> = {
  onBusy: 'retry',
  retry: { maxWaitMs: 60_000, delayMs: 10, maxDelayMs: 20 },
  onStoreDown: 'throw',
};
const conflictRetry = { maxRetries: 1_000, delayMs: 5, maxDelayMs: 100 };

function startWorker({ place, memcached, namespace, worker, workers }: Setup): Play {
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
      .play([...inserts, ...jobs.map((job) => ['jobs', busy(load.jobBusy), () => job(desk('jobs'))] as const)], times(streams, stream))
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
    ]);
    await Promise.all(lockers.map((each) => each.close()));
    return tally;
  };

  return (round) => ('load' in round ? playLoad(round, round.load) : playCheck(round, round.check));
}

obey(startWorker);
