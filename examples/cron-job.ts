/**
 * A node-cron job that gives way: it updates a table when nobody else writes it, and says who did when it did not run.
 *
 *     MEMCACHED_SERVERS=127.0.0.1:11211 npx tsx examples/cron-job.ts
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocker, type Holder } from 'giveway';
import { schedule } from 'giveway/cron';
import { memcachedStore } from 'giveway/memcached';

const store = memcachedStore({ servers: process.env['MEMCACHED_SERVERS'] ?? '127.0.0.1:11211' });
const locker = createLocker({ store, closesStore: true });

const named = (holders: readonly Holder[]): string =>
  holders.map(({ job, host, pid, since }) => `${job} on ${host} (pid ${pid}) since ${since.toISOString()}`).join(', ');
locker.on('skipped', ({ job, reason, resource, holders }) =>
  console.log(`${job}: skipped, ${reason === 'busy' ? `${resource} is held by ${named(holders)}` : reason}`),
);

const refresh = schedule(
  '* * * * * *',
  async (fire, lock) => {
    console.log(`${lock.job}: refreshes visits for ${fire.dateLocalIso}`);
    await sleep(100, undefined, { signal: lock.signal });
    return 'refreshed';
  },
  { locker, name: 'refresh-visits', scope: { writes: 'visits', reads: 'events' }, guarantee: 'both' },
);
const hasRun = new Promise<void>((resolve) => {
  refresh.on('execution:finished', ({ execution }) => {
    console.log(`refresh-visits: ${execution?.result.status}`);
    if (execution?.result.status === 'ran') resolve();
  });
});

// Another job is in the way for a while.
await locker.run('visits', () => sleep(1_500), { job: 'backfill' });
await hasRun;

await refresh.destroy();
console.log(`fires: ${JSON.stringify(refresh.fires())}`);
await locker.close();
