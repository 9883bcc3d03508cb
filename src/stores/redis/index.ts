/** Locks in Redis or Valkey, over a client of ioredis or node-redis. */
export type { IoredisClient, NodeRedisClient, NodeRedisCluster, RedisClient, RedisEventListener } from './client.ts';
export { type RedisStoreOptions, redisStore } from './store.ts';
