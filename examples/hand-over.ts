/**
 * A cron job takes the lock and leaves the work to a BullMQ worker, which carries the same lock on: nobody gets in between.
 * At no moment can both renew it: `handOver` stops the heartbeat here before the job is added, and `restore` gives the lock
 * a new token there. The handed lock is a secret, and lives in the queue as long as the job does.
 *
 *     REDIS_URL=redis://127.0.0.1:6379 npx tsx examples/hand-over.ts
 */
import { Queue, QueueEvents, Worker } from 'bullmq';
import { createLocker, type SerializedLock } from 'giveway';
import { schedule } from 'giveway/cron';
import { redisStore } from 'giveway/redis';
import { Redis } from 'ioredis';

const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const connection = { url };
const prefix = process.env['QUEUE_PREFIX'] ?? 'giveway-example';
const client = new Redis(url);
const here = createLocker({ store: redisStore({ client }), namespace: prefix });
const there = createLocker({ store: redisStore({ client }), namespace: prefix });
const queue = new Queue<{ handed: SerializedLock }>('handed', { connection, prefix });
const events = new QueueEvents('handed', { connection, prefix });
await events.waitUntilReady();

const rebuild = schedule(
  '0 3 * * *',
  async (_fire, lock) => {
    const job = await queue.add('rebuild', { handed: await lock.handOver() }, { removeOnComplete: true });
    console.log(`handed over to job ${job.id}; held here: ${here.held().length}`);
    return job.waitUntilFinished(events);
  },
  { locker: here, name: 'rebuild-visits', scope: 'visits' },
);

const worker = new Worker<{ handed: SerializedLock }>(
  'handed',
  async (job) => {
    await using lock = await there.restore(job.data.handed);
    const [holder] = await there.inspect('visits');
    console.log(`restored as ${lock.job}, held since ${holder?.since.toISOString()}`);
    const outcome = await here.run('visits', () => {}, { job: 'somebody else' });
    if (outcome.status === 'skipped')
      console.log(`somebody else: skipped, visits is held by ${outcome.holders.map((each) => each.job).join()}`);
    return 'rebuilt';
  },
  { connection, prefix },
);

const outcome = await rebuild.execute();
console.log(`the fire: ${outcome.status === 'ran' ? outcome.value : outcome.reason}`);
console.log(`visits is ${(await here.inspect('visits')).length === 0 ? 'free' : 'held'}`);

await rebuild.destroy();
await worker.close();
await events.close();
await queue.obliterate({ force: true });
await queue.close();
await Promise.all([here.close(), there.close()]);
client.disconnect();
