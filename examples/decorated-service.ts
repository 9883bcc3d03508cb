/**
 * A service whose methods write tables, in the manner of NestJS: the lock costs one line where the method is declared.
 *
 *     MEMCACHED_SERVERS=127.0.0.1:11211 npx tsx examples/decorated-service.ts
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocker, ResourceBusyError, type ResourceLocker } from 'giveway';
import { Locked } from 'giveway/decorators';
import { memcachedStore } from 'giveway/memcached';

class VisitsService {
  readonly locker: ResourceLocker;

  /** In NestJS the container passes the locker in. */
  constructor(locker: ResourceLocker) {
    this.locker = locker;
  }

  @Locked({ writes: 'visits', reads: 'events' }, { onBusy: 'retry' })
  async refresh(day: string): Promise<string> {
    await sleep(50, undefined, { signal: this.locker.current()?.signal });
    return `visits of ${day} are fresh`;
  }

  @Locked((account) => `visits/${account}`)
  async recount(account: string): Promise<string> {
    await sleep(200);
    return `recounted ${account}`;
  }

  @Locked('visits', { onBusy: 'skip' })
  async compact(): Promise<string | undefined> {
    return 'compacted';
  }
}

const store = memcachedStore({ servers: process.env['MEMCACHED_SERVERS'] ?? '127.0.0.1:11211' });
const locker = createLocker({ store, closesStore: true });
const visits = new VisitsService(locker);

const refreshing = visits.refresh('2026-11-21');
await sleep(20);
console.log(`compact: ${(await visits.compact()) ?? 'skipped, somebody writes visits'}`);
console.log(await refreshing);

const results = await Promise.allSettled([visits.recount('acme'), visits.recount('initech'), visits.recount('acme')]);
for (const result of results) {
  if (result.status === 'fulfilled') console.log(result.value);
  else if (result.reason instanceof ResourceBusyError) console.log(`gave way: ${result.reason.message}`);
}
await locker.close();
