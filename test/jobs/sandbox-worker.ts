/** A sandboxed processor: BullMQ loads this file in a process of its own, which has a locker of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocker } from '../../src/index.ts';
import { lockedProcessor } from '../../src/jobs/bullmq.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';

const locker = createLocker({
  store: memcachedStore({ servers: process.env['MEMCACHED'] ?? '' }),
  namespace: process.env['NAMESPACE'] ?? '',
});

export default lockedProcessor(locker, 'events', async (_job, _token, signal) => {
  const began = Date.now();
  await sleep(500, undefined, { signal });
  return { pid: process.pid, job: locker.current()?.job, began, ended: Date.now() };
});
