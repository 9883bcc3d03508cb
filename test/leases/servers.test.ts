import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LockStore } from '../../src/index.ts';
import { LockClient, type LockClientOptions } from '../../src/leases/index.ts';
import { dynamodbStore } from '../../src/stores/dynamodb/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { postgresStore } from '../../src/stores/postgres/index.ts';
import { redisStore } from '../../src/stores/redis/index.ts';
import { until } from '../../src/testing/waiting.ts';
import { clientFor, storeWithTable } from '../stores/dynamodb/tables.ts';
import { type OpenClient, openClient } from '../stores/redis/clients.ts';
import { memcachedServer, type ProcessServer } from '../support/services.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { present } from './stage.ts';

const atOnce = { shouldSkipBlockingWait: true };
const quick: Partial<LockClientOptions> = { leaseDurationMs: 1_000, heartbeatPeriodMs: 300 };

/** What must hold on every store; `open` makes a store of its own, as another process would. */
function behaves(open: () => Promise<LockStore>): void {
  const stores: LockStore[] = [];
  afterAll(() => Promise.all(stores.map((store) => store.close())));
  const client = async (namespace: string, options: Partial<LockClientOptions> = {}): Promise<LockClient> => {
    const store = await open();
    stores.push(store);
    return new LockClient({ store, namespace, ...quick, ...options });
  };

  test('47: a counter in the data counts every round of every client', async () => {
    const namespace = uniqueName('count').slice(0, 40);
    const rounds = Array.from({ length: 4 }, async () => {
      const mine = await client(namespace, { leaseDurationMs: 10_000 });
      for (let round = 0; round < 5; round++) {
        const item = await mine.acquireLock({
          partitionKey: 'counter',
          replaceData: false,
          data: '0',
          deleteLockOnRelease: false,
          refreshPeriodMs: 10,
          additionalTimeToWaitForLockMs: 20_000,
        });
        await mine.releaseLock({ lockItem: item, data: String(Number(item.data) + 1) });
      }
    });
    await Promise.all(rounds);
    const kept = present(await (await client(namespace)).getLockFromStore({ partitionKey: 'counter' }));
    expect([kept.data, kept.isReleased]).toEqual(['20', true]);
  });

  test('58, 60: a holder without heartbeats is succeeded, and can then neither beat nor release', async () => {
    const namespace = uniqueName('theft').slice(0, 40);
    const a = await client(namespace, { createHeartbeatBackgroundThread: false });
    const b = await client(namespace, { ownerName: 'B' });
    const lost = await a.acquireLock({ partitionKey: 'A5', data: 'of A' });
    const taken = await b.acquireLock({ partitionKey: 'A5', data: 'of B', refreshPeriodMs: 50, additionalTimeToWaitForLockMs: 10_000 });
    expect(lost.signal?.reason).toMatchObject({ reason: 'expired' });
    await expect(a.sendHeartbeat(lost)).rejects.toMatchObject({ name: 'LockNotGrantedError' });
    expect(await a.releaseLock(lost)).toBe(false);
    expect(await a.getLock('A5')).toMatchObject({ ownerName: 'B', data: 'of B' });
    expect(await taken.close()).toBe(true);
  });

  test('41: heartbeats keep it for three leases', async () => {
    const namespace = uniqueName('kept').slice(0, 40);
    const a = await client(namespace);
    const item = await a.acquireLock({ partitionKey: 'A5' });
    const { lookupTimeMs } = item;
    await until('three leases have passed', () => item.lookupTimeMs - lookupTimeMs > 3_000);
    expect(await (await client(namespace)).tryAcquireLock({ partitionKey: 'A5', ...atOnce })).toBeUndefined();
    await a.close();
    expect(await (await client(namespace)).tryAcquireLock({ partitionKey: 'A5', ...atOnce })).toBeDefined();
  });
}

describeWith('memcached', (service) => {
  behaves(async () => memcachedStore({ servers: service.url }));
});

describeWith('postgres', (service) => {
  beforeAll(async () => {
    const store = postgresStore({ connectionString: service.url });
    await store.createTable();
    await store.close();
  });
  behaves(async () => postgresStore({ connectionString: service.url }));
});

describeWith('redis', (service) => {
  let open: OpenClient;
  beforeAll(async () => {
    open = await openClient('node-redis', service.url);
  });
  afterAll(() => open.close());
  behaves(async () => redisStore({ client: open.client, prefix: `${service.prefix}:` }));
});

describeWith('dynamodb', (service) => {
  const tableName = uniqueName('leases');
  let client: DynamoDBClient;
  beforeAll(async () => {
    client = clientFor(service.url);
    await storeWithTable(client, { tableName });
  });
  afterAll(() => client.destroy());
  behaves(async () => dynamodbStore({ client, tableName, timeoutMs: 5_000 }));
});

describe('a server that dies', () => {
  describeWith('memcached', () => {
    let server: ProcessServer;
    beforeAll(async () => {
      server = await memcachedServer();
    });
    afterAll(() => server.stop());

    test('asking throws, the holder learns by its deadline, and both clients go on after the restart', async () => {
      const open = (): LockClient =>
        new LockClient({ store: memcachedStore({ servers: server.url, timeoutMs: 300, breaker: false }), namespace: 'outage', ...quick });
      const [a, b] = [open(), open()];
      const item = await a.acquireLock({ partitionKey: 'A5' });
      server.pause();
      await expect(b.tryAcquireLock({ partitionKey: 'A5', ...atOnce })).rejects.toMatchObject({ name: 'StoreUnavailableError' });
      await until('the holder knows', () => item.signal?.aborted === true);
      expect(item.signal?.reason).toMatchObject({ name: 'LockLostError', reason: 'unreachable' });
      await expect(item.close()).rejects.toMatchObject({ name: 'StoreUnavailableError' });
      server.resume();
      await server.restart();
      await until('the server answers again', () =>
        b.tryAcquireLock({ partitionKey: 'A5', ...atOnce }).then(
          (taken) => taken !== undefined,
          () => false,
        ),
      );
      expect(await a.releaseLock(item)).toBe(false);
      expect(await a.tryAcquireLock({ partitionKey: 'A5', ...atOnce })).toBeUndefined();
      await b.close();
    });
  });
});
