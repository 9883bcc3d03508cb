/** A store's URL in the place of a store or a client, as it comes from the environment, has a password in it. */
import { describe, expect, test } from '@jest/globals';
import { createLocker } from '../../src/index.ts';
import { postgresJournal } from '../../src/observe/index.ts';
import { dynamodbStore } from '../../src/stores/dynamodb/index.ts';
import { etcdStore } from '../../src/stores/etcd/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { momentoStore } from '../../src/stores/momento/index.ts';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import { postgresStore } from '../../src/stores/postgres/index.ts';
import { redisStore } from '../../src/stores/redis/index.ts';
import { shedlockTable } from '../../src/stores/shedlock/index.ts';
import { sqliteStore } from '../../src/stores/sqlite/index.ts';
import { zookeeperStore } from '../../src/stores/zookeeper/index.ts';

const url = (scheme: string): string => `${scheme}://somebody:hunter2@db.example:1/x?password=hunter2`;
const makers: Readonly<Record<string, (given: never) => unknown>> = {
  createLocker,
  dynamodbStore,
  etcdStore,
  memcachedStore,
  momentoStore,
  mysqlStore,
  postgresJournal,
  postgresStore,
  redisStore,
  shedlockTable,
  sqliteStore,
  zookeeperStore,
};

describe.each(Object.keys(makers))('users and passwords are in no message of %s', (name) => {
  test.each(['the options', 'store', 'client', 'pool', 'connection', 'file', 'prefix', 'table', 'timeoutMs', 'unknown'])(
    'as %s',
    (field) => {
      const given = field === 'the options' ? url('redis') : { [field]: url('redis') };
      let message = '';
      try {
        makers[name]?.(given as never);
      } catch (error) {
        message = String((error as Error).stack);
      }
      expect(message).not.toBe('');
      expect(message).not.toMatch(/hunter2|somebody/);
    },
  );
});
