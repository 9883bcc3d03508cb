import type { LockStore } from '../lock/store.ts';
import { dynamodbClient, etcdClient, momentoClient, redisClient, zookeeperClients } from './clients.ts';
import { hostsOf, type StoreUrl, withoutParameters } from './store-url.ts';

/** How one backend is written as a URL, and how such a URL becomes a store. */
export interface Backend {
  /** For people. */
  readonly example: string;
  /** The parameters that are giveway's, with the form of their values. */
  readonly parameters: Readonly<Record<string, ParameterForm>>;
  /** Set where other parameters are the client's business; elsewhere they are refused. */
  readonly passesOn?: true;
  /** What is wrong with the hosts or the name, if anything, in words that repeat nothing of the URL. */
  problem(url: StoreUrl): string | undefined;
  /** Loads the backend, which nothing else does. */
  open(url: StoreUrl): Promise<LockStore>;
}

export type ParameterForm = 'milliseconds' | 'true or false' | 'text';

const memory: Backend = {
  example: 'memory:',
  parameters: {},
  problem: ({ authority, path }) => (authority + path === '' ? undefined : 'nothing may follow "memory:"'),
  open: async () => (await import('../stores/memory.ts')).memoryStore(),
};

const memcached: Backend = {
  example: 'memcached://user:password@host:11211,host2:11211',
  parameters: { timeoutMs: 'milliseconds', verifyRelease: 'true or false', quarantine: 'true or false', protocol: 'text' },
  problem: (url) => {
    const hosts = hostsOf(url, 11_211);
    if (typeof hosts === 'string') return hosts;
    if (url.path.length > 1) return 'nothing but parameters may follow the hosts';
    return (url.username === undefined) === (url.password === undefined) ? undefined : 'a user name and a password belong together';
  },
  open: async (url) => {
    const { memcachedStore } = await import('../stores/memcached/index.ts');
    const { authority: servers, username, password } = url;
    const tls = url.scheme === 'memcacheds' ? { tls: true } : {};
    return memcachedStore({ servers, ...tls, ...(username && password ? { username, password } : {}), ...optionsIn(url, memcached) });
  },
};

const postgres: Backend = {
  example: 'postgres://user:password@host:5432/database',
  parameters: { table: 'text', createTable: 'true or false', listen: 'true or false', timeoutMs: 'milliseconds' },
  passesOn: true,
  problem: (url) => hostProblem(url, 5_432),
  open: async (url) => {
    const { postgresStore } = await import('../stores/postgres/index.ts');
    const connectionString = withoutParameters(url, Object.keys(postgres.parameters));
    return postgresStore({ connectionString, ...optionsIn(url, postgres) });
  },
};

const mysql: Backend = {
  example: 'mysql://user:password@host:3306/database',
  parameters: { table: 'text', createTable: 'true or false', timeoutMs: 'milliseconds' },
  passesOn: true,
  problem: (url) => (url.authority === '' ? 'a host must follow' : hostProblem(url, 3_306)),
  open: async (url) => {
    const { mysqlStore } = await import('../stores/mysql/index.ts');
    const uri = withoutParameters(url, Object.keys(mysql.parameters)).replace(/^mariadb:/i, 'mysql:');
    return mysqlStore({ uri, ...optionsIn(url, mysql) });
  },
};

const redis: Backend = {
  example: 'redis://user:password@host:6379/0',
  parameters: { prefix: 'text', fences: 'true or false', timeoutMs: 'milliseconds' },
  passesOn: true,
  problem: (url) => hostProblem(url, 6_379),
  open: async (url) => {
    const { redisStore } = await import('../stores/redis/index.ts');
    const { client, end } = await redisClient(withoutParameters(url, Object.keys(redis.parameters)));
    return closingToo(end, () => redisStore({ client, ...optionsIn(url, redis) }));
  },
};

/** What comes before the scheme of a backend for locks that ShedLock holds too. */
const shedlock = 'shedlock+';

