import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { memcachedStore } from '../../../src/stores/memcached/index.ts';
import { storeSuite } from '../../../src/testing/index.ts';
import { describeWith } from '../../support/shared.ts';

describeWith('memcached', (service) => {
  storeSuite({
    name: 'memcached',
    test: { describe, test, beforeAll, afterAll },
    create: () => memcachedStore({ servers: service.url }),
  });
});
