/** One instance of the service, in a process of its own: inserts, reads, and runs its scheduled jobs. */
import { createLocker } from '../../src/index.ts';
import { obey } from '../crew.ts';
import { idealClient } from '../ideal/client.ts';
import { openLockStore } from '../lock-store.ts';
import { inserters, readPauseMs } from './loads.ts';
import type { Contender, Round, Setup, Tally } from './messages.ts';
import { pausing, play, scheduled } from './shift.ts';
import { openPool } from './tables.ts';
import { insert, jobs, read, transaction, type Work } from './transactions.ts';
import { giveway, ideal, naive, noLock, type TakeTurn } from './turns.ts';

async function start({ warehouse, store: place, idealPort, worker }: Setup): Promise<(round: Round) => Promise<Tally>> {
  const pool = openPool(warehouse, inserters + 1 + jobs.length);
  const { store, requests } = await openLockStore(place);
  // Everything as it comes, but that nobody gives up.
  const locker = createLocker({ store, namespace: 'bench', onBusy: 'retry', retry: { maxWaitMs: 60_000 }, onStoreDown: 'throw' });
  const turns: Record<Contender, TakeTurn> = {
    'no lock': noLock,
    ideal: ideal(idealClient(idealPort)),
    naive: naive(store),
    giveway: giveway(locker),
  };
  return async ({ contender, load, ms }) => {
    const takeTurn = turns[contender];
    const requestsBefore = requests();
    let [inserts, conflicts, deletedRows] = [0, 0, 0];
    const commit = <T>(work: Work<T>): Promise<T> => transaction(pool, work, () => void conflicts++);
    const insertNext = (): Promise<unknown> => {
      const batch = inserts++ * load.processes + worker;
      return takeTurn({ appends: ['events'] }, 'insert', () => commit(insert(batch, load.insertMs)));
    };
    const loops = [
      ...Array.from({ length: inserters }, () => pausing('inserts', load.insertPauseMs, insertNext)),
      pausing('reads', readPauseMs, () => commit(read)),
      ...jobs
        .filter((_, job) => job % load.processes === worker)
        .map((job) =>
          scheduled('jobs', job.everyMs, (jobs.indexOf(job) + 1) / (jobs.length + 1), async () => {
            deletedRows += await takeTurn(job.scope, job.name, () => commit(job.work));
          }),
        ),
    ];
    const { ms: tookMs, timesMs } = await play(loops, ms);
    return { ms: tookMs, timesMs, conflicts, deletedRows, requests: requests() - requestsBefore };
  };
}

obey(start);
