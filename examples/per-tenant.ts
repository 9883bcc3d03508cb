/**
 * One lock per tenant: the scope is made of the arguments, so tenants do not wait for one another.
 *
 *     MEMCACHED_SERVERS=127.0.0.1:11211 npx tsx examples/per-tenant.ts
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocker } from 'giveway';
import { memcachedStore } from 'giveway/memcached';

const store = memcachedStore({ servers: process.env['MEMCACHED_SERVERS'] ?? '127.0.0.1:11211' });
const locker = createLocker({ store, closesStore: true });

const importOrders = locker.wrap(
  (tenant: string, _orders: number) => `orders/${tenant}`,
  async (lock, tenant: string, orders: number) => {
    await sleep(200, undefined, { signal: lock.signal });
    return `${orders} orders of ${tenant}`;
  },
  { job: 'import-orders' },
);

const outcomes = await Promise.all([importOrders('acme', 3), importOrders('initech', 5), importOrders('acme', 4)]);
for (const outcome of outcomes) {
  if (outcome.status === 'ran') console.log(`imported ${outcome.value}`);
  else
    console.log(
      `skipped: ${outcome.resource} is held by ${outcome.holders.map(({ job, host, pid }) => `${job} on ${host} (pid ${pid})`).join(', ')}`,
    );
}
await locker.close();