const shedlockPostgres: Backend = {
  example: 'shedlock+postgres://user:password@host:5432/database?usingDbTime=true',
  parameters: { usingDbTime: 'true or false', timeZone: 'text', table: 'text', timeoutMs: 'milliseconds' },
  passesOn: true,
  problem: (url) => {
    const isByDatabase = url.parameters.get('usingDbTime') === 'true';
    return isByDatabase === url.parameters.has('timeZone')
      ? 'either usingDbTime=true or timeZone=Area/City, the zone of the JVMs, is needed'
      : hostProblem(url, 5_432);
  },
  open: async (url) => {
    const { shedlockTable } = await import('../stores/shedlock/index.ts');
    const connectionString = withoutParameters(url, Object.keys(shedlockPostgres.parameters)).slice(shedlock.length);
    const timeZone = url.parameters.get('timeZone');
    const options = optionsIn(url, shedlockPostgres, ['usingDbTime', 'timeZone']);
    return shedlockTable({ connectionString, usingDbTime: timeZone === undefined ? true : { timeZone }, ...options });
  },
};

const shedlockRedis: Backend = {
  example: 'shedlock+redis://user:password@host:6379/0',
  parameters: { environment: 'text', keyPrefix: 'text', timeoutMs: 'milliseconds' },
  passesOn: true,
  problem: (url) => hostProblem(url, 6_379),
  open: async (url) => {
    const { shedlockRedis: openStore } = await import('../stores/shedlock/index.ts');
    const { client, end } = await redisClient(withoutParameters(url, Object.keys(shedlockRedis.parameters)).slice(shedlock.length));
    return closingToo(end, () => openStore({ client, ...optionsIn(url, shedlockRedis) }));
  },
};

const shedlockMemcached: Backend = {
  example: 'shedlock+memcached://user:password@host:11211',
  parameters: { environment: 'text', timeoutMs: 'milliseconds', protocol: 'text' },
  problem: (url) => (url.authority.includes(',') ? 'one host is allowed' : memcached.problem(url)),
  open: async (url) => {
    const { shedlockMemcached: openStore } = await import('../stores/shedlock/index.ts');
    const { authority: servers, username, password } = url;
    const login = username && password ? { username, password } : {};
    return openStore({ servers, ...(url.scheme.endsWith('s') ? { tls: true } : {}), ...login, ...optionsIn(url, shedlockMemcached) });
  },
};

const dynamodb: Backend = {
  example: 'dynamodb://table?region=eu-west-1',
  parameters: {
    region: 'text',
    endpoint: 'text',
    layout: 'text',
    partitionKeyName: 'text',
    sortKeyName: 'text',
    sortKeyValue: 'text',
    timeoutMs: 'milliseconds',
  },
  problem: ({ authority, path }) =>
    /^[\w.-]{3,255}$/.test(authority) && path === ''
      ? undefined
      : 'a table\'s name of 3 to 255 letters, digits, "_", "-" and "." must follow',
  open: async (url) => {
    const { dynamodbStore } = await import('../stores/dynamodb/index.ts');
    const { client, end } = await dynamodbClient(url.parameters.get('region'), url.parameters.get('endpoint'));
    const options = optionsIn(url, dynamodb, ['region', 'endpoint']);
    return closingToo(end, () => dynamodbStore({ client, tableName: url.authority, ...options }));
  },
};

const momento: Backend = {
  example: 'momento:cache',
  parameters: { timeoutMs: 'milliseconds', local: 'text', layout: 'text' },
  problem: ({ authority, path }) => (authority !== '' && path === '' ? undefined : "a cache's name must follow"),
  open: async (url) => {
    const { momentoStore } = await import('../stores/momento/index.ts');
    const { client, end } = await momentoClient(url.parameters.get('local'));
    return closingToo(end, () => momentoStore({ client, cacheName: url.authority, ...optionsIn(url, momento, ['local']) }));
  },
};

const etcd: Backend = {
  example: 'etcd://user:password@host:2379,host2:2379',
  parameters: { prefix: 'text', timeoutMs: 'milliseconds' },
  problem: clusterProblem(2_379),
  open: async (url) => {
    const { etcdStore } = await import('../stores/etcd/index.ts');
    const hosts = withDefaultPort(url, 2_379);
    const { client, end } = await etcdClient(
      hosts.map((host) => `${url.scheme === 'etcds' ? 'https' : 'http'}://${host}`),
      url.username,
      url.password,
    );
    return closingToo(end, () => etcdStore({ client, ...optionsIn(url, etcd) }));
  },
};

