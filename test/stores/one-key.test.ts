/** A refusal that concerns one key says nothing of the others: no breaker opens, and nobody else runs unprotected. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Etcd3 } from 'etcd3';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import { Pool, type PoolClient } from 'pg';
import { createLocker, type LockStore } from '../../src/index.ts';
import { etcdStore } from '../../src/stores/etcd/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import { postgresStore } from '../../src/stores/postgres/index.ts';
import { redisStore } from '../../src/stores/redis/index.ts';
import { zookeeperStore } from '../../src/stores/zookeeper/index.ts';
import { memcachedServer, type ProcessServer, postgresServer, redisServer } from '../support/services.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { clientFor, storeWithTable } from './dynamodb/tables.ts';
import { clientsOf } from './zookeeper/clients.ts';

const minute = 60_000;
/** More than open a breaker. */
const tries = 5;

/** Another name is locked as ever, and a holder of it is seen. */
async function othersAreProtected(store: LockStore): Promise<void> {
  const [mine, theirs] = [createLocker({ store }), createLocker({ store })];
  const name = uniqueName();
  const lock = await mine.tryLock(name);
  expect(lock?.isProtected).toBe(true);
  expect(await theirs.tryLock(name)).toBeUndefined();
  expect(await lock?.unlock()).toBe(true);
}

describeWith('postgres', () => {
  let server: ProcessServer;
  let pool: Pool;
  let blocker: PoolClient;
  beforeAll(async () => {
    server = await postgresServer();
    pool = new Pool({ connectionString: server.url });
    await postgresStore({ pool }).createTable();
    blocker = await pool.connect();
  }, 90_000);
  afterAll(async () => {
    blocker.release();
    await pool.end();
    await server.stop();
  });

  test.each(['connections of its own', "the caller's pool"])('a row that somebody keeps locked, over %s', async (over) => {
    const source = over === "the caller's pool" ? { pool } : { connectionString: server.url };
    const store = postgresStore({ ...source, timeoutMs: 600, listen: false });
    const key = uniqueName();
    const version = await store.create(key, 'value', minute);
    await blocker.query('begin');
    await blocker.query('select from giveway_locks where key = $1 for update', [key]);
    const refused = { code: 'ERR_GIVEWAY_STORE_KEY', concerns: 'key', message: expect.stringContaining('keeps locked') };
    for (let time = 0; time < tries; time++)
      await expect(store.replace(key, 'other', version ?? {}, minute)).rejects.toMatchObject(refused);
    await expect(store.append?.(key, ' more', version ?? {})).rejects.toMatchObject(refused);
    await expect(store.remove(key, version ?? {})).rejects.toMatchObject(refused);
    await othersAreProtected(store);
    await blocker.query('rollback');
    expect(await store.replace(key, 'other', version ?? {}, minute)).toBeDefined();
    await store.close();
  });

  test('a key that is being made by somebody who does not end', async () => {
    const store = postgresStore({ connectionString: server.url, timeoutMs: 600, listen: false });
    await blocker.query('begin');
    await blocker.query(`insert into giveway_locks values ('begun', 'theirs', 1, now() + interval '1 minute')`);
    for (let time = 0; time < tries; time++)
      await expect(store.create('begun', 'mine', minute)).rejects.toMatchObject({ code: 'ERR_GIVEWAY_STORE_KEY' });
    await othersAreProtected(store);
    await blocker.query('rollback');
    await store.close();
  });

  test('a character that the database does not have', async () => {
    const store = postgresStore({ connectionString: server.url, listen: false });
    for (let time = 0; time < tries; time++)
      await expect(store.create('a\0b', 'mine', minute)).rejects.toMatchObject({ code: 'ERR_GIVEWAY_STORE_KEY' });
    await othersAreProtected(store);
    await store.close();
  });
});

