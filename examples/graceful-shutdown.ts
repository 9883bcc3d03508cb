/**
 * SIGTERM: no new fires and no new locks; running work is told by its signal and may take `closeTimeoutMs` to end; then every
 * lock is released. A second signal exits at once, and leaves the locks to their TTL.
 *
 *     MEMCACHED_SERVERS=127.0.0.1:11211 npx tsx examples/graceful-shutdown.ts
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocker } from 'giveway';
import { schedule } from 'giveway/cron';
import { memcachedStore } from 'giveway/memcached';

const closeTimeoutMs = 5_000;
const store = memcachedStore({ servers: process.env['MEMCACHED_SERVERS'] ?? '127.0.0.1:11211' });
const locker = createLocker({ store, closesStore: true });

const load = schedule(
  '* * * * * *',
  async (_fire, lock) => {
    console.log('loads batches');
    while (!lock.signal.aborted) await sleep(20);
    console.log(`stops between two batches: ${lock.signal.reason.message}`);
  },
  { locker, name: 'load-events', scope: { appends: 'events' }, noOverlap: true },
);

async function shutDown(signal: NodeJS.Signals): Promise<void> {
  process.once(signal, () => process.exit(1));
  console.log(`${signal}: closes`);
  await load.destroy();
  await locker.close({ timeoutMs: closeTimeoutMs });
  console.log('closed; every lock is released');
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, shutDown);
