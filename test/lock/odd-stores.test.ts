import { describe, expect, test } from '@jest/globals';
import { createLocker, type LockStore } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';

/** One that somebody wrote in a hurry. */
function odd(methods: object): LockStore {
  return { ...memoryStore(), ...methods };
}

describe.each<[string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['a text', 'ECONNRESET'],
  ['an object', { code: 'ECONNRESET' }],
])('a store that rejects with %s', (_, reason) => {
  const rejects = async (): Promise<never> => {
    throw reason;
  };

  test('has not answered, and is not busy', async () => {
    await using locker = createLocker({ store: odd({ create: rejects, read: rejects }), onStoreDown: 'throw' });
    const broken = { name: 'StoreUnavailableError', cause: reason };
    await expect(locker.lock('events')).rejects.toMatchObject(broken);
    await expect(locker.tryLock('events')).rejects.toMatchObject(broken);
    await expect(locker.run('events', () => {})).rejects.toMatchObject(broken);
    await expect(locker.inspect('events')).rejects.toMatchObject(broken);
    await expect(locker.health()).resolves.toMatchObject({ ok: false, error: broken });
  });

  test('does to each resource what its config says', async () => {
    await using locker = createLocker({ store: odd({ create: rejects }) });
    await expect(locker.run('events', (lock) => lock.isProtected)).resolves.toMatchObject({ status: 'ran', value: false });
    await expect(locker.run('events', () => {}, { onStoreDown: 'skip' })).resolves.toMatchObject({ reason: 'store-down' });
  });
});

test('a store that answers at once, without a promise, is believed', async () => {
  await using locker = createLocker({ store: odd({ create: () => ({}), remove: () => true, read: () => undefined }) });
  await expect(locker.run('events', () => 42)).resolves.toMatchObject({ status: 'ran', value: 42, release: 'released' });
  await expect(locker.inspect('events')).resolves.toEqual([]);
});

test('a store that says null for nothing', async () => {
  const backend = memoryStore();
  const nothing =
    (method: (...args: never[]) => Promise<unknown>) =>
    async (...args: never[]) =>
      (await method(...args)) ?? null;
  const { create, read, replace, append } = backend;
  const says = { create: nothing(create), read: nothing(read), replace: nothing(replace), append: append && nothing(append) };
  await using here = createLocker({ store: { ...backend, ...says } as unknown as LockStore });
  await using there = createLocker({ store: { ...backend, ...says } as unknown as LockStore });
  await expect(here.inspect('events')).resolves.toEqual([]);
  const lock = await here.lock('events');
  await expect(there.tryLock('events')).resolves.toBeUndefined();
  const waiting = there.lock('events');
  await lock.unlock();
  await expect(waiting).resolves.toMatchObject({ isProtected: true });
});

test('a store whose subscriptions cannot be ended, nor itself', async () => {
  const fails = (): never => {
    throw new Error('no connection');
  };
  const backend = memoryStore();
  const store = { ...backend, subscribe: () => ({ [Symbol.dispose]: fails }), close: fails };
  const [here, there] = [createLocker({ store, closesStore: true }), createLocker({ store, closesStore: true })];
  const lock = await here.lock('events');
  const waiting = there.lock('events', { retry: { delayMs: 5, maxDelayMs: 10 } });
  await new Promise((resolve) => there.on('waiting', resolve));
  await lock.unlock();
  await expect(waiting).resolves.toMatchObject({ isProtected: true });
  await expect(Promise.all([here.close(), there.close()])).resolves.toBeDefined();
});

test.each<[string, () => never | undefined]>([
  [
    'throws',
    () => {
      throw new Error('no channel');
    },
  ],
  ['gives nothing to end it by', () => undefined],
])('a store that calls as soon as it is subscribed to, and %s, is not looked at without end', async (_, end) => {
  const backend = memoryStore();
  let reads = 0;
  const read: LockStore['read'] = (key) => {
    if (++reads > 100) throw new Error('it never ends');
    return backend.read(key);
  };
  const subscribe = (_key: string, onChange: () => void): never => {
    onChange();
    return end() as never;
  };
  await using here = createLocker({ store: backend });
  await using there = createLocker({ store: odd({ ...backend, read, subscribe }), onStoreDown: 'throw' });
  await using _lock = await here.lock('events');
  await expect(there.lock('events', { retry: { maxWaitMs: 200 } })).rejects.toMatchObject({ name: 'ResourceBusyError' });
});

test('P11: a store that does not say what it can do is refused', () => {
  expect(() => createLocker({ store: odd({ traits: undefined }) })).toThrow(
    expect.objectContaining({ name: 'InvalidOptionError', path: 'store' }),
  );
});
