/** Clients for the stores that take one. Each is of an optional peer, loaded when it is needed, and closed with its store. */
import type { LockStore } from '../lock/store.ts';
import type { DynamoClient } from '../stores/dynamodb/index.ts';
import type { EtcdClient } from '../stores/etcd/index.ts';
import type { MomentoClient } from '../stores/momento/index.ts';
import type { RedisClient } from '../stores/redis/index.ts';
import type { ZookeeperClient } from '../stores/zookeeper/index.ts';
import { loadDynamodb, loadEtcd3, loadIoredis, loadMomento, loadRedis, loadZookeeper } from './peers.ts';

/** A client that is nobody else's. */
export interface OwnClient<Client> {
  readonly client: Client;
  end(): void;
}

interface Unrefable {
  unref?(): void;
}

/** How long a server that hangs may keep the process after the end: two seconds by ioredis's default. */
const disconnectTimeout = 100;

/**
 * Of ioredis or, where that is not installed, of node-redis. It does not keep the process alive. The ready check of ioredis
 * asks for INFO, which a user for locks need not have, and then says so on the console at each connection.
 */
export async function redisClient(url: string): Promise<OwnClient<RedisClient>> {
  const ioredis = await loadIoredis();
  if (ioredis !== undefined) {
    const client = new ioredis.Redis(url, { lazyConnect: true, enableReadyCheck: false, disconnectTimeout });
    const inner = client as unknown as { readonly stream?: Unrefable; readonly reconnectTimeout?: Unrefable };
    client.on('error', ignore); // the store hears of it otherwise; ioredis would print it
    client.on('connect', () => inner.stream?.unref?.());
    client.on('reconnecting', () => inner.reconnectTimeout?.unref?.());
    return { client, end: () => client.disconnect() };
  }
  const { createClient } = await loadRedis();
  const client = createClient({ url });
  client.unref();
  client.on('error', ignore); // the store listens too, but later than the first attempt may fail
  client.connect().catch(ignore);
  return { client, end: () => client.isOpen && endOf(client) };
}

/** node-redis 4 has no `destroy`. */
function endOf(client: { destroy?(): void; disconnect(): Promise<void> }): void {
  if (client.destroy !== undefined) client.destroy();
  else client.disconnect().catch(ignore);
}

export async function dynamodbClient(region: string | undefined, endpoint: string | undefined): Promise<OwnClient<DynamoClient>> {
  const { DynamoDBClient } = await loadDynamodb();
  const client = new DynamoDBClient({ ...(region && { region }), ...(endpoint && { endpoint }) });
  return { client, end: () => client.destroy() };
}

/** With the key in `MOMENTO_API_KEY` and, for a key of the second version, its endpoint in `MOMENTO_ENDPOINT`; `local` is a momento-local's `host:port`. */
export async function momentoClient(local: string | undefined): Promise<OwnClient<MomentoClient>> {
  const { CacheClient, Configurations, CredentialProvider, NoopMomentoLoggerFactory } = await loadMomento();
  const [hostname = '', port] = local?.split(':') ?? [];
  const client = new CacheClient({
    configuration: Configurations.InRegion.Default.latest(new NoopMomentoLoggerFactory()),
    credentialProvider:
      local !== undefined
        ? CredentialProvider.forMomentoLocal({ hostname, port: Number(port ?? 8_080) })
        : process.env.MOMENTO_ENDPOINT
          ? CredentialProvider.fromEnvVarV2()
          : CredentialProvider.fromEnvVar('MOMENTO_API_KEY'),
    defaultTtlSeconds: 60,
  });
  return { client, end: () => client.close() };
}

export async function etcdClient(
  hosts: string[],
  username: string | undefined,
  password: string | undefined,
): Promise<OwnClient<EtcdClient>> {
  const { Etcd3 } = await loadEtcd3();
  // Its own breaker would refuse everything for seconds after a restart; the store has one that lets renewals through.
  // etcd3 hands in calls that throw, and expects a rejection: an exception would end the process.
  const patient = { execute: async <T>(call: () => T | Promise<T>): Promise<T> => call() };
  const faultHandling = { host: () => patient, global: patient } as never;
  const client = new Etcd3({
    hosts,
    faultHandling,
    ...(username !== undefined && password !== undefined && { auth: { username, password } }),
  });
  return { client: client as unknown as EtcdClient, end: () => client.close() };
}

/** The package waits a second by default, which is as long as an operation may take. */
const reconnectAfterMs = 100;

/** Makes a client whenever the store needs one: a session that has expired cannot be used again. */
export async function zookeeperClients(servers: string): Promise<() => ZookeeperClient> {
  const { default: zookeeper } = await loadZookeeper();
  return () => zookeeper.createClient(servers, { spinDelay: reconnectAfterMs }) as unknown as ZookeeperClient;
}

/** A store leaves the client that it was given open: the one made for it ends with it, or with the failure to make it. */
export function closingToo(endClient: () => void, makeStore: () => LockStore): LockStore {
  try {
    const store = makeStore();
    return { ...store, close: () => store.close().finally(endClient) };
  } catch (error) {
    endClient();
    throw error;
  }
}

function ignore(): void {}
