/** A wrong set-up is no outage: whatever `onStoreDown` says, the caller is told, by name, as often as he asks. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Etcd3 } from 'etcd3';
import { Redis } from 'ioredis';
import { createConnection, createPool } from 'mysql2/promise';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { createLocker, type LockStore } from '../../src/index.ts';
import { dynamodbStore } from '../../src/stores/dynamodb/index.ts';
import { etcdStore } from '../../src/stores/etcd/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { momentoStore } from '../../src/stores/momento/index.ts';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import { postgresStore } from '../../src/stores/postgres/index.ts';
import { redisStore } from '../../src/stores/redis/index.ts';
import { zookeeperStore } from '../../src/stores/zookeeper/index.ts';
import { testsAtOnce } from '../support/at-once.ts';
import { momentoServer } from '../support/momento-server.ts';
import type { ServiceName } from '../support/needs.ts';
import { temporaryDirectory } from '../support/server-process.ts';
import {
  dynaliteServer,
  etcdServer,
  memcachedServer,
  mysqlServer,
  postgresServer,
  redisServer,
  zookeeperServer,
} from '../support/services.ts';
import { uniqueName } from '../support/shared.ts';
import { whereThereIs } from './backends.ts';
import { clientFor } from './dynamodb/tables.ts';
import { clientsOf, zookeeper } from './zookeeper/clients.ts';

/** A store over a set-up that somebody must change, and what ends it. */
interface Wrong {
  readonly store: LockStore;
  end(): unknown;
}

interface Backend {
  readonly name: string;
  readonly service: ServiceName | undefined;
  start(): Promise<{ readonly url: string; stop(): Promise<unknown> }>;
  readonly wrong: readonly (readonly [what: string, code: string, open: (url: string) => Wrong | Promise<Wrong>])[];
}

const overIoredis = (url: string): Wrong => {
  const client = new Redis(url);
  client.on('error', () => {});
  return { store: redisStore({ client }), end: () => client.disconnect() };
};
const overNodeRedis = (url: string, connects: boolean): Wrong => {
  const client = createClient({ url });
  client.on('error', () => {});
  if (connects) client.connect().catch(() => {});
  return { store: redisStore({ client }), end: () => client.isOpen && client.destroy() };
};
const as = (url: string, change: (url: URL) => void): string => {
  const changed = new URL(url);
  change(changed);
  return changed.href;
};
const overPostgres = (connectionString: string, table = 'giveway_locks'): Wrong => ({
  store: postgresStore({ connectionString, table, listen: false }),
  end: () => {},
});
async function asAdmin(url: string, ...statements: string[]): Promise<void> {
  const admin = new Pool({ connectionString: url });
  for (const statement of statements) await admin.query(statement);
  await admin.end();
}
const overMysql = (uri: string, table = 'giveway_locks'): Wrong => ({ store: mysqlStore({ uri, table, timeoutMs: 4_000 }), end: () => {} });
const noop = { execute: async (work: () => unknown) => work() } as never;
const overEtcd = (url: string, auth?: { username: string; password: string }): Wrong => {
  const client = new Etcd3({ hosts: url, faultHandling: { host: () => noop, global: noop }, ...(auth && { auth }) });
  return { store: etcdStore({ client }), end: () => client.close() };
};
const overMemcached = (servers: string, options: object = {}): Wrong => ({ store: memcachedStore({ servers, ...options }), end: () => {} });

