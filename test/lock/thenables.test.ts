import { expect, test } from '@jest/globals';
import { createLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';

/** As builders of queries are: no promise, but awaited like one. */
function thenable(then: (fulfil: (value: unknown) => void) => void): never {
  return { then } as never;
}

test.each<[string, () => never]>([
  [
    'whose `then` throws',
    () =>
      thenable(() => {
        throw new Error('no such column');
      }),
  ],
  [
    'whose `then` cannot be read',
    () =>
      Object.defineProperty({}, 'then', {
        get() {
          throw new Error('no such column');
        },
      }) as never,
  ],
])('P9: work that returns something %s rejects with that error, and its lock is let go', async (_, work) => {
  await using locker = createLocker({ store: memoryStore() });
  await expect(locker.run('events', work)).rejects.toThrow('no such column');
  await expect(locker.wrap('events', work)()).rejects.toThrow('no such column');
  expect(locker.held()).toEqual([]);
});

test('a lock is held until all that was promised is there, as `await` would wait for it', async () => {
  await using locker = createLocker({ store: memoryStore() });
  let fetch: (value: string) => void = () => {};
  const rows = new Promise((resolve) => {
    fetch = resolve;
  });
  const running = locker.run('events', () => thenable((fulfil) => fulfil(rows)));
  await expect(locker.tryLock('events')).resolves.toBeUndefined();
  expect(locker.held()).toHaveLength(1);
  fetch('rows');
  await expect(running).resolves.toMatchObject({ status: 'ran', value: 'rows', release: 'released' });
});
