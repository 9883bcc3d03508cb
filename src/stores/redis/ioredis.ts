import type { Adapter } from './adapter.ts';
import type { IoredisClient } from './client.ts';
import { commandsFor } from './ioredis-command.ts';

export function adaptIoredis(client: IoredisClient): Adapter {
  const Command = commandsFor(client);
  const gather = createGathering();
  return {
    // Its own commands have it put before their keys; ours are none of its own.
    keyPrefix: String(client.options?.keyPrefix ?? ''),
    isCluster: client.isCluster === true,
    get state() {
      // Until it is told that its connection has ended it is ready by its own account, and puts commands into its queue.
      if (client.status === 'ready') return client.stream?.writable === false ? 'away' : 'ready';
      return client.status === 'end' ? 'closed' : 'away';
    },
    wake() {
      if (client.status === 'wait') client.connect().catch(silence);
    },
    send(name, key, args, asker) {
      gather(client.stream);
      client.sendCommand(new Command(name, key, args, asker));
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

/** More than these and the server, which could work on the first meanwhile, waits for the last: 64 pairs in flight took 28 µs each in one piece, 23 by sixteen, 28 one by one. */
const mostTogether = 16;

/** ioredis writes each command by itself, which costs as much as all else about it. What is sent in one turn goes out in a few writes. */
function createGathering(): (stream: IoredisClient['stream']) => void {
  let gathering: IoredisClient['stream'];
  let together = 0;
  return (stream) => {
    if (stream?.cork === undefined) return;
    if (stream === gathering) {
      if (++together <= mostTogether) return;
      stream.uncork?.();
    } else {
      gathering = stream;
      process.nextTick(() => {
        gathering = undefined;
        stream.uncork?.();
      });
    }
    together = 1;
    stream.cork();
  };
}

function silence(): void {}
