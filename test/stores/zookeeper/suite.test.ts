import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { zookeeperStore } from '../../../src/stores/zookeeper/index.ts';
import { storeSuite } from '../../../src/testing/index.ts';
import { describeWith } from '../../support/shared.ts';
import { clientsOf } from './clients.ts';

describeWith('zookeeper', (service) => {
  storeSuite({
    name: 'zookeeper',
    test: { describe, test, beforeAll, afterAll },
    create: () => zookeeperStore({ client: clientsOf(service.url), root: `/${service.prefix}/locks`, timeoutMs: 20_000 }),
  });
});
