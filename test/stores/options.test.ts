import { expect, test } from '@jest/globals';
import { dynamodbStore } from '../../src/stores/dynamodb/index.ts';
import { etcdStore } from '../../src/stores/etcd/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { momentoStore } from '../../src/stores/momento/index.ts';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import { postgresStore } from '../../src/stores/postgres/index.ts';
import { redisStore } from '../../src/stores/redis/index.ts';
import { shedlockMemcached, shedlockRedis, shedlockTable } from '../../src/stores/shedlock/index.ts';
import { sqliteStore } from '../../src/stores/sqlite/index.ts';
import { zookeeperStore } from '../../src/stores/zookeeper/index.ts';
import { createWarehouse } from '../../src/warehouse/index.ts';

const withTimeouts = {
  dynamodbStore,
  etcdStore,
  memcachedStore,
  momentoStore,
  mysqlStore,
  postgresStore,
  redisStore,
  shedlockMemcached,
  shedlockRedis,
  shedlockTable,
  sqliteStore,
  zookeeperStore,
};
const makers = { ...withTimeouts, createWarehouse, memoryStore };

test.each(Object.entries(makers))('P11: %s refuses what are no options', (name, make) => {
  const worksWithout = name === 'memoryStore' || name === 'sqliteStore';
  for (const options of [...(worksWithout ? [] : [undefined]), null, 'localhost', 5])
    expect(() => (make as (options: unknown) => unknown)(options)).toThrow(
      expect.objectContaining({ name: 'InvalidOptionError', path: 'options' }),
    );
});

test.each(Object.entries(withTimeouts))('P11: %s says what a mistyped option was meant to be, and not what it was', (_, make) => {
  expect(() => (make as (options: unknown) => unknown)({ tiemoutMs: 'secret' })).toThrow(
    /^tiemoutMs: received "…"; there is no such option; did you mean "timeoutMs"\? Allowed: /,
  );
});

test('P11: memcachedStore says what it was given, but no secret', () => {
  const refused =
    (options: object): (() => unknown) =>
    () =>
      memcachedStore({ servers: 'a', ...options } as never);
  expect(refused({ username: 'me' })).toThrow(/^password: received undefined; /);
  expect(refused({ username: 'me', password: '' })).toThrow(/^password: received ""; /);
  expect(refused({ username: 'me', password: 12_345 })).toThrow(/^password: received "…"; /);
  expect(refused({ password: 'secret' })).toThrow(/^username: received undefined; /);
  expect(refused({ tls: 5 })).toThrow(/^tls: received 5; true, false or an object is allowed/);
});

test('P11: memoryStore refuses an option that does not exist', () => {
  expect(() => memoryStore({ clok: {} } as never)).toThrow(expect.objectContaining({ name: 'InvalidOptionError', path: 'clok' }));
});
