import { InvalidOptionError } from '../../lock/errors.ts';
import type { IoredisClient, NodeRedisClient, NodeRedisCluster, RedisClient } from './client.ts';
import { adaptIoredis } from './ioredis.ts';
import { adaptNodeRedis, adaptNodeRedisCluster } from './node-redis.ts';

/** The same few things, whichever client it is. */
export interface Adapter {
  /** What the client itself puts before each key, and giveway must if the client does not. */
  readonly keyPrefix: string;
  /** `away`: connecting, or connecting again. `closed`: it will not connect by itself. */
  readonly state: 'ready' | 'away' | 'closed';
  /** Starts a client that connects only when it is used. */
  wake(): void;
  /** Sends one command, which concerns one key. One that is still queued when its time is over is not sent any more, where the client can do that. */
  send(name: string, key: string, args: string[], asker: Asker): void;
  /** Opens a connection of our own, which hears one channel. */
  openEar(channel: string, ear: Ear): { close(): void };
}

/** Who is told, once, what became of a command. */
export interface Asker {
  /** Settles with what the caller is told. For those who watch the client's commands. */
  readonly promise: Promise<unknown> | undefined;
  answered(reply: unknown): void;
  failed(error: unknown): void;
}

/** What happens on a connection that hears a channel. */
export interface Ear {
  hear(message: string): void;
  /**
   * From now on it hears; before, it may have missed something. `isSure`: it will say when its connection breaks. A cluster
   * puts another in its place without a word, and what was said meanwhile is missed.
   */
  onListening(isSure: boolean): void;
  /** Its connection broke; it tries to get another. */
  onLost(): void;
  /** It was not allowed to listen, or its connection broke first. */
  onRefused(error: unknown): void;
  /** It hears nothing more, and does not try again. */
  onEnd(): void;
}

export function adaptClient(client: RedisClient, timeoutMs: number): Adapter {
  if (isIoredis(client)) return adaptIoredis(client);
  if (isCluster(client)) return adaptNodeRedisCluster(client, timeoutMs);
  if (isNodeRedis(client)) return adaptNodeRedis(client, timeoutMs);
  throw new InvalidOptionError(
    'client',
    client,
    'a client of ioredis (5 or later) or node-redis (5 or later), or a cluster of either, is needed',
  );
}

function isIoredis(client: RedisClient): client is IoredisClient {
  return hasMethods(client, 'call', 'sendCommand', 'duplicate', 'subscribe', 'disconnect') && 'status' in client;
}

function isCluster(client: RedisClient): client is NodeRedisCluster {
  // node-redis 4 has no `destroy`.
  return hasMethods(client, 'sendCommand', 'duplicate', 'subscribe', 'destroy') && 'masters' in client;
}

function isNodeRedis(client: RedisClient): client is NodeRedisClient {
  // A Sentinel client of node-redis has no `unref`, and its `sendCommand` takes other arguments.
  return hasMethods(client, 'sendCommand', 'duplicate', 'subscribe', 'destroy', 'unref') && 'isOpen' in client;
}

function hasMethods(client: unknown, ...names: string[]): boolean {
  return (
    typeof client === 'object' && client !== null && names.every((name) => typeof (client as Record<string, unknown>)[name] === 'function')
  );
}
