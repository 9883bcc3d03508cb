import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Etcd3 } from 'etcd3';
import { createLocker } from '../../../src/lock/api/locker.ts';
import type { Entry, Version } from '../../../src/lock/store.ts';
import { type EtcdClient, etcdStore } from '../../../src/stores/etcd/index.ts';
import { etcdServer, type ProcessServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';

const minute = 60_000;

// A server of our own: it is killed.
describeWith('etcd', () => {
  let server: ProcessServer;
  let client: Etcd3;
  beforeAll(async () => {
    server = await etcdServer();
    client = new Etcd3({ hosts: server.url });
  }, 90_000);
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  test('32 waiters ask nothing while the resource is held, and each gets its turn when it is let go', async () => {
    let requests = 0;
    const counted = <T>(answer: T): T => {
      requests += 1;
      return answer;
    };
    const counting: EtcdClient = {
      kv: {
        range: (request, options) => counted(client.kv.range(request, options)),
        txn: (request, options) => counted(client.kv.txn(request, options)),
      },
      leaseClient: client.leaseClient as EtcdClient['leaseClient'],
      watchClient: client.watchClient as EtcdClient['watchClient'],
    };
    const [held, waited] = [createLocker({ store: etcdStore({ client }) }), createLocker({ store: etcdStore({ client: counting }) })];
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

  test('a making is not told, a replacing and a removal are, and so is an expiry', async () => {
    const store = etcdStore({ client });
    let calls = 0;
    let last: Entry | undefined;
    using _ = store.subscribe?.('told', (now) => {
      calls += 1;
      last = now;
    }) as Disposable;
    await until(() => calls >= 1); // the watch stands
    const first = (await store.create('told', '1', minute)) as Version;
    await store.read('told');
    const next = await store.replace('told', '2', first, 1_000);
    expect(next).toBeDefined();
    await until(() => calls >= 2);
    expect(last).toEqual({ value: '2', version: next });
    const appended = await store.append?.('told', ' and more', next as Version);
    await until(() => calls >= 3);
    expect(last).toEqual({ value: '2 and more', version: appended });
    await until(() => calls >= 4);
    expect(last).toBeUndefined();
    expect(await store.read('told')).toBeUndefined();
    expect(calls).toBe(4);
    await store.close();
  });

  test('after a restart of the server the watch is there again, and tells that something may have been missed', async () => {
    const store = etcdStore({ client });
    let calls = 0;
    const subscription = store.subscribe?.('restart', () => {
      calls += 1;
    }) as Disposable;
    await until(() => calls >= 1);
    await server.restart();
    await until(() => calls >= 2);
    let version: Version | undefined;
    while (version === undefined) {
      version = await store.create('restart', 'value', minute).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await store.remove('restart', version);
    await until(() => calls >= 3);
    subscription[Symbol.dispose]();
    subscription[Symbol.dispose]();
    await store.close();
  });
});
