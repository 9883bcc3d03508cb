/** Holds 10,000 locks for a while, and says what that costs. Run with --expose-gc. */
const { memcached, locks, runMs } = JSON.parse(process.argv[2] ?? '{}');
const { createLocker } = await import('../../dist/index.mjs');
const { memcachedStore } = await import('../../dist/memcached.mjs');
const locker = createLocker({ store: memcachedStore({ servers: memcached }), ttlMs: 30_000 });
await (await locker.lock('warm')).unlock();
const settle = async (): Promise<number> => {
  for (let round = 0; round < 3; round++) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return process.memoryUsage().rss;
};
const emptyBytes = await settle();
for (let at = 0; at < locks; at += 500) await Promise.all(Array.from({ length: 500 }, (_, index) => locker.lock(`held-${at + index}`)));
const fullBytes = await settle();
const cpu = process.cpuUsage();
const startMs = performance.now();
await new Promise((resolve) => setTimeout(resolve, runMs));
const used = process.cpuUsage(cpu);
const wallMs = performance.now() - startMs;
console.log(
  JSON.stringify({
    cpuShare: (used.user + used.system) / 1_000 / wallMs,
    bytesPerLock: (fullBytes - emptyBytes) / locks,
    lost: locks - locker.held().length,
  }),
);
process.exit(0);
