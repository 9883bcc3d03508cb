/** What grows with the number of waiters, lockers and names, and how fast. */
import { expect, test } from '@jest/globals';
import { createLocker } from '../../../src/index.ts';
import { memoryStore } from '../../../src/stores/memory.ts';
import { stage } from './stage.ts';

/** What it takes the processor to serve so many that wait here, whatever else it has to do. */
async function serveMs(count: number): Promise<number> {
  let tookMs = 0;
  await stage('redis', async ({ p1, p2, settle, pass }) => {
    const lock = await settle(p2.lock('t'));
    const waiting = Array.from({ length: count }, () => p1.lock({ appends: 't' }, { retry: { maxWaitMs: 60_000 } }));
    await pass(10);
    await settle(lock.unlock());
    const before = process.cpuUsage();
    const locks = await settle(Promise.all(waiting));
    await settle(Promise.all(locks.map((each) => each.unlock())));
    const { user, system } = process.cpuUsage(before);
    tookMs = (user + system) / 1_000;
  });
  return tookMs;
}

test('ten thousand sharers that wait in one process are served, in a time that grows with their number', async () => {
  const fewMs = await serveMs(2_500);
  const manyMs = await serveMs(10_000);
  // Four times as many: 4 is linear, 16 is quadratic; what garbage costs lies in between.
  expect(manyMs / fewMs).toBeLessThan(11);
}, 120_000);

test('closed lockers do not slow the process', async () => {
  const awaitMany = async (): Promise<number> => {
    const startedMs = performance.now();
    for (let times = 0; times < 50_000; times++) await undefined;
    return performance.now() - startedMs;
  };
  await awaitMany();
  const beforeMs = await awaitMany();
  for (let times = 0; times < 300; times++) {
    const locker = createLocker({ store: memoryStore() });
    await locker.run('t', () => {});
    await locker.close();
  }
  // Twice as slow may be chance; on Node 20 it was 300 times as slow.
  expect(await awaitMany()).toBeLessThan(10 * beforeMs + 100);
});
