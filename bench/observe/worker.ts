/**
 * `worker <observer> <memcached> <database> <seconds> <in flight> [all]`: rounds of locks with and without one observer, in turns; with `all`,
 * with it always, for a profile. A process of its own for each observer: one that has them all is optimised for none.
 */
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import type { Pair, Round } from './figures.ts';
import { observers } from './observers.ts';

const [name = '', servers = '', databaseUrl = '', seconds = '', many = '', which] = process.argv.slice(2);
const inFlight = Number(many);
/** A round takes some 20 ms. */
const locksEach = inFlight === 1 ? 64 : 8;
const warmUpPairs = 40;

const store = memcachedStore({ servers, timeoutMs: 10_000 });
const lockerOf = (): ResourceLocker => createLocker({ store, job: 'bench', retry: { maxWaitMs: 30_000 } });
const watched = lockerOf();
const plain = which === 'all' ? watched : lockerOf();
await observers[name]?.(watched, databaseUrl);

async function round(locker: ResourceLocker): Promise<Round> {
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async (_, index) => {
      const table = `table_${index}`;
      for (let i = 0; i < locksEach; i++) await (await locker.lock(table)).unlock();
    }),
  );
  const wallMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpu);
  const locks = inFlight * locksEach;
  return { locksPerSecond: (locks / wallMs) * 1_000, cpuMicros: (user + system) / locks };
}

const pairs: Pair[] = [];
const endsMs = performance.now() + Number(seconds) * 1_000;
for (let i = 0; performance.now() < endsMs || i < 2 * warmUpPairs || i % 2 === 1; i++) {
  // Each goes first as often as the other.
  const first = await round(i % 2 === 0 ? plain : watched);
  const second = await round(i % 2 === 0 ? watched : plain);
  if (i >= warmUpPairs) pairs.push(i % 2 === 0 ? { plain: first, watched: second } : { plain: second, watched: first });
}
process.stdout.write(JSON.stringify(pairs), () => process.exit());
