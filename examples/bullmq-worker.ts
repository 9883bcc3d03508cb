/**
 * A BullMQ worker whose jobs write tables: a job of a busy table is put off and leaves its slot to the others; one of a
 * scheduler is skipped, and its result says who was in the way.
 *
 *     REDIS_URL=redis://127.0.0.1:6379 npx tsx examples/bullmq-worker.ts
 */
import { Queue, QueueEvents, Worker } from 'bullmq';
import { createLocker } from 'giveway';
import { lockedProcessor } from 'giveway/bullmq';
import { redisStore } from 'giveway/redis';
import { Redis } from 'ioredis';

const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const connection = { url };
const prefix = process.env['QUEUE_PREFIX'] ?? 'giveway-example';
const client = new Redis(url);
const locker = createLocker({ store: redisStore({ client }), namespace: prefix, closesStore: true });
const queue = new Queue<{ table: string }>('writes', { connection, prefix });
const events = new QueueEvents('writes', { connection, prefix });
await events.waitUntilReady();

const backfill = await locker.lock('visits', { job: 'backfill' });

const worker = new Worker<{ table: string }>(
  'writes',
  lockedProcessor(
    locker,
    (job) => job.data.table,
    async (job) => `wrote ${job.data.table}`,
    { retry: { delayMs: 100 } },
  ),
  { connection, prefix, concurrency: 2 },
);

const waiting = await queue.add('write', { table: 'visits' });
const free = await queue.add('write', { table: 'events' });
console.log(`events: ${await free.waitUntilFinished(events)}`);
console.log(`visits: ${await waiting.getState()}, while ${backfill.job} holds it`);

const skipped = new Promise<unknown>((resolve) => worker.once('completed', (_, result) => resolve(result)));
await queue.upsertJobScheduler('nightly', { every: 86_400_000 }, { name: 'nightly', data: { table: 'visits' } });
console.log(`nightly: ${JSON.stringify(await skipped)}`);

await backfill.unlock();
console.log(`visits: ${await waiting.waitUntilFinished(events)}, attempts counted before: ${waiting.attemptsMade}`);

await worker.close();
await events.close();
await queue.obliterate({ force: true });
await queue.close();
await locker.close();
client.disconnect();