const backends: readonly Backend[] = [
  {
    name: 'redis',
    service: 'redis',
    start: () =>
      redisServer(['--user', 'default', 'on', '>right', '~*', '&*', '+@all', '--user', 'reader', 'on', '>right', '~*', '+@all', '-eval']),
    wrong: [
      ['a wrong password, over ioredis', 'ERR_GIVEWAY_STORE_AUTH', (url) => overIoredis(as(url, (it) => (it.password = 'wrong')))],
      [
        'a wrong password, over node-redis',
        'ERR_GIVEWAY_STORE_AUTH',
        (url) =>
          overNodeRedis(
            as(url, (it) => (it.password = 'wrong')),
            true,
          ),
      ],
      ['no password', 'ERR_GIVEWAY_STORE_AUTH', (url) => overIoredis(url)],
      ['a user who may not run scripts', 'ERR_GIVEWAY_STORE_FORBIDDEN', (url) => overIoredis(url.replace('//', '//reader:right@'))],
      ['a client that nobody connected', 'ERR_GIVEWAY_STORE_SETUP', (url) => overNodeRedis(url, false)],
    ],
  },
  {
    name: 'postgres',
    service: 'postgres',
    start: async () => {
      const server = await postgresServer();
      await asAdmin(server.url, 'create role visitor login', 'create view strange as select 1 as nothing');
      await postgresStore({ connectionString: server.url, listen: false }).createTable();
      return server;
    },
    wrong: [
      ['a table that is missing', 'ERR_GIVEWAY_TABLE_MISSING', (url) => overPostgres(url, 'missing')],
      ['a schema that is missing', 'ERR_GIVEWAY_TABLE_MISSING', (url) => overPostgres(url, 'nowhere.locks')],
      ['a table of somebody else', 'ERR_GIVEWAY_STORE_SETUP', (url) => overPostgres(url, 'strange')],
      ['a database that is missing', 'ERR_GIVEWAY_STORE_SETUP', (url) => overPostgres(as(url, (it) => (it.pathname = '/nowhere')))],
      ['a user that is missing', 'ERR_GIVEWAY_STORE_AUTH', (url) => overPostgres(as(url, (it) => (it.username = 'nobody')))],
      ['a user who may not', 'ERR_GIVEWAY_STORE_FORBIDDEN', (url) => overPostgres(as(url, (it) => (it.username = 'visitor')))],
      ['TLS to a server without it', 'ERR_GIVEWAY_STORE_SETUP', (url) => overPostgres(`${url}?sslmode=require`)],
    ],
  },
  {
    name: 'mysql',
    service: 'mysql',
    start: async () => {
      const server = await mysqlServer();
      const admin = await createConnection(server.url);
      await admin.query('create table strange (nothing int)');
      await admin.query("create user visitor@'%' identified by 'right'");
      await admin.query("grant select on giveway.* to visitor@'%'");
      await admin.end();
      await mysqlStore({ uri: server.url }).createTable();
      return server;
    },
    wrong: [
      ['a table that is missing', 'ERR_GIVEWAY_TABLE_MISSING', (url) => overMysql(url, 'missing')],
      ['a table of somebody else', 'ERR_GIVEWAY_STORE_SETUP', (url) => overMysql(url, 'strange')],
      ['a database that is missing', 'ERR_GIVEWAY_STORE_SETUP', (url) => overMysql(as(url, (it) => (it.pathname = '/nowhere')))],
      ['a wrong password', 'ERR_GIVEWAY_STORE_AUTH', (url) => overMysql(url.replace('root@', 'visitor:wrong@'))],
      ['a user who may not', 'ERR_GIVEWAY_STORE_FORBIDDEN', (url) => overMysql(url.replace('root@', 'visitor:right@'))],
      [
        'a pool whose connections do not commit',
        'ERR_GIVEWAY_STORE_SETUP',
        (uri) => {
          const pool = createPool({ uri });
          pool.on('connection', (connection) => {
            (connection as unknown as { query(sql: string, done: () => void): void }).query('set autocommit = 0', () => {});
          });
          return { store: mysqlStore({ pool, timeoutMs: 4_000 }), end: () => pool.end() };
        },
      ],
    ],
  },
  {
    name: 'memcached',
    service: 'memcached',
    start: () => memcachedServer(['-C']),
    wrong: [
      ['a server without CAS', 'ERR_GIVEWAY_NO_CAS', (url) => overMemcached(url)],
      ['a server without CAS, by the meta protocol', 'ERR_GIVEWAY_NO_CAS', (url) => overMemcached(url, { protocol: 'meta' })],
    ],
  },
  {
    name: 'memcached with a login',
    service: 'memcached',
    start: () => {
      const file = join(temporaryDirectory('auth'), 'users');
      writeFileSync(file, 'me:right\n');
      return memcachedServer(['-Y', file]);
    },
    wrong: [
      ['a wrong password', 'ERR_GIVEWAY_STORE_AUTH', (url) => overMemcached(url, { protocol: 'meta', username: 'me', password: 'wrong' })],
      ['no password', 'ERR_GIVEWAY_STORE_AUTH', (url) => overMemcached(url, { protocol: 'meta' })],
    ],
  },
  {
    name: 'dynamodb',
    service: 'dynamodb',
    start: async () => {
      const server = await dynaliteServer();
      await dynamodbStore({ client: clientFor(server.url), tableName: 'locks', timeoutMs: 10_000 }).createTable();
      return server;
    },
    wrong: [
      [
        'a table that is missing',
        'ERR_GIVEWAY_TABLE_MISSING',
        (url) => ({ store: dynamodbStore({ client: clientFor(url), tableName: 'missing' }), end: () => {} }),
      ],
      [
        'a key of another name',
        'ERR_GIVEWAY_STORE_SETUP',
        (url) => ({ store: dynamodbStore({ client: clientFor(url), tableName: 'locks', partitionKeyName: 'id' }), end: () => {} }),
      ],
    ],
  },
  {
    name: 'momento',
    service: undefined,
    start: async () => {
      const server = await momentoServer();
      return { url: String(server.port), stop: () => server.stop() };
    },
    wrong: [
      [
        'a cache that is missing',
        'ERR_GIVEWAY_STORE_SETUP',
        async (port) => {
          const { quietClient } = await import('../support/momento-server.ts');
          const client = quietClient(Number(port));
          return { store: momentoStore({ client, cacheName: 'missing' }), end: () => client.close() };
        },
      ],
    ],
  },
  {
    name: 'etcd',
    service: 'etcd',
    start: async () => {
      const server = await etcdServer();
      const admin = new Etcd3({ hosts: server.url });
      await admin.role('root').create();
      await admin.user('root').create('right');
      await admin.user('root').addRole('root');
      await admin.user('visitor').create('right');
      await admin.auth.authEnable();
      admin.close();
      return server;
    },
    wrong: [
      ['a wrong password', 'ERR_GIVEWAY_STORE_AUTH', (url) => overEtcd(url, { username: 'root', password: 'wrong' })],
      ['no login', 'ERR_GIVEWAY_STORE_AUTH', (url) => overEtcd(url)],
      ['a user who may not', 'ERR_GIVEWAY_STORE_FORBIDDEN', (url) => overEtcd(url, { username: 'visitor', password: 'right' })],
    ],
  },
  {
    name: 'zookeeper',
    service: 'zookeeper',
    start: async () => {
      const server = await zookeeperServer();
      const guardian = zookeeperStore({ client: guardianOf(server.url, 'right'), root: '/guarded', acls: zookeeper.ACL.CREATOR_ALL_ACL });
      await guardian.create('key', 'value', 1_000);
      await guardian.close();
      return server;
    },
    wrong: [
      [
        'a chroot that is missing',
        'ERR_GIVEWAY_STORE_SETUP',
        (url) => ({ store: zookeeperStore({ client: clientsOf(`${url}/nowhere`) }), end: () => {} }),
      ],
      [
        'a user who may not',
        'ERR_GIVEWAY_STORE_FORBIDDEN',
        (url) => ({ store: zookeeperStore({ client: guardianOf(url, 'wrong'), root: '/guarded' }), end: () => {} }),
      ],
    ],
  },
];

