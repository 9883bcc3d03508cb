import { InvalidOptionError } from '../../lock/errors.ts';
import type { IoredisClient, NodeRedisClient, NodeRedisCluster, RedisClient } from './client.ts';
import { expirySignals } from './expiry-signals.ts';

/** The same few things, whichever client it is. */
export interface Adapter {
  /** `away`: connecting, or connecting again. `closed`: it will not connect by itself. */
  readonly state: 'ready' | 'away' | 'closed';
  /** Starts a client that connects only when it is used. */
  wake(): void;
  /** Sends one command, which concerns one key. One that is still queued when its time is over is not sent any more, where the client can do that. */
  send(key: string, args: string[]): Promise<unknown>;
  /** Opens a connection of our own, which hears one channel. */
  openEar(channel: string, ear: Ear): { close(): void };
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
  const signalNow = expirySignals(timeoutMs);
  if (isCluster(client)) {
    return adaptNodeRedis(client, (key, args) => client.sendCommand(key, false, args, { timeout: 0, abortSignal: signalNow() }), silence);
  }
  if (isNodeRedis(client)) {
    return adaptNodeRedis(
      client,
      (_, args) => client.sendCommand(args, { timeout: 0, abortSignal: signalNow() }),
      (own) => own.unref(),
    );
  }
  throw new InvalidOptionError(
    'client',
    client,
    'a client of ioredis (5 or later) or node-redis (5 or later), or a cluster of either, is needed',
  );
}

function isIoredis(client: RedisClient): client is IoredisClient {
  return hasMethods(client, 'call', 'duplicate', 'subscribe', 'disconnect') && 'status' in client;
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

function adaptIoredis(client: IoredisClient): Adapter {
  const gather = createGathering();
  return {
    get state() {
      // Until it is told that its connection has ended it is ready by its own account, and puts commands into its queue.
      if (client.status === 'ready') return client.stream?.writable === false ? 'away' : 'ready';
      return client.status === 'end' ? 'closed' : 'away';
    },
    wake() {
      if (client.status === 'wait') client.connect().catch(silence);
    },
    send(_, args) {
      gather(client.stream);
      return client.call(...(args as [command: string, ...string[]]));
    },
    openEar(channel, { hear, onListening, onLost, onRefused, onEnd }) {
      const own = client.duplicate();
      own.on('error', silence);
      own.on('connect', () => own.stream?.unref?.());
      own.on('message', (from, message) => from === channel && hear(String(message)));
      own.on('ready', () => own.subscribe(channel).then(() => onListening(!client.isCluster), onRefused));
      own.on('close', onLost);
      own.on('end', onEnd);
      if (own.status === 'wait') own.connect().catch(silence);
      return { close: () => own.disconnect() };
    },
  };
}

/** ioredis writes each command by itself, which costs as much as all else about it. What is sent in one turn goes out in one write. */
function createGathering(): (stream: IoredisClient['stream']) => void {
  let gathering: IoredisClient['stream'];
  return (stream) => {
    if (stream?.cork === undefined || stream === gathering) return;
    gathering = stream;
    stream.cork();
    process.nextTick(() => {
      gathering = undefined;
      stream.uncork?.();
    });
  };
}

function adaptNodeRedis<Client extends NodeRedisClient | NodeRedisCluster>(
  client: Client,
  send: Adapter['send'],
  letProcessEnd: (own: Client) => void,
): Adapter {
  const isSure = !isCluster(client);
  return {
    get state() {
      if (!client.isOpen) return 'closed';
      return client.isReady === false ? 'away' : 'ready';
    },
    wake: silence,
    send,
    openEar(channel, { hear, onListening, onLost, onRefused, onEnd }) {
      const own = client.duplicate() as Client;
      let state: 'deaf' | 'asking' | 'hearing' = 'deaf';
      const listen = async (): Promise<void> => {
        // It subscribes again by itself, before it says that it is ready again.
        if (state === 'hearing') onListening(isSure);
        if (state !== 'deaf') return;
        state = 'asking';
        try {
          await own.subscribe(channel, (message) => hear(message));
          state = 'hearing';
          onListening(isSure);
        } catch (error) {
          state = 'deaf';
          onRefused(error);
        }
      };
      own.on('error', silence);
      own.on('ready', listen);
      own.on('reconnecting', onLost);
      own.on('end', onEnd);
      letProcessEnd(own);
      own.connect().then(listen, onEnd); // a cluster never says that it is ready
      return {
        close() {
          if (own.isOpen) own.destroy();
        },
      };
    },
  };
}

function silence(): void {}
