import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { needs, type ServiceName } from './needs.ts';

/**
 * Starts each shared server when the first test file asks for it, so that one test file alone costs no server it does
 * not use. Told a name, it answers `{ url }` or `{ error }` and hangs up.
 */
export async function startBroker(): Promise<{ port: number; stop(): Promise<void> }> {
  const started = new Map<ServiceName, ReturnType<(typeof needs)[ServiceName]['start']>>();
  const urlOf = async (name: ServiceName): Promise<string> => {
    const server = started.get(name) ?? needs[name].start();
    started.set(name, server);
    return (await server).url;
  };
  const answer = async (socket: Socket): Promise<void> => {
    socket.on('error', () => {});
    const [name] = (await once(createInterface(socket), 'line')) as [ServiceName];
    const reply = await urlOf(name).then(
      (url) => ({ url }),
      (error) => ({ error: String(error) }),
    );
    socket.end(JSON.stringify(reply));
  };
  const listener = createServer((socket) => void answer(socket)).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  listener.unref();
  return {
    port: (listener.address() as AddressInfo).port,
    stop: async () => {
      listener.close();
      await Promise.allSettled([...started.values()].map(async (server) => (await server).stop()));
    },
  };
}