const zookeeper: Backend = {
  example: 'zookeeper://host:2181,host2:2181',
  parameters: { root: 'text', timeoutMs: 'milliseconds' },
  problem: (url) =>
    url.username === undefined ? clusterProblem(2_181)(url) : 'no user name is allowed; give the store a client of your own',
  open: async (url) => {
    const { zookeeperStore } = await import('../stores/zookeeper/index.ts');
    const client = await zookeeperClients(withDefaultPort(url, 2_181).join(','));
    return zookeeperStore({ client, ...optionsIn(url, zookeeper) });
  },
};

const sqlite: Backend = {
  example: 'sqlite:/var/lib/app/locks.db',
  parameters: { timeoutMs: 'milliseconds', flush: 'true or false', driver: 'text' },
  problem: ({ authority, path }) => {
    if (authority !== '') return 'the absolute path of a file may follow, after one slash or three';
    if (/%(?![0-9a-f]{2})/i.test(path)) return 'in the path write % as %25';
    return path.endsWith('/') ? "a file's name is missing" : undefined;
  },
  open: async (url) => {
    const { sqliteStore } = await import('../stores/sqlite/index.ts');
    const file = decodeURIComponent(url.path);
    return sqliteStore({ ...(file !== '' && { file }), ...optionsIn(url, sqlite) });
  },
};

/** Every kind of store URL, by its scheme. */
export const backends: ReadonlyMap<string, Backend> = new Map([
  ['memcached', memcached],
  ['memcacheds', memcached],
  ['postgres', postgres],
  ['postgresql', postgres],
  ['mysql', mysql],
  ['mariadb', mysql],
  ['redis', redis],
  ['rediss', redis],
  ['shedlock+postgres', shedlockPostgres],
  ['shedlock+postgresql', shedlockPostgres],
  ['shedlock+redis', shedlockRedis],
  ['shedlock+rediss', shedlockRedis],
  ['shedlock+memcached', shedlockMemcached],
  ['shedlock+memcacheds', shedlockMemcached],
  ['dynamodb', dynamodb],
  ['momento', momento],
  ['etcd', etcd],
  ['etcds', etcd],
  ['zookeeper', zookeeper],
  ['sqlite', sqlite],
  ['memory', memory],
]);

function clusterProblem(defaultPort: number): Backend['problem'] {
  return (url) => {
    const hosts = hostsOf(url, defaultPort);
    if (typeof hosts === 'string') return hosts;
    return url.path.length > 1 ? 'nothing but parameters may follow the hosts' : undefined;
  };
}

function withDefaultPort(url: StoreUrl, defaultPort: number): readonly string[] {
  return url.authority.split(',').map((host) => (/:\d+$/.test(host) ? host : `${host}:${defaultPort}`));
}

/** A host is not needed: sockets and defaults go by other ways. */
function hostProblem(url: StoreUrl, defaultPort: number): string | undefined {
  if (!url.text.slice(url.scheme.length).startsWith('://')) return `write ${url.scheme}://`;
  const hosts = url.authority === '' ? [] : hostsOf(url, defaultPort);
  if (typeof hosts === 'string') return hosts;
  return hosts.length > 1 ? 'one host is allowed' : undefined;
}

/** giveway's own parameters as options of the store, but for those that are for its client. */
function optionsIn({ parameters }: StoreUrl, { parameters: forms }: Backend, forClient: readonly string[] = []): object {
  const given = Object.entries(forms).filter(([name]) => parameters.has(name) && !forClient.includes(name));
  return Object.fromEntries(given.map(([name, form]) => [name, parse(parameters.get(name) ?? '', form)]));
}

function parse(text: string, form: ParameterForm): string | number | boolean {
  if (form === 'milliseconds') return Number(text);
  return form === 'text' ? text : text === 'true';
}

/** A store leaves the client that it was given open: the one made for it ends with it, or with the failure to make it. */
function closingToo(endClient: () => void, makeStore: () => LockStore): LockStore {
  try {
    const store = makeStore();
    return { ...store, close: () => store.close().finally(endClient) };
  } catch (error) {
    endClient();
    throw error;
  }
}
