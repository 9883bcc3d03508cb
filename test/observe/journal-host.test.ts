import { expect, test } from '@jest/globals';
import { createLocker } from '../../src/index.ts';
import { createJournal } from '../../src/observe/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';

test("a journal has a locker's own host, not the machine's", async () => {
  const locker = createLocker({ store: memoryStore(), host: 'etl-of-its-own' });
  const journal = createJournal();
  journal.observe(locker);
  await locker.run('events', () => {});
  expect((await journal.entries()).map(({ host }) => host)).toEqual(['etl-of-its-own']);
  await locker.close();
});
