import { createLocker, type ResourceLocker, type RunOptions } from '../../../src/index.ts';
import type { LockScope } from '../../../src/lock/options.ts';
import { createJournal, type Journal } from '../../../src/observe/index.ts';
import { memoryStore } from '../../../src/stores/memory.ts';
import { type FakeClock, fakeClock } from '../../../src/testing/fake-clock.ts';
import { mulberry32 } from '../../support/mulberry32.ts';

/** A job of the fleet: when it is due and for how long it works, in seconds. */
interface Played {
  readonly job: string;
  readonly host: string;
  readonly scope: LockScope;
  readonly everyS: number;
  readonly offsetS?: number;
  readonly workS: readonly [least: number, most: number];
  readonly options?: RunOptions;
  /** In one of so many runs the database aborts it all the same. */
  readonly conflictIn?: number;
}

/** Loaders append, rollups read what they append, and a dedupe that gives way at once hardly ever finds its table free. */
const jobs: readonly Played[] = [
  { job: 'load events', host: 'etl-1', scope: { appends: 'events' }, everyS: 150, workS: [45, 100], options: waiting(90) },
  { job: 'load clicks', host: 'etl-2', scope: { appends: 'clicks' }, everyS: 240, offsetS: 40, workS: [30, 90], options: waiting(90) },
  { job: 'dedupe events', host: 'etl-3', scope: { writes: 'events' }, everyS: 900, offsetS: 200, workS: [60, 120] },
  {
    job: 'hourly rollup',
    host: 'etl-1',
    scope: { writes: 'visits', reads: 'events' },
    everyS: 3_600,
    workS: [400, 700],
    options: waiting(240),
  },
  {
    job: 'sessions',
    host: 'etl-2',
    scope: { writes: 'sessions', reads: 'clicks' },
    everyS: 1_200,
    offsetS: 90,
    workS: [120, 260],
    options: waiting(60),
  },
  { job: 'refresh visits', host: 'etl-3', scope: { writes: 'visits' }, everyS: 600, offsetS: 30, workS: [40, 90] },
  {
    job: 'campaign sync',
    host: 'etl-2',
    scope: { writes: ['campaigns', 'spend'] },
    everyS: 1_800,
    workS: [60, 300],
    options: waiting(120),
  },
  { job: 'spend import', host: 'etl-1', scope: { writes: 'spend' }, everyS: 1_800, offsetS: 210, workS: [90, 200], conflictIn: 14 },
  { job: 'backfill', host: 'ops-7', scope: { writes: 'sessions' }, everyS: 30_000, offsetS: 5_000, workS: [1_900, 2_600] },
];

const idleTables = ['accounts', 'currencies', 'invoices', 'plans', 'regions', 'teams'];

export interface Fleet {
  readonly locker: ResourceLocker;
  readonly journal: Journal;
  readonly tables: readonly string[];
  close(): Promise<void>;
}

/** Plays the fleet for so many hours, up to now, on a clock of its own and with real locks; then it stands still, with what is held held. */
export async function playFleet(hours: number): Promise<Fleet> {
  const playedMs = hours * 3_600_000;
  const clock = fakeClock({ wallMs: Date.now() - playedMs });
  const store = memoryStore({ clock });
  const journal = createJournal({ clock, limit: 50_000 });
  const random = mulberry32(7);
  const lockers = jobs.map((played) => {
    const { job, host } = played;
    const locker = createLocker({ store, clock, job, host, ttlMs: 600_000, maxHoldMs: 3_600_000 });
    journal.observe(locker);
    void play(played, locker, clock, random);
    return locker;
  });
  await clock.advance(playedMs);
  const locker = createLocker({ store, clock });
  const tables = ['events', 'clicks', 'visits', 'sessions', 'campaigns', 'spend', ...idleTables];
  return {
    locker,
    journal,
    tables,
    async close() {
      const closed = Promise.all([locker, ...lockers].map((each) => each.close({ timeoutMs: 1 })));
      await clock.advance(1_000);
      await closed;
    },
  };
}

async function play(played: Played, locker: ResourceLocker, clock: FakeClock, random: () => number): Promise<void> {
  const { scope, everyS, offsetS = 0, workS, options, conflictIn } = played;
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.setTimer(resolve, ms, false));
  await sleep(offsetS * 1_000);
  for (let run = 1; ; run++) {
    const startMs = clock.monotonicMs();
    const [least, most] = workS;
    await locker.run(scope, () => sleep((least + random() * (most - least)) * 1_000), options).catch(() => undefined);
    if (conflictIn !== undefined && run % conflictIn === 0) tellConflict(locker, played);
    const restMs = everyS * 1_000 - (clock.monotonicMs() - startMs);
    await sleep(restMs > 0 ? restMs : (everyS * 1_000) / 4);
  }
}

function tellConflict(locker: ResourceLocker, { job }: Played): void {
  locker.announce('conflict', () => ({
    scope: { writes: ['spend'], appends: [], reads: [] },
    job,
    code: '40001',
    message: 'could not serialize access due to read/write dependencies among transactions',
    tables: ['spend'],
    attempt: 1,
  }));
}

function waiting(maxWaitS: number): RunOptions {
  return { onBusy: 'retry', retry: { maxWaitMs: maxWaitS * 1_000 } };
}
