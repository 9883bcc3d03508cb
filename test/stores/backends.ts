/** Every backend in the same terms, for tests that ask the same of all of them. What is peculiar to one is tested in its folder. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LockStore } from '../../src/index.ts';
import { dynamodbStore } from '../../src/stores/dynamodb/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { momentoStore } from '../../src/stores/momento/index.ts';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import { postgresStore } from '../../src/stores/postgres/index.ts';
import { redisStore } from '../../src/stores/redis/index.ts';
import { sqliteStore } from '../../src/stores/sqlite/index.ts';
import { zookeeperStore } from '../../src/stores/zookeeper/index.ts';
import { freePort } from '../support/free-port.ts';
import { momentoServer, quietClient } from '../support/momento-server.ts';
import type { ServiceName } from '../support/needs.ts';
import { type ServerProcess, startProcess, temporaryDirectory } from '../support/server-process.ts';
import { memcachedServer, mysqlServer, postgresServer, redisServer, zookeeperServer } from '../support/services.ts';
import { describeWith } from '../support/shared.ts';
import { clientFor } from './dynamodb/tables.ts';
import { type Transport, transports } from './memcached/transports.ts';
import { type ClientKind, clientKinds, startClient } from './redis/clients.ts';
import { clientsOf } from './zookeeper/clients.ts';

export interface OpenStore {
  readonly store: LockStore;
  /** Closes the store, and the client that was made for it. */
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly timeoutMs?: number;
  /** Sets this store's keys apart by the store's own means: a prefix, a table, a cache, a root. Default none. */
  readonly apart?: string;
}

/** A server of a test's own. */
export interface RunningBackend extends Pick<ServerProcess, 'kill' | 'start' | 'stop'> {
  readonly port: number;
  /** A store over a client of its own, as another process would have it. */
  open(options?: OpenOptions): Promise<OpenStore>;
}

export interface Backend {
  readonly name: string;
  /** What must be there to start it. None: nothing. */
  readonly service: ServiceName | undefined;
  /** Has the store a means of its own to set keys apart? Elsewhere the locker's namespace is the only one. */
  readonly setsApart: boolean;
  start(): Promise<RunningBackend>;
  /** A store that was told to find this backend on `port`, where something else is. */
  openOn(port: number, options: OpenOptions): Promise<OpenStore>;
}

const host = '127.0.0.1';

function memcached(transport: Transport): Backend {
  const openOn = async (port: number, { timeoutMs = 1_000 }: OpenOptions = {}): Promise<OpenStore> => {
    const store = memcachedStore({ servers: `${host}:${port}`, timeoutMs, ...transport.options });
    return { store, close: () => store.close() };
  };
  return {
    name: `memcached, ${transport.name}`,
    service: 'memcached',
    setsApart: false,
    openOn,
    async start() {
      const server = await memcachedServer(transport.args);
      return Object.assign(server, { open: (options?: OpenOptions) => openOn(server.port, options) });
    },
  };
}

function redis(kind: ClientKind): Backend {
  const openOn = async (port: number, { timeoutMs = 1_000, apart = '' }: OpenOptions = {}): Promise<OpenStore> => {
    const { client, close } = startClient(kind, `redis://${host}:${port}`);
    const store = redisStore({ client, timeoutMs, prefix: apart });
    return { store, close: () => store.close().then(close) };
  };
  return {
    name: `redis, ${kind}`,
    service: 'redis',
    setsApart: true,
    openOn,
    async start() {
      const server = await redisServer();
      return Object.assign(server, { open: (options?: OpenOptions) => openOn(server.port, options) });
    },
  };
}

const postgres: Backend = {
  name: 'postgres',
  service: 'postgres',
  setsApart: true,
  async openOn(port, { timeoutMs = 1_000, apart = 'giveway_locks' } = {}) {
    const connectionString = `postgres://postgres@${host}:${port}/postgres`;
    const store = postgresStore({ connectionString, createTable: true, timeoutMs, table: apart });
    return { store, close: () => store.close() };
  },
  async start() {
    const server = await postgresServer();
    return Object.assign(server, { open: (options: OpenOptions = {}) => postgres.openOn(server.port, options) });
  },
};

