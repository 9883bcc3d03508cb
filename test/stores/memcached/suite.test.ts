import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { memcachedStore } from '../../../src/stores/memcached/index.ts';
import { storeSuite } from '../../../src/testing/index.ts';
import { memcachedServer, type ProcessServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { plainTransports, tlsTransport, transports } from './transports.ts';

const runner = { describe, test, beforeAll, afterAll };
const titleOf = (name: string): string => (name === 'binary' ? 'memcached' : `memcached, ${name}`);

describeWith('memcached', (service) => {
  for (const { name, options } of plainTransports) {
    storeSuite({
      name: titleOf(name),
      test: runner,
      create: () => memcachedStore({ servers: service.url, timeoutMs: 20_000, ...options }),
    });
  }

  for (const transport of transports.filter((one) => one === tlsTransport)) {
    describe('a server with TLS (-Z)', () => {
      let server: ProcessServer;
      beforeAll(async () => {
        server = await memcachedServer(transport.args);
      });
      afterAll(() => server.stop());
      storeSuite({
        name: titleOf(transport.name),
        test: runner,
        create: () => memcachedStore({ servers: server.url, timeoutMs: 20_000, ...transport.options }),
      });
    });
  }
});
