import { expect, test } from '@jest/globals';
import { createLocker, type LockStore } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';

const exact = (more: object = {}): LockStore => {
  const store = memoryStore();
  return { ...store, traits: { ...store.traits, exactNames: true, ...more } };
};
const names = ['events', 'Customer:42', 'public.events', 'an "open quote/acme', ' blanks ', 'x'.repeat(1_000)];

test.each(names)('a store with exact names has the lock of %j under that key, and shows it by that name', async (name) => {
  const store = exact();
  const locker = createLocker({ store });
  const lock = await locker.lock({ writes: name });
  expect((await store.read(name))?.value).toContain(lock.token);
  expect(await locker.inspect(name)).toMatchObject([{ resource: name, token: lock.token }]);
  expect(await createLocker({ store }).tryLock(name)).toBeUndefined();
  await lock.unlock();
  await locker.close();
});

test('names that differ in case, schema or quotes are different locks there', async () => {
  const locker = createLocker({ store: exact() });
  const locks = await Promise.all(['events', 'Events', '"events"', 'public.events'].map((name) => locker.tryLock(name)));
  expect(locks.every((lock) => lock !== undefined)).toBe(true);
  await locker.close();
});

test('listed names are compared as they are', async () => {
  const locker = createLocker({ store: exact(), resources: { 'Customer:42': { ttlMs: 5_000 }, events: {} } });
  await expect(locker.lock('customer:42')).rejects.toMatchObject({ name: 'UnknownResourceError', nearest: ['Customer:42'] });
  await expect(locker.lock('events/acme')).rejects.toMatchObject({ name: 'UnknownResourceError' });
  expect((await locker.lock('Customer:42')).remainingMs()).toBeLessThanOrEqual(5_000);
  await locker.close();
});

test('an environment is refused: there it would keep nothing apart', () => {
  expect(() => createLocker({ store: exact(), environment: 'staging' })).toThrow(
    expect.objectContaining({ name: 'InvalidOptionError', path: 'environment', message: expect.stringMatching(/takes names as they are/) }),
  );
});

test.each(['', '\u0000', 'a\nb', 'a\ud800'])('what no store could show is refused: %j', async (name) => {
  await expect(createLocker({ store: exact() }).lock(name)).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'writes' });
});

test('usualWaitMs of the store is the wait where nobody says otherwise', async () => {
  const wait = async (options: object): Promise<number> => {
    const store = exact({ usualWaitMs: 60 });
    await createLocker({ store }).lock('events');
    const error = await createLocker({ store, ...options })
      .lock('events')
      .catch((reason) => reason);
    return error.waitedMs;
  };
  expect(await wait({})).toBeGreaterThanOrEqual(60);
  expect(await wait({ retry: { maxWaitMs: 0 } })).toBe(0);
});

test('usualWaitMs is read at each call: a store may have met longer leases since', async () => {
  let usualWaitMs = 0;
  const store = memoryStore();
  const traits = Object.defineProperty({ ...store.traits }, 'usualWaitMs', { get: () => usualWaitMs });
  const locker = createLocker({ store: { ...store, traits } });
  await using _held = await locker.lock('events');
  await expect(locker.lock('events')).rejects.toMatchObject({ name: 'ResourceBusyError' });
  usualWaitMs = 80;
  const error = await locker.lock('events').catch((reason) => reason);
  expect(error.waitedMs).toBeGreaterThanOrEqual(80);
});
