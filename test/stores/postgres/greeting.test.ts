import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { createLocker } from '../../../src/index.ts';
import { memoryStore } from '../../../src/stores/memory.ts';
import { createFenceTableSql, fencedTransaction, type PgPool, postgresStore } from '../../../src/stores/postgres/index.ts';
import { createWarehouse } from '../../../src/warehouse/index.ts';
import { postgresFarewell } from '../../support/farewell.ts';
import { type FaultProxy, startProxy } from '../../support/proxy.ts';
import { describeWith } from '../../support/shared.ts';

/** An error event that nobody hears ends a process, and this one's run: each of these was seen to. */
describeWith('postgres', (service) => {
  let proxy: FaultProxy;
  let connectionString: string;
  let pool: pg.Pool;

  beforeAll(async () => {
    const url = new URL(service.url);
    proxy = await startProxy({ host: url.hostname, port: Number(url.port) }, { protocol: 'postgres' });
    url.host = proxy.url;
    connectionString = url.href;
    pool = new pg.Pool({ connectionString });
    pool.on('error', () => {});
    await pool.query(createFenceTableSql());
  });
  /** A pool whose next connection is new, and greeted with a farewell. */
  const unused = (): pg.Pool => {
    const made = new pg.Pool({ connectionString });
    made.on('error', () => {});
    pools.push(made);
    proxy.sayBehind(postgresFarewell);
    return made;
  };
  const pools: pg.Pool[] = [];
  afterEach(() => {
    proxy.heal();
    return Promise.all(pools.splice(0).map((each) => each.end()));
  });
  afterAll(async () => {
    await pool.end();
    await proxy.close();
  });

  const isFarewell = { code: '57P01', severity: 'FATAL' };

  test('a session that is ended right behind its greeting ends a fenced transaction, and not the process', async () => {
    const made = unused();
    const lock = { fence: 1n, scope: { writes: ['events'] } };
    await expect(fencedTransaction(made, lock, () => 'written')).rejects.toMatchObject(isFarewell);
    expect(await fencedTransaction(made, lock, () => 'written')).toBe('written');
    expect(made.totalCount).toBe(1);
  });

  test('… and a store on a pool of the caller’s asks again', async () => {
    const store = postgresStore({ pool: unused(), createTable: true });
    expect(await store.create('a', 'b', 1_000)).toBeDefined();
    await store.close();
  });

  test('a pool that only promises, and one that promises besides, lend what they have', async () => {
    const promising: PgPool = { connect: () => pool.connect() };
    const both: PgPool = { connect: async (...args: unknown[]) => Reflect.apply(pool.connect, pool, args) };
    for (const made of [promising, both]) {
      const store = postgresStore({ pool: made, createTable: true });
      expect(await store.read('nothing')).toBeUndefined();
      await store.close();
      expect(pool.idleCount).toBe(pool.totalCount);
    }
  });

  test('… and so does one on a pool of its own, at its first connection and later', async () => {
    const store = postgresStore({ connectionString, createTable: true });
    proxy.sayBehind(postgresFarewell, 2);
    const version = await store.create('c', 'd', 1_000);
    expect(version).toBeDefined();
    proxy.resetConnections();
    proxy.sayBehind(postgresFarewell);
    expect(await store.read('c')).toEqual({ value: 'd', version });
    await store.close();
  });

  test('… and ends a transaction of a warehouse', async () => {
    const locker = createLocker({ store: memoryStore() });
    const warehouse = createWarehouse({ pool: unused(), locker });
    await expect(warehouse.transaction('events', (client) => client.query('select 1'))).rejects.toMatchObject(isFarewell);
    expect(await warehouse.transaction('events', () => 'written')).toBe('written');
    await locker.close();
  });
});
