import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Etcd3 } from 'etcd3';
import { createLocker } from '../../../src/lock/locker.ts';
import { type EtcdClient, etcdStore } from '../../../src/stores/etcd/index.ts';
import { etcdServer, type ProcessServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';

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
      const next = await waited.lock('events', { retry: { maxWaitMs: 20_000 } });
      await next.unlock();
    });
    await new Promise((resolve) => setTimeout(resolve, 500)); // it watches, looks, and looks once more when the watch stands
    requests = 0;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(requests).toBe(0);
    await lock.unlock();
    await Promise.all(waiters);
    await Promise.all([held.close(), waited.close()]);
  });
});
