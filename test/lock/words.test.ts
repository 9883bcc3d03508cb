/** What is said of who is in the way is so. */
import { afterAll, expect, test } from '@jest/globals';
import { createLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';

const store = memoryStore();
const first = createLocker({ store, job: 'load' });
const far = store.connect();
/** A store that answers after some milliseconds, as every real one does. */
const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
const create: typeof far.create = async (...args) => {
  await later();
  return far.create(...args);
};
const second = createLocker({ store: { ...far, create }, job: 'rollup' });
afterAll(async () => void (await Promise.all([first.close(), second.close()])));

test('who did not wait is not said to have waited', async () => {
  await using _ = await first.lock('events');
  await expect(second.lock('events', { retry: { maxWaitMs: 0 } })).rejects.toThrow(/^"events" is busy: held by load /);
});

test('of work that has ended the end of its shortest hold is told', async () => {
  await first.run('visits', () => {}, { minHoldMs: 5_000, maxHoldMs: 3_600_000 });
  const [holder] = await second.inspect('visits');
  expect(holder?.state).toBe('min-hold');
  expect(holder?.latestEnd?.getTime()).toBeLessThan(Date.now() + 10_000);
});
