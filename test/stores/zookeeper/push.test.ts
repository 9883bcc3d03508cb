import { afterAll, expect, test } from '@jest/globals';
import { createLocker } from '../../../src/lock/api/locker.ts';
import type { LockStore, Version } from '../../../src/lock/store.ts';
import { type ZookeeperClient, zookeeperStore } from '../../../src/stores/zookeeper/index.ts';
import { describeWith } from '../../support/shared.ts';
import { clientsOf } from './clients.ts';

const minute = 60_000;

describeWith('zookeeper', (service) => {
  const opened: LockStore[] = [];
  afterAll(() => Promise.all(opened.map((store) => store.close())));

  function open(client: () => ZookeeperClient = clientsOf(service.url)): LockStore {
    const store = zookeeperStore({ client, root: `/${service.prefix}` });
    opened.push(store);
    return store;
  }
  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  test('32 waiters ask nothing while the resource is held, and each gets its turn when it is let go', async () => {
    let requests = 0;
    const makeClient = clientsOf(service.url);
    const counting = (): ZookeeperClient => {
      const client = makeClient();
      for (const method of ['getData', 'exists', 'transaction'] as const) {
        const call = client[method].bind(client) as (...args: unknown[]) => never;
        client[method] = (...args: unknown[]) => {
          requests += 1;
          return call(...args);
        };
      }
      return client;
    };
    const [held, waited] = [createLocker({ store: open() }), createLocker({ store: open(counting) })];
    const lock = await held.lock('events');
    const waiters = Array.from({ length: 32 }, async () => {
      const next = await waited.lock('events', { retry: { maxWaitMs: 20_000, delayMs: 10_000, maxDelayMs: 10_000 } });
      await next.unlock();
    });
    await new Promise((resolve) => setTimeout(resolve, 500)); // it watches, looks, and looks once more when the watch stands: sooner or later
    do {
      requests = 0;
      await new Promise((resolve) => setTimeout(resolve, 1_500));
    } while (requests > 0); // whoever is called looks once in ten seconds, for what no call tells
    await lock.unlock();
    await Promise.all(waiters);
    await Promise.all([held.close(), waited.close()]);
  });

  test('a making is not told, a replacing and a removal are; a listener that is gone hears nothing', async () => {
    const [store, other] = [open(), open()];
    let [calls, gone] = [0, 0];
    using _ = store.subscribe?.('told', () => {
      calls += 1;
    }) as Disposable;
    const subscription = store.subscribe?.('told', () => {
      gone += 1;
    }) as Disposable;
    await until(() => calls === 1); // the watch stands
    subscription[Symbol.dispose]();
    subscription[Symbol.dispose]();
    const first = (await other.create('told', '1', minute)) as Version;
    await store.read('told');
    await store.read('told'); // the watch was set anew before this was answered
    expect(calls).toBe(1);
    const next = (await other.replace('told', '2', first, minute)) as Version;
    await until(() => calls === 2);
    await other.remove('told', next);
    await until(() => calls === 3);
    expect(gone).toBeLessThanOrEqual(1);
  });

  test('an entry that ended is not brought back by a renewal that nobody was quicker than', async () => {
    const [store, other] = [open(), open()];
    const version = (await store.create('late', 'value', 200)) as Version;
    // Another process, whose own clock does not say that it is over.
    const slow = { ...version, isOverAtMs: Number.POSITIVE_INFINITY } as Version;
    await new Promise((resolve) => setTimeout(resolve, 260));
    expect(await other.replace('late', 'value', slow, minute)).toBeUndefined();
    expect(await store.read('late')).toBeUndefined();
    expect(await store.create('late', 'next', minute)).toBeDefined();
  });
});
