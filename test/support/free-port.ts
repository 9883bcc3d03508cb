import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

// Below what Linux (32768 on) and macOS (49152 on) give to outgoing connections, any of which could take a port between
// the moment it is found free and the moment its server listens, or while its server is down.
const [lowest, highest] = [20_000, 32_767];

/** A loopback TCP port on which nobody listens now, and which no other caller on this machine gets while this process lives. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1));
    if ((await claims(port)) && (await isFree(port))) return port;
  }
}

/** The claim is the UDP port of that number: the kernel gives it to one process, and back when that ends, however it ends. */
async function claims(port: number): Promise<boolean> {
  const claim = createSocket('udp4').unref();
  claim.bind(port, '127.0.0.1');
  return begins(claim, () => claim.close());
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  if (!(await begins(server, () => {}))) return false;
  server.close();
  await once(server, 'close');
  return true;
}

async function begins(emitter: NodeJS.EventEmitter, undo: () => void): Promise<boolean> {
  try {
    await once(emitter, 'listening');
    return true;
  } catch (error) {
    undo();
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
}
