import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocker, type LockerOptions, type LockStore, type ResourceLocker } from '../../src/index.ts';
import { LockClient } from '../../src/leases/index.ts';
import { backends, embedded, type OpenOptions, type OpenStore, type RunningBackend, whereThereIs } from './backends.ts';

const long = 'x'.repeat(1_999);
/** Of resources: dots are schemas, a slash begins a tenant; 255 bytes at most. */
const resources = [
  'plain',
  'schema.table',
  'events/acme/5',
  '"Two Words"',
  '"a:b%3Ac"',
  'straße',
  '東京/🚦',
  `${'é'.repeat(120)}/x`,
  `${'é'.repeat(120)}/y`,
];
/** Of leases: anything goes. */
const parts = [
  'two words',
  ' two words ',
  'a/b',
  'a%2Fb',
  'a:b',
  'a',
  'a b c',
  '東京 🚦',
  '\n',
  "'; drop table locks; --",
  '../..',
  '.',
  `${long}a`,
  `${long}b`,
];

describe.each<typeof embedded>([...backends, embedded])('names on $name', ({ service, start, setsApart }) => {
  whereThereIs(service, () => {
    let server: Pick<RunningBackend, 'open' | 'stop'>;
    const opened: OpenStore[] = [];
    const open = async (options?: OpenOptions): Promise<LockStore> => {
      const one = await server.open({ timeoutMs: 5_000, ...options });
      opened.push(one);
      return one.store;
    };
    const locker = (store: LockStore, options: Partial<LockerOptions> = {}): ResourceLocker =>
      createLocker({ store, onStoreDown: 'throw', ...options });

    beforeAll(async () => {
      server = await start();
    }, 90_000);
    afterAll(async () => {
      await Promise.all(opened.map((each) => each.close()));
      await server.stop();
    });

    test('any resource is one of its own: its holder alone excludes, and is seen under its name', async () => {
      const [mine, theirs] = [locker(await open()), locker(await open())];
      const locks = await Promise.all(resources.map((name) => mine.lock(name)));
      for (const name of resources) {
        expect(await theirs.tryLock(name)).toBeUndefined();
        expect((await theirs.inspect(name)).map(({ resource }) => resource)).toHaveLength(1);
      }
      expect(await Promise.all(locks.map((lock) => lock.unlock()))).toEqual(resources.map(() => true));
      for (const name of resources) expect(await theirs.inspect(name)).toEqual([]);
      await Promise.all([mine.close(), theirs.close()]);
    });

    test('a resource that is too long, or could not be kept, is refused before anything is sent', async () => {
      const store = await open();
      await store.close(); // whatever is sent now is a StoreUnavailableError
      const mine = locker(store);
      for (const name of [long, 'a\u0000b', 'a\nb', '', 'a\ud800'])
        await expect(mine.tryLock(name)).rejects.toMatchObject({ name: 'InvalidOptionError' });
      await mine.close();
    });

    test('any partition key and sort key, of 2,000 characters too, is a lease of its own', async () => {
      const [mine, theirs] = [await open(), await open()].map((store) => new LockClient({ store })) as [LockClient, LockClient];
      const names = parts.flatMap((partitionKey) => [
        { partitionKey },
        { partitionKey, sortKey: parts[0] as string },
        { partitionKey, sortKey: `${long}b` },
      ]);
      const items = await Promise.all(
        names.map((name) => mine.acquireLock({ ...name, data: JSON.stringify(name), shouldSkipBlockingWait: true })),
      );
      for (const name of names)
        expect(await theirs.getLock(name.partitionKey, 'sortKey' in name ? name.sortKey : undefined)).toMatchObject({
          ...name,
          data: JSON.stringify(name),
        });
      expect(await Promise.all(items.map((item) => mine.releaseLock(item)))).toEqual(names.map(() => true));
      await Promise.all([mine.close(), theirs.close()]);
    });

    test('namespaces and environments are apart, also those that begin alike', async () => {
      const store = await open();
      const places = [
        { namespace: 'a' },
        { namespace: 'a.b' },
        { namespace: 'a-b' },
        { namespace: 'A' },
        { namespace: 'a', environment: 'b' },
        { namespace: 'a', environment: 'staging' },
      ];
      const lockers = places.map((place) => locker(store, place));
      const locks = await Promise.all(lockers.map((each) => each.tryLock('visits')));
      expect(locks.every((lock) => lock?.isProtected)).toBe(true);
      for (const each of lockers) expect(await each.inspect('visits')).toHaveLength(1);
      expect(await locks[0]?.unlock()).toBe(true);
      expect(await Promise.all(lockers.map(async (each) => (await each.inspect('visits')).length))).toEqual([0, 1, 1, 1, 1, 1]);
      await Promise.all(lockers.map((each) => each.close()));
    });

    if (setsApart)
      test('two stores on one server, set apart, never meet', async () => {
        const [one, another, alike] = [await open({ apart: 'one' }), await open({ apart: 'another' }), await open({ apart: 'one_' })];
        const lockers = [one, another, alike].map((store) => locker(store));
        const locks = await Promise.all(lockers.map((each) => each.tryLock('visits')));
        expect(locks.every(Boolean)).toBe(true);
        expect(await locks[0]?.unlock()).toBe(true);
        expect(await Promise.all(lockers.map(async (each) => (await each.inspect('visits')).length))).toEqual([0, 1, 1]);
        for (const store of [one, another, alike]) {
          if (store.list === undefined) continue;
          const keys: string[] = [];
          for await (const { key } of store.list('giveway:')) keys.push(key);
          expect(keys).toEqual(store === one ? [] : ['giveway:visits']);
        }
        await Promise.all(lockers.map((each) => each.close()));
      });
  });
});
