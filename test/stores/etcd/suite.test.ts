import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { Etcd3 } from 'etcd3';
import { etcdStore } from '../../../src/stores/etcd/index.ts';
import { storeSuite } from '../../../src/testing/index.ts';
import { describeWith } from '../../support/shared.ts';

describeWith('etcd', (service) => {
  const clients: Etcd3[] = [];
  afterAll(() => {
    for (const client of clients) client.close();
  });

  storeSuite({
    name: 'etcd',
    test: { describe, test, beforeAll, afterAll },
    create: () => {
      const client = new Etcd3({ hosts: service.url });
      clients.push(client);
      // A hundred creates at once are three hundred requests, and the machine may be busy with other tests.
      return etcdStore({ client, prefix: `${service.prefix}:`, timeoutMs: 5_000 });
    },
  });
});
