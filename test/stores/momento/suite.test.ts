import type { CacheClient } from '@gomomento/sdk';
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { momentoStore } from '../../../src/stores/momento/index.ts';
import { storeSuite } from '../../../src/testing/index.ts';
import { type MomentoServer, momentoServer } from '../../support/momento-server.ts';

describe('the real Momento SDK against a stand-in for the service (not the live service)', () => {
  let server: MomentoServer;
  const clients: CacheClient[] = [];

  beforeAll(async () => {
    server = await momentoServer();
  });
  afterAll(async () => {
    for (const client of clients) client.close();
    await server.stop();
  });

  storeSuite({
    name: 'momento (wire-level stand-in)',
    test: { describe, test, beforeAll, afterAll },
    create: () => {
      const client = server.client();
      clients.push(client);
      return momentoStore({ client, cacheName: server.cacheName, timeoutMs: 5_000 });
    },
  });
});
