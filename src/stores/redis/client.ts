/** Called with what the event brings. */
export type RedisEventListener = (...details: unknown[]) => void;

interface RedisEvents {
  on(event: string, listener: RedisEventListener): unknown;
  removeListener(event: string, listener: RedisEventListener): unknown;
}

/** The part of a command that ioredis uses; more of it is on its prototype. */
export interface IoredisCommand {
  readonly name: string;
  readonly args: readonly unknown[];
  resolve(reply: unknown): void;
  reject(error: unknown): void;
  toWritable(socket: object): string | object;
}

/** The part of an ioredis client, or cluster, that giveway uses. */
export interface IoredisClient extends RedisEvents {
  readonly status: string;
  readonly isCluster?: boolean;
  /** Its connection; a cluster has several, and shows none. */
  readonly stream?: { readonly writable?: boolean; unref?(): void; cork?(): void; uncork?(): void };
  readonly options?: { readonly keyPrefix?: string | undefined };
  call(command: string): Promise<unknown>;
  sendCommand(command: IoredisCommand): unknown;
  duplicate(): IoredisClient;
  connect(): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  disconnect(): void;
}

/** How long a command may wait in the client's queue. */
interface NodeRedisCommandOptions {
  /** 0: no timer of the command's own, which the client makes by default, and which costs as much as the rest of the command. */
  readonly timeout?: number;
  readonly abortSignal?: AbortSignal;
}

interface NodeRedisConnection extends RedisEvents {
  readonly isOpen: boolean;
  /** A cluster of node-redis 5 has none. */
  readonly isReady?: boolean;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  destroy(): void;
}

/** The part of a node-redis client that giveway uses. */
export interface NodeRedisClient extends NodeRedisConnection {
  sendCommand(args: string[], options?: NodeRedisCommandOptions): Promise<unknown>;
  duplicate(): NodeRedisClient;
  unref(): void;
}

/** The part of a node-redis cluster that giveway uses. */
export interface NodeRedisCluster extends NodeRedisConnection {
  readonly masters: readonly unknown[];
  sendCommand(firstKey: string, isReadonly: boolean, args: string[], options?: NodeRedisCommandOptions): Promise<unknown>;
  duplicate(): NodeRedisCluster;
}

/** A client of ioredis or node-redis, for one server or a cluster. */
export type RedisClient = IoredisClient | NodeRedisClient | NodeRedisCluster;