const mysql: Backend = {
  name: 'mysql',
  service: 'mysql',
  setsApart: true,
  async openOn(port, { timeoutMs = 1_000, apart = 'giveway_locks' } = {}) {
    const store = mysqlStore({ uri: `mysql://root@${host}:${port}/giveway`, createTable: true, timeoutMs, table: apart });
    return { store, close: () => store.close() };
  },
  async start() {
    const server = await mysqlServer();
    return Object.assign(server, { open: (options: OpenOptions = {}) => mysql.openOn(server.port, options) });
  },
};

/** In a process of its own, so that it can crash; what it acknowledged is on disk. */
const dynamodb: Backend = {
  name: 'dynamodb (dynalite)',
  service: 'dynamodb',
  setsApart: true,
  async openOn(port, { timeoutMs = 1_000, apart = 'locks' } = {}) {
    const client = clientFor(`http://${host}:${port}`);
    const store = dynamodbStore({ client, tableName: apart, timeoutMs });
    return { store, close: async () => client.destroy() };
  },
  async start() {
    const [port, directory] = [await freePort(), temporaryDirectory('dynalite')];
    const url = `http://${host}:${port}`;
    const cli = require.resolve('dynalite/cli.js');
    const args = [cli, '--host', host, '--port', String(port), '--path', directory, '--createTableMs', '0'];
    const server = await startProcess({ program: process.execPath, args, directory, answers: () => fetch(url) });
    return Object.assign(server, {
      port,
      async open(options: OpenOptions = {}) {
        const client = clientFor(url);
        await dynamodbStore({ client, tableName: options.apart ?? 'locks', timeoutMs: 10_000 }).createTable();
        client.destroy();
        return dynamodb.openOn(port, options);
      },
    });
  },
};

const momento: Backend = {
  name: 'momento (a stand-in, not the live service)',
  service: undefined,
  setsApart: false,
  async openOn(port, { timeoutMs = 1_000 } = {}) {
    const client = quietClient(port);
    const store = momentoStore({ client, cacheName: 'locks', timeoutMs });
    return { store, close: () => store.close().then(() => client.close()) };
  },
  async start() {
    const server = await momentoServer();
    return {
      port: server.port,
      kill: async () => server.kill(),
      start: server.start,
      stop: server.stop,
      open: (options = {}) => momento.openOn(server.port, options),
    };
  },
};

const zookeeper: Backend = {
  name: 'zookeeper',
  service: 'zookeeper',
  setsApart: true,
  async openOn(port, { timeoutMs = 1_000, apart = 'giveway' } = {}) {
    const store = zookeeperStore({ client: clientsOf(`${host}:${port}`), timeoutMs, root: `/${apart}` });
    return { store, close: () => store.close() };
  },
  async start() {
    const server = await zookeeperServer();
    return Object.assign(server, { open: (options: OpenOptions = {}) => zookeeper.openOn(server.port, options) });
  },
};

/** A file: there is no server that could crash, or be another one. */
export const embedded: Pick<Backend, 'name' | 'service' | 'setsApart'> & { start(): Promise<Pick<RunningBackend, 'open' | 'stop'>> } = {
  name: 'sqlite',
  service: undefined,
  setsApart: true,
  async start() {
    const folder = temporaryDirectory('sqlite');
    return {
      async open({ timeoutMs = 1_000, apart = 'locks' } = {}) {
        const store = sqliteStore({ file: join(folder, apart), timeoutMs });
        return { store, close: () => store.close() };
      },
      stop: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
};

/** A `describe` body that needs a service: its tests are skipped where it cannot be had. */
export function whereThereIs(service: ServiceName | undefined, body: () => void): void {
  if (service === undefined) body();
  else describeWith(service, body);
}

export const backends: readonly Backend[] = [
  ...transports.map(memcached),
  ...clientKinds.map(redis),
  postgres,
  mysql,
  dynamodb,
  momento,
  zookeeper,
];
