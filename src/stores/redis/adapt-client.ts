import { InvalidOptionError } from '../../lock/errors.ts';
import type { Adapter } from './adapter.ts';
import type { IoredisClient, NodeRedisClient, NodeRedisCluster, RedisClient } from './client.ts';
import { adaptIoredis } from './ioredis.ts';
import { adaptNodeRedis, adaptNodeRedisCluster } from './node-redis.ts';

export function adaptClient(client: RedisClient, timeoutMs: number): Adapter {
  if (isIoredis(client)) return adaptIoredis(client);
  if (isCluster(client)) return adaptNodeRedisCluster(client, timeoutMs);
  if (isNodeRedis(client)) return adaptNodeRedis(client, timeoutMs);
  throw new InvalidOptionError(
    'client',
    client,
    'a client of ioredis (5 or later) or node-redis (4.4 or later), or a cluster of either, is needed',
  );
}

function isIoredis(client: RedisClient): client is IoredisClient {
  return hasMethods(client, 'call', 'sendCommand', 'duplicate', 'subscribe', 'disconnect') && 'status' in client;
}

function isCluster(client: RedisClient): client is NodeRedisCluster {
  return hasMethods(client, 'sendCommand', 'duplicate', 'subscribe', 'disconnect') && 'masters' in client;
}

function isNodeRedis(client: RedisClient): client is NodeRedisClient {
  // A Sentinel client of node-redis has no `unref`, and its `sendCommand` takes other arguments.
  return hasMethods(client, 'sendCommand', 'duplicate', 'subscribe', 'disconnect', 'unref') && 'isOpen' in client;
}

function hasMethods(client: unknown, ...names: string[]): boolean {
  return (
    typeof client === 'object' && client !== null && names.every((name) => typeof (client as Record<string, unknown>)[name] === 'function')
  );
}
