import type { Pool } from 'pg';
import { createLocker, type ResourceLocker, type RunOutcome } from '../../src/index.ts';
import { type PostgresJournal, postgresJournal } from '../../src/observe/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { fakeClock } from '../../src/testing/index.ts';

const minuteMs = 60_000;

/** One thing that happens in the night: at minute `at` a job of one of the workers asks for its tables, and works for `workMs`. */
interface Turn {
  readonly worker: number;
  readonly job: string;
  readonly at: number;
  readonly scope: { readonly writes?: string; readonly appends?: string; readonly reads?: string };
  readonly workMs: number;
  readonly onBusy?: 'retry';
}

const dedupe = { worker: 2, job: 'nightly-dedupe', scope: { writes: 'events', reads: 'visits' }, workMs: 40_000 } as const;

/** Two hours of a loader, a rollup, a job that waits, and one that is skipped whenever somebody is at its tables. */
const turns: readonly Turn[] = [
  ...Array.from(
    { length: 12 },
    (_, index): Turn => ({ worker: 0, job: 'load', at: 10 * index, scope: { writes: 'events' }, workMs: 95_000 + 7_000 * index }),
  ),
  ...[7, 67].map((at): Turn => ({ worker: 1, job: 'rollup', at, scope: { writes: 'visits', reads: 'sales' }, workMs: 290_000 })),
  { worker: 1, job: 'backfill', at: 61, scope: { appends: 'events' }, workMs: 30_000, onBusy: 'retry' },
  { worker: 2, job: 'orders', at: 5, scope: { writes: 'orders' }, workMs: 1_000 },
  // The first meets the load, then the rollup too; the second the rollup alone; the third the load, and who waits for that; the fourth nobody.
  ...[10.5, 8.5, 61.5, 55].map((at): Turn => ({ ...dedupe, at })),
];

/** When `nightly-dedupe` asks. */
export const dedupeTurns: readonly number[] = turns.flatMap(({ job }, index) => (job === dedupe.job ? [index] : []));

/** Lets one turn wait, or come at another time. */
type Change = (index: number) => Partial<Pick<Turn, 'onBusy' | 'at'>>;

/** Plays the night from `startMs` on; resolves to what came of each. */
export async function playNight(
  startMs: number,
  observe: (locker: ResourceLocker, clock: ReturnType<typeof fakeClock>) => void,
  change: Change = () => ({}),
): Promise<readonly RunOutcome<void>[]> {
  const clock = fakeClock({ wallMs: startMs });
  const backend = memoryStore({ clock });
  const workers = [0, 1, 2].map((index) => createLocker({ store: backend.connect(), clock, host: `etl-${index}` }));
  for (const worker of workers) observe(worker, clock);
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.setTimer(resolve, ms));
  const outcomes = turns.map(async (plan, index) => {
    const { worker, job, at, scope, workMs, onBusy } = { ...plan, ...change(index) };
    await sleep(at * minuteMs);
    const options = { job, ...(onBusy && { onBusy, retry: { maxWaitMs: 3_600_000 } }), maxHoldMs: 3_600_000 };
    return (workers[worker] as ResourceLocker).run(scope, () => sleep(workMs), options);
  });
  await clock.advance(130 * minuteMs);
  return Promise.all(outcomes);
}

/** The same, written into a journal in that database. */
export async function writeNight(pool: Pool, startMs: number, table?: string, change?: Change): Promise<void> {
  const options = { pool, ...(table !== undefined && { table }) };
  await postgresJournal(options).createTable();
  const journals: PostgresJournal[] = [];
  const observe = (locker: ResourceLocker, clock: ReturnType<typeof fakeClock>): void => {
    const journal = postgresJournal({ ...options, clock, flushMs: 86_400_000, retentionMs: Number.POSITIVE_INFINITY });
    journals.push(journal);
    journal.observe(locker);
  };
  await playNight(startMs, observe, change);
  for (const journal of journals) await journal.close();
}
