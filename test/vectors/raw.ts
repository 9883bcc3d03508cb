/** What stands in each backend, past every store: read and put as it is. */
import { createConnection } from 'node:net';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { Etcd3 } from 'etcd3';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { LockStore } from '../../src/index.ts';
import type { dynamodbStore } from '../../src/stores/dynamodb/index.ts';
import type { etcdStore } from '../../src/stores/etcd/index.ts';
import type { memcachedStore } from '../../src/stores/memcached/index.ts';
import type { momentoStore } from '../../src/stores/momento/index.ts';
import type { postgresStore } from '../../src/stores/postgres/index.ts';
import type { redisStore } from '../../src/stores/redis/index.ts';
import type { zookeeperStore } from '../../src/stores/zookeeper/index.ts';
import { clientsOf } from '../stores/zookeeper/clients.ts';
import { quietClient } from '../support/momento-server.ts';

/** The stores of one version of giveway. */
export interface Stores {
  readonly memcachedStore: typeof memcachedStore;
  readonly redisStore: typeof redisStore;
  readonly postgresStore: typeof postgresStore;
  readonly dynamodbStore: typeof dynamodbStore;
  readonly momentoStore: typeof momentoStore;
  readonly etcdStore: typeof etcdStore;
  readonly zookeeperStore: typeof zookeeperStore;
}

export interface Raw {
  readonly store: LockStore;
  /** As it can be kept in JSON. */
  get(key: string): Promise<string>;
  /** For a minute, where the backend ends it. */
  put(key: string, raw: string): Promise<void>;
  close(): Promise<void>;
}

export const kinds = ['memcached', 'redis', 'postgres', 'dynamodb', 'momento', 'etcd', 'zookeeper'] as const;
export type Kind = (typeof kinds)[number];

const timeoutMs = 5_000;

/** `url`: as `describeWith` gives it; of Momento the port of the stand-in. */
export const open: Readonly<Record<Kind, (stores: Stores, url: string) => Promise<Raw>>> = {
  async memcached({ memcachedStore: make }, url) {
    const store = make({ servers: url, timeoutMs });
    return {
      store,
      get: async (key) => {
        const [, flags = '', value = ''] = /^VALUE \S+ (\d+) \d+\r\n([\s\S]*)\r\nEND\r\n$/.exec(await say(url, `get ${key}\r\n`)) ?? [];
        return `${flags} ${value}`;
      },
      put: async (key, raw) => {
        const [flags = '', value = ''] = [raw.slice(0, raw.indexOf(' ')), raw.slice(raw.indexOf(' ') + 1)];
        await say(url, `set ${key} ${flags} 60 ${Buffer.byteLength(value)}\r\n${value}\r\n`);
      },
      close: () => store.close(),
    };
  },

  async redis({ redisStore: make }, url) {
    const client = new Redis(url);
    const store = make({ client, timeoutMs });
    return {
      store,
      get: async (key) => (await client.get(key)) ?? '',
      put: async (key, raw) => void (await client.set(key, raw, 'EX', 60)),
      close: () => store.close().then(() => client.disconnect()),
    };
  },

  async postgres({ postgresStore: make }, url) {
    const client = new Client({ connectionString: url });
    await client.connect();
    const store = make({ connectionString: url, createTable: true, timeoutMs });
    await store.read('so that the table is there');
    return {
      store,
      get: async (key) => (await client.query('select value from giveway_locks where key = $1', [key])).rows[0].value,
      put: async (key, raw) => {
        const values = "($1, $2, nextval('giveway_locks_version'), now() + interval '1 minute')";
        const again =
          'on conflict (key) do update set value = excluded.value, version = excluded.version, expires_at = excluded.expires_at';
        await client.query(`insert into giveway_locks (key, value, version, expires_at) values ${values} ${again}`, [key, raw]);
      },
      close: () => store.close().then(() => client.end()),
    };
  },

  async dynamodb({ dynamodbStore: make }, url) {
    const client = new DynamoDBClient({
      endpoint: url,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    });
    const TableName = `recorded_${process.pid}`;
    const store = make({ client, tableName: TableName, timeoutMs });
    await store.createTable();
    return {
      store,
      get: async (key) => {
        const { Item } = await client.send(new GetItemCommand({ TableName, Key: { key: { S: key } }, ConsistentRead: true }));
        return JSON.stringify(Item, (_, value) =>
          value?.B === undefined ? value : { B: Buffer.from(Object.values(value.B as object)).toString('base64') },
        );
      },
      put: async (_, raw) => {
        const Item = JSON.parse(raw, (__, value) => (typeof value?.B === 'string' ? { B: Buffer.from(value.B, 'base64') } : value));
        await client.send(new PutItemCommand({ TableName, Item }));
      },
      close: async () => {
        await store.close();
        client.destroy();
      },
    };
  },

  async momento({ momentoStore: make }, url) {
    const client = quietClient(Number(url));
    const store = make({ client, cacheName: 'locks', timeoutMs });
    return {
      store,
      get: async (key) => (await client.getWithHash('locks', key)).value() ?? '',
      put: async (key, raw) => void (await client.setIfAbsentOrEqual('locks', key, raw, raw, { ttl: 60 })),
      close: () => store.close().then(() => client.close()),
    };
  },

  async etcd({ etcdStore: make }, url) {
    const client = new Etcd3({ hosts: url });
    const store = make({ client: client as never, timeoutMs });
    return {
      store,
      get: async (key) => {
        const all = await client.getAll().strings();
        const found = Object.keys(all).find((each) => each.endsWith(key)) ?? '';
        return `${found}\n${all[found]}`;
      },
      put: async (_, raw) => {
        const at = raw.indexOf('\n');
        const lease = client.lease(60, { autoKeepAlive: false });
        await lease.put(raw.slice(0, at)).value(raw.slice(at + 1));
      },
      close: () => store.close().then(() => client.close()),
    };
  },

  async zookeeper({ zookeeperStore: make }, url) {
    const root = `/recorded_${process.pid}`;
    const store = make({ client: clientsOf(url), timeoutMs, root });
    await store.create('giveway:first', 'so that the root is there', 1);
    const client = clientsOf(url)() as unknown as Record<string, (...args: unknown[]) => void>;
    await new Promise<void>((resolve) => {
      client.once?.('connected', resolve);
      client.connect?.();
    });
    const ask = <T>(method: string, ...args: unknown[]): Promise<T> =>
      new Promise((resolve, reject) => client[method]?.(...args, (error: unknown, answer: T) => (error ? reject(error) : resolve(answer))));
    return {
      store,
      get: async (key) => {
        const [life = ''] = await ask<string[]>('getChildren', `${root}/${key}`);
        return [key, life, (await ask<Buffer>('getData', `${root}/${key}`)).toString('base64')].join(' ');
      },
      put: async (_, raw) => {
        const [name = '', life = '', data = ''] = raw.split(' ');
        await ask('create', `${root}/${name}`, Buffer.from(data, 'base64'));
        await ask('create', `${root}/${name}/${life}`, Buffer.alloc(0));
      },
      close: () => store.close().then(() => client.close?.()),
    };
  },
};

/** One command of the text protocol on a connection of its own, and all that is answered. */
function say(url: string, command: string): Promise<string> {
  const [host = '', port = ''] = url.split(':');
  return new Promise((resolve, reject) => {
    let heard = '';
    const socket = createConnection(Number(port), host, () => socket.write(`${command}quit\r\n`));
    socket.on('data', (data) => {
      heard += data.toString();
    });
    socket.on('close', () => resolve(heard));
    socket.on('error', reject);
  });
}
