/** What a job's types say, compiled and not run. A line that should not compile says so. */

import { type Job, type Processor, Worker } from 'bullmq';
import { createLocker, type Lock, type RunOutcome } from 'giveway';
import { lockedProcessor, type SkippedJob } from 'giveway/bullmq';
import { defineConfig, type JobSettings } from 'giveway/config';
import { type ConfiguredJobOptions, schedule } from 'giveway/cron';
import { type OncePerFireOptions, oncePerFire } from 'giveway/jobs';
import { memoryStore } from 'giveway/memory';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_T extends true>(): void => {};

const locker = createLocker({ store: memoryStore() });
const connection = { host: '127.0.0.1', port: 6379 };

interface Write {
  readonly table: string;
}

// A handler that is written for BullMQ: its job promises what it returns, and knows nothing of skips.
const refresh = async (job: Job<Write, number>): Promise<number> => job.data.table.length;
const tableOf = (job: Job<Write, number>): string => job.data.table;

// A job of a scheduler is skipped by default, so the worker's results may be skips.
const maySkip = lockedProcessor(locker, tableOf, refresh);
holds<Same<typeof maySkip, Processor<Write, number | SkippedJob, string>>>();
holds<Same<typeof maySkip, ReturnType<typeof lockedProcessor<Write, number>>>>();
new Worker<Write, number | SkippedJob>('writes', maySkip, { connection });
new Worker<Write, number | SkippedJob>('writes', lockedProcessor(locker, tableOf, refresh, { onBusy: 'skip' }), { connection });
// @ts-expect-error a result may be a skip
new Worker<Write, number>('writes', maySkip, { connection });

// Where a job is put off, no result is a skip.
const putsOff = lockedProcessor(locker, tableOf, refresh, { onBusy: 'retry', retry: { delayMs: 100 } });
holds<Same<typeof putsOff, Processor<Write, number, string>>>();
new Worker<Write, number>('writes', putsOff, { connection });
new Worker<Write, number>(
  'writes',
  lockedProcessor(locker, 'visits', async (job: Job<Write, number>) => job.id?.length ?? 0, { onBusy: 'retry' }),
  {
    connection,
  },
);

// In place, everything is inferred from the worker.
new Worker<Write, number, 'nightly'>(
  'writes',
  lockedProcessor(
    locker,
    (job) => job.data.table,
    async (job, token, signal) => {
      holds<Same<typeof job, Job<Write, number, 'nightly'>>>();
      holds<Same<typeof token, string | undefined>>();
      holds<Same<typeof signal, AbortSignal>>();
      return job.data.table.length;
    },
    { onBusy: 'retry' },
  ),
  { connection },
);
new Worker<Write>(
  'writes',
  lockedProcessor(
    locker,
    (job) => job.data.table,
    async (job) => job.data.table,
  ),
  { connection },
);

// A handler that was written with skips among its results stays as it was.
const withSkips = async (job: Job<Write, number | SkippedJob>): Promise<number> => job.data.table.length;
new Worker<Write, number | SkippedJob>('writes', lockedProcessor(locker, 'visits', withSkips), { connection });
lockedProcessor<Write, number>(locker, 'visits', withSkips, { onBusy: 'skip' });
lockedProcessor<Write, number>(locker, 'visits', refresh, { onBusy: 'retry' });

// @ts-expect-error a job does not wait for its lock, it is put off
lockedProcessor(locker, 'visits', refresh, { retry: { maxWaitMs: 1 } });
// @ts-expect-error another worker's data
new Worker<{ id: number }, number>('writes', putsOff, { connection });

// A job of the config: what it says there is said nowhere else.
const rollup: JobSettings = { cron: '0 * * * *', timezone: 'UTC', writes: 'visits', reads: ['events'], instances: 2, after: 'load' };
defineConfig({ store: 'memory:', jobs: { rollup, load: { cron: '*/5 * * * *', appends: 'events', onBusy: 'retry' } } });
const byName: ConfiguredJobOptions = { locker, guarantee: 'both', onBusy: 'skip', retry: { maxWaitMs: 1 } };
schedule('rollup', () => {}, byName);
// @ts-expect-error a schedule without a scope is that of a configured job, whose zone the config says
schedule('rollup', () => {}, { locker, timezone: 'UTC' });
// @ts-expect-error a mode that does not exist
defineConfig({ jobs: { rollup: { cron: '0 * * * *', write: 'visits' } } });

// A fire is known by when it was due or by how often there is one, and not by both.
const rows = oncePerFire(locker, { name: 'rollup', every: 300_000, slotHoldMs: 60_000 }, async (lock: Lock) => lock.remainingMs());
holds<Same<typeof rows, () => Promise<RunOutcome<number>>>>();
const due = oncePerFire(locker, { name: 'rollup', at: (at: Date) => at }, (_lock, at: Date) => at.getTime());
holds<Same<typeof due, (at: Date) => Promise<RunOutcome<number>>>>();
export const fire: OncePerFireOptions = { name: 'rollup', at: new Date() };
// @ts-expect-error it says neither
oncePerFire(locker, { name: 'rollup' }, () => {});
// @ts-expect-error it says both
oncePerFire(locker, { name: 'rollup', every: 300_000, at: new Date() }, () => {});
// @ts-expect-error the same in every instance
oncePerFire(locker, { every: 300_000 }, () => {});