function guardianOf(url: string, password: string) {
  return () => {
    const client = zookeeper.createClient(url, { spinDelay: 50 });
    client.addAuthInfo('digest', Buffer.from(`guardian:${password}`));
    return client;
  };
}

/** One more than opens a breaker, twice over. */
const tries = 7;

describe.each(backends.map((backend) => [backend.name, backend] as const))('%s', (_, { service, start, wrong }) => {
  whereThereIs(service, () => {
    let server: Awaited<ReturnType<Backend['start']>>;
    beforeAll(async () => {
      server = await start();
    }, 90_000);
    afterAll(async () => {
      await server.stop();
    });

    const isRefused = async (code: string, open: Backend['wrong'][number][2]): Promise<void> => {
      const { store, end } = await open(server.url);
      const locker = createLocker({ store });
      const told: string[] = [];
      locker.on('store-down', () => told.push('store-down'));
      const refused = { name: 'StoreUnavailableError', code, concerns: 'setup' };
      for (let time = 0; time < tries; time++) await expect(store.create(uniqueName(), 'value', 30_000)).rejects.toMatchObject(refused);
      await expect(locker.lock(uniqueName())).rejects.toMatchObject(refused);
      await expect(locker.tryLock(uniqueName())).rejects.toMatchObject(refused);
      await expect(locker.tryLock([uniqueName(), uniqueName()])).rejects.toMatchObject(refused);
      for (const onStoreDown of ['run', 'skip', 'throw'] as const)
        await expect(locker.run(uniqueName(), () => 'ran', { onStoreDown })).rejects.toMatchObject(refused);
      expect(told).toEqual([]);
      await locker.close();
      await store.close();
      await end();
    };
    testsAtOnce(
      Object.fromEntries(
        wrong.map(([what, code, open]) => [
          `${what} is refused by name, whatever onStoreDown says, and never taken for an outage`,
          () => isRefused(code, open),
        ]),
      ),
    );
  });
});

test('a store that was closed does not come back, so it is no outage', async () => {
  const store = memcachedStore({ servers: '127.0.0.1:1' });
  await store.close();
  const locker = createLocker({ store });
  await expect(locker.tryLock('events')).rejects.toMatchObject({ code: 'ERR_GIVEWAY_STORE_CLOSED', concerns: 'setup' });
});
