import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { createWarehouse, type Warehouse } from '../../src/warehouse/index.ts';
import { type FaultProxy, startProxy } from '../support/proxy.ts';
import { describeWith } from '../support/shared.ts';
import { timed } from '../support/stopwatch.ts';

describeWith('postgres', (database) =>
  describeWith('memcached', (service) => {
    let tests = 0;
    let pool: pg.Pool;
    let proxy: FaultProxy;
    const lockers: ResourceLocker[] = [];
    let job: Warehouse;
    let backfill: Warehouse;

    beforeAll(async () => {
      pool = new pg.Pool({ connectionString: database.url, max: 4 });
      await pool.query('create table visits (id int)');
    });
    afterAll(() => pool.end());
    beforeEach(async () => {
      const [host = '', port] = service.url.split(':');
      proxy = await startProxy({ host, port: Number(port) });
      const namespace = `${service.prefix}-${++tests}`;
      [job, backfill] = ['job', 'backfill'].map((name) => {
        const locker = createLocker({
          store: memcachedStore({ servers: proxy.url }),
          namespace,
          job: name,
          resources: ['analytics.*', 'analytics.visits', 'analytics.hits', 'events'],
          closesStore: true,
        });
        lockers.push(locker);
        return createWarehouse({ pool, locker });
      }) as [Warehouse, Warehouse];
    });
    afterEach(async () => {
      for (const locker of lockers.splice(0)) await locker.close();
      await proxy.close();
    });

    test('under a listed schema a table costs four requests, both of a pair sent before either is answered', async () => {
      await job.transaction('events', () => {});
      proxy.forget();
      await job.transaction('events', () => {});
      expect(proxy.operations).toEqual(['add', 'delete']);
      proxy.forget();
      await job.transaction('analytics.visits', () => {});
      expect(proxy.operations).toEqual(['add', 'add', 'delete', 'delete']);

      proxy.forget();
      proxy.delayMs = 400;
      const running = job.transaction('analytics.visits', () => {});
      const bothSent = async (): Promise<void> => {
        while (proxy.requests < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      };
      expect((await timed(bothSent())).awakeMs).toBeLessThan(400);
      proxy.delayMs = 0;
      await running;
    });

    test('a backfill of the schema and a job on one of its tables exclude each other; two tables do not', async () => {
      await job.transaction('analytics.visits', async () => {
        await expect(backfill.transaction('analytics.*', () => {}, { retry: { maxWaitMs: 20 } })).rejects.toMatchObject({
          resource: 'analytics.*',
          holders: [{ job: 'job' }],
        });
        await expect(backfill.transaction('analytics.hits', () => 'ran')).resolves.toBe('ran');
      });
      await backfill.transaction('analytics.*', async () => {
        await expect(job.transaction('analytics.visits', () => {}, { retry: { maxWaitMs: 20 } })).rejects.toMatchObject({
          holders: [{ job: 'backfill' }],
        });
        await expect(job.transaction('events', () => 'ran')).resolves.toBe('ran');
      });
    });

    test('the schema covers its tables for the audit', async () => {
      const write = 'delete from analytics.visits';
      await expect(backfill.transaction('events', (client) => client.query(write), { audit: 'throw' })).rejects.toMatchObject({
        code: 'ERR_GIVEWAY_UNLOCKED_WRITE',
      });
      // There is no such schema in this database; the audit let it pass.
      await expect(backfill.transaction('analytics.*', (client) => client.query(write), { audit: 'throw' })).rejects.toMatchObject({
        code: '42P01',
      });
      const locker = createLocker({ store: memcachedStore({ servers: proxy.url }), resources: ['visits', 'public.*'], closesStore: true });
      lockers.push(locker);
      const vacuum = createWarehouse({ pool, locker });
      await vacuum.transaction('public.*', (client) => client.query('delete from visits'), { audit: 'throw' });
    });
  }),
);
