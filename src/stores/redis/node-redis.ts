import type { Adapter } from './adapter.ts';
import type { NodeRedisClient, NodeRedisCluster } from './client.ts';
import { expirySignals } from './expiry-signals.ts';

/** What node-redis 5 and later call `abortSignal` and `destroy`, 4 calls `signal` and `disconnect`. */
const until = (signal: AbortSignal) => ({ timeout: 0, abortSignal: signal, signal });
type Older = { disconnect?(): Promise<void> };

export function adaptNodeRedis(client: NodeRedisClient, timeoutMs: number): Adapter {
  const signalNow = expirySignals(timeoutMs);
  return adapt(
    client,
    false,
    (_, args) => client.sendCommand(args, until(signalNow())),
    (own) => own.unref(),
  );
}

export function adaptNodeRedisCluster(client: NodeRedisCluster, timeoutMs: number): Adapter {
  const signalNow = expirySignals(timeoutMs);
  return adapt(client, true, (key, args) => client.sendCommand(key, false, args, until(signalNow())), silence);
}

function adapt<Client extends NodeRedisClient | NodeRedisCluster>(
  client: Client,
  isCluster: boolean,
  send: (key: string, args: string[]) => Promise<unknown>,
  letProcessEnd: (own: Client) => void,
): Adapter {
  return {
    keyPrefix: '',
    isCluster,
    get state() {
      if (!client.isOpen) return 'closed';
      return client.isReady === false ? 'away' : 'ready';
    },
    wake: silence,
    send(name, key, args, asker) {
      send(key, [name, ...args]).then(
        (reply) => asker.answered(reply),
        (error: unknown) => asker.failed(error),
      );
    },
    openEar(channel, { hear, onListening, onLost, onRefused, onEnd }) {
      const own = client.duplicate() as Client;
      let state: 'deaf' | 'asking' | 'hearing' = 'deaf';
      const listen = async (): Promise<void> => {
        // It subscribes again by itself, before it says that it is ready again.
        if (state === 'hearing') onListening(!isCluster);
        if (state !== 'deaf') return;
        state = 'asking';
        try {
          await own.subscribe(channel, (message) => hear(message));
          state = 'hearing';
          onListening(!isCluster);
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
          if (!own.isOpen) return;
          if (typeof own.destroy === 'function') own.destroy();
          else (own as Older).disconnect?.().catch(silence);
        },
      };
    },
  };
}

function silence(): void {}
