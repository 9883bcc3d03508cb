/**
 * A BullMQ worker process for tests: each job writes its table under the table's lock, and tells when it began and ended,
 * on the clock that all processes of a machine share.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocker } from '../../src/index.ts';
import { lockedProcessor } from '../../src/jobs/bullmq.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { openWorker } from './queues.ts';

interface Write {
  readonly table: string;
  readonly workMs: number;
}

const env = (name: string): string => process.env[name] ?? '';
const locker = createLocker({ store: memcachedStore({ servers: env('MEMCACHED') }), namespace: env('NAMESPACE'), ttlMs: 1_000 });
const sharedClockMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

function tell(what: string, more: object): void {
  process.stdout.write(`${JSON.stringify({ what, at: Date.now(), ...more })}\n`);
}

const processor = lockedProcessor<Write, string>(
  locker,
  (job) => job.data.table,
  async ({ id, data: { table, workMs }, attemptsMade }) => {
    const began = sharedClockMs();
    tell('began', { id, table });
    await sleep(workMs);
    tell('ran', { id, table, began, ended: sharedClockMs(), attemptsMade });
    return table;
  },
  { retry: { delayMs: Number(process.env['DELAY_MS'] ?? 50), maxDelayMs: Number(process.env['DELAY_MS'] ?? 500) } },
);
const worker = openWorker({ url: env('QUEUE_URL'), prefix: env('QUEUE_PREFIX') }, processor as never, {
  concurrency: 4,
  lockDuration: Number(process.env['LOCK_MS'] ?? 30_000),
  stalledInterval: 1_000,
});
void worker.waitUntilReady().then(() => tell('ready', {}));
