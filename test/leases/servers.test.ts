import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LockStore } from '../../src/index.ts';
import { LockClient, type LockClientOptions } from '../../src/leases/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { until } from '../../src/testing/waiting.ts';
import { type Backend, backends, type OpenStore, type RunningBackend, whereThereIs } from '../stores/backends.ts';
import { testsAtOnce } from '../support/at-once.ts';
import { memcachedServer, type ProcessServer } from '../support/services.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { present } from './stage.ts';

const atOnce = { shouldSkipBlockingWait: true };
const quick: Partial<LockClientOptions> = { leaseDurationMs: 1_000, heartbeatPeriodMs: 300 };

/** What must hold on every store; `open` makes a store of its own, as another process would. */
function behaves(open: () => Promise<LockStore>): void {
  const client = async (namespace: string, options: Partial<LockClientOptions> = {}): Promise<LockClient> =>
    new LockClient({ store: await open(), namespace, ...quick, ...options });

  testsAtOnce({
    '47: a counter in the data counts every round of every client': async () => {
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
    },

    '58, 60: a holder without heartbeats is succeeded, and can then neither beat nor release': async () => {
      const namespace = uniqueName('theft').slice(0, 40);
      const a = await client(namespace, { createHeartbeatBackgroundThread: false });
      const b = await client(namespace, { ownerName: 'B' });
      const lost = await a.acquireLock({ partitionKey: 'A5', data: 'of A' });
      const taken = await b.acquireLock({ partitionKey: 'A5', data: 'of B', refreshPeriodMs: 50, additionalTimeToWaitForLockMs: 10_000 });
      // Asked first: that judges, where a busy process has not come to its timers yet.
      expect(lost.signal?.aborted).toBe(true);
      expect(lost.signal?.reason).toMatchObject({ reason: 'expired' });
      await expect(a.sendHeartbeat(lost)).rejects.toMatchObject({ name: 'LockNotGrantedError' });
      expect(await a.releaseLock(lost)).toBe(false);
      expect(await a.getLock('A5')).toMatchObject({ ownerName: 'B', data: 'of B' });
      expect(await taken.close()).toBe(true);
    },

    '41: heartbeats keep it for three leases': async () => {
      const namespace = uniqueName('kept').slice(0, 40);
      const a = await client(namespace);
      const item = await a.acquireLock({ partitionKey: 'A5' });
      const { lookupTimeMs } = item;
      await until('three leases have passed', () => item.lookupTimeMs - lookupTimeMs > 3_000);
      expect(await (await client(namespace)).tryAcquireLock({ partitionKey: 'A5', ...atOnce })).toBeUndefined();
      await a.close();
      expect(await (await client(namespace)).tryAcquireLock({ partitionKey: 'A5', ...atOnce })).toBeDefined();
    },
  });
}

// One way to speak to each store is enough: leases do not see the difference.
const ways = ['memcached, binary', 'redis, node-redis', 'postgres', 'dynamodb', 'momento', 'zookeeper'];
const stores = ways.map((way) => backends.find(({ name }) => name.startsWith(way)) as Backend);

describe.each(stores)('leases on $name', ({ service, start }) => {
  whereThereIs(service, () => {
    let server: RunningBackend;
    const opened: OpenStore[] = [];
    beforeAll(async () => {
      server = await start();
    }, 90_000);
    afterAll(async () => {
      await Promise.all(opened.map((each) => each.close()));
      await server.stop();
    });
    behaves(async () => {
      const one = await server.open({ timeoutMs: 5_000 });
      opened.push(one);
      return one.store;
    });
  });
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