describeWith('mysql', (service) => {
  test('a row that somebody keeps locked', async () => {
    const table = uniqueName();
    // InnoDB counts its waits in whole seconds, and looks once in each.
    const store = mysqlStore({ uri: service.url, table, createTable: true, timeoutMs: 4_000 });
    const key = uniqueName();
    const version = await store.create(key, 'value', minute);
    const blocker = await createConnection(service.url);
    await blocker.beginTransaction();
    await blocker.execute(`select name from ${table} where name = ? for update`, [key]);
    const refused = { code: 'ERR_GIVEWAY_STORE_KEY', concerns: 'key', message: expect.stringContaining('keeps locked') };
    // Each on a connection of its own: one after the other they would take as many waits.
    const tried = Array.from({ length: 2 }, () => store.replace(key, 'other', version ?? {}, minute));
    for (const attempt of tried) await expect(attempt).rejects.toMatchObject(refused);
    await expect(store.remove(key, version ?? {})).rejects.toMatchObject(refused);
    await othersAreProtected(store);
    await blocker.rollback();
    expect(await store.replace(key, 'other', version ?? {}, minute)).toBeDefined();
    await blocker.end();
    await store.close();
  });

  test('a record that is too large', async () => {
    const store = mysqlStore({ uri: service.url, table: uniqueName(), createTable: true, timeoutMs: 4_000 });
    for (let time = 0; time < tries; time++)
      await expect(store.create('x'.repeat(251), 'mine', minute)).rejects.toMatchObject({ code: 'ERR_GIVEWAY_STORE_KEY' });
    await othersAreProtected(store);
    await store.close();
  });
});

describeWith('redis', () => {
  test('a key under which something else is kept', async () => {
    const server = await redisServer();
    const client = new Redis(server.url);
    const store = redisStore({ client });
    await client.lpush('taken', 'a list');
    const refused = { code: 'ERR_GIVEWAY_STORE_SETUP', concerns: 'setup', message: expect.stringContaining('give giveway a `prefix`') };
    for (let time = 0; time < tries; time++) await expect(store.read('taken')).rejects.toMatchObject(refused);
    await othersAreProtected(store);
    const locker = createLocker({ store, namespace: 'giveway' });
    const lock = await locker.lock('events');
    const [key = ''] = await client.keys('*events*');
    await lock.unlock();
    await client.lpush(key, 'a list');
    for (let time = 0; time < tries; time++) await expect(locker.run('events', () => 'ran')).rejects.toMatchObject(refused);
    await othersAreProtected(store);
    await store.close();
    client.disconnect();
    await server.stop();
  });
});

describeWith('memcached', () => {
  test.each(['binary', 'meta'] as const)('a value that is too large for the server, by the %s protocol', async (protocol) => {
    const server = await memcachedServer(['-I', '1k', '-o', 'slab_chunk_max=512']);
    const store = memcachedStore({ servers: server.url, protocol });
    for (let time = 0; time < tries; time++)
      await expect(store.create(uniqueName(), 'x'.repeat(5_000), minute)).rejects.toMatchObject({ code: 'ERR_GIVEWAY_STORE_KEY' });
    await othersAreProtected(store);
    await store.close();
    await server.stop();
  });
});

describeWith('etcd', (service) => {
  test('a record that is too large', async () => {
    const client = new Etcd3({ hosts: service.url });
    const store = etcdStore({ client, timeoutMs: 5_000 });
    for (let time = 0; time < tries; time++)
      await expect(store.create(uniqueName(), 'x'.repeat(1_700_000), minute)).rejects.toMatchObject({ code: 'ERR_GIVEWAY_STORE_KEY' });
    await othersAreProtected(store);
    await store.close();
    client.close();
  });
});

describeWith('dynamodb', (service) => {
  test('a record that is too large', async () => {
    const client = clientFor(service.url);
    const store = await storeWithTable(client);
    for (let time = 0; time < tries; time++)
      await expect(store.create('large', 'x'.repeat(410_000), minute)).rejects.toMatchObject({ code: 'ERR_GIVEWAY_STORE_KEY' });
    await othersAreProtected(store);
    client.destroy();
  });
});

describeWith('zookeeper', (service) => {
  test('a record that is too large, by a create, a rewrite and an append; what is just small enough is kept', async () => {
    const store = zookeeperStore({ client: clientsOf(service.url), root: `/${service.prefix}`, timeoutMs: 5_000 });
    const refused = { code: 'ERR_GIVEWAY_STORE_KEY', concerns: 'key', message: expect.stringContaining('1000000 are allowed') };
    const tooLarge = 'ä'.repeat(500_000);
    for (let time = 0; time < tries; time++) await expect(store.create(uniqueName(), tooLarge, minute)).rejects.toMatchObject(refused);
    const key = 'ä'.repeat(127);
    const version = (await store.create(key, 'x'.repeat(999_900), minute)) ?? {};
    await expect(store.replace(key, tooLarge, version, minute)).rejects.toMatchObject(refused);
    await expect(store.append?.(key, 'x'.repeat(100), version)).rejects.toMatchObject(refused);
    expect(await store.remove(key, version)).toBe(true);
    await othersAreProtected(store);
    await store.close();
  });
});
