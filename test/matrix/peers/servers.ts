import { momentoServer } from '../../support/momento-server.ts';
import {
  dynaliteServer,
  etcdServer,
  memcachedServer,
  mysqlServer,
  postgresServer,
  redisServer,
  zookeeperServer,
} from '../../support/services.ts';

/** Every server that a play may ask for, and the variables that name them. */
export async function startServers(): Promise<{ readonly variables: Readonly<Record<string, string>>; stop(): Promise<void> }> {
  const starts = {
    MEMCACHED_SERVERS: memcachedServer,
    DATABASE_URL: postgresServer,
    MYSQL_URL: mysqlServer,
    REDIS_URL: redisServer,
    DYNAMODB_ENDPOINT: dynaliteServer,
    ETCD_URL: etcdServer,
    ZOOKEEPER_SERVERS: zookeeperServer,
    MOMENTO_LOCAL: async () => {
      const server = await momentoServer();
      return { url: `127.0.0.1:${server.port}`, stop: () => server.stop() };
    },
  };
  const started = await Promise.all(
    Object.entries(starts).map(async ([name, start]) => {
      const server: { url: string; stop(): Promise<void> } = await start();
      return { name, server };
    }),
  );
  return {
    variables: Object.fromEntries(started.map(({ name, server }) => [name, server.url])),
    stop: async () => void (await Promise.all(started.map(({ server }) => server.stop()))),
  };
}
