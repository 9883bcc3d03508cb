import { Client, type Response, Server } from 'memjs';
import type { Address } from './addresses.ts';
import { decode, encode, replyMagic } from './binary.ts';
import { beginFate, type Connection, type Credentials, corkedByTick } from './connection.ts';
import {
  connectionLost,
  couldNotConnect,
  type Fault,
  noAnswer,
  noConnection,
  notAuthenticated,
  notMemcached,
  noUptime,
  outOfStep,
  refused,
} from './fault.ts';

/** memjs's own timers would end requests that are only waiting for a blocked event loop. `Call` has the deadline. */
const neverS = 24 * 60 * 60;

/** memjs lets its numbers go negative after 2^31 requests, and then throws. Nothing is in flight for 2^30 requests, so they can start again. */
const sequenceLimit = 2 ** 30;

/**
 * Starts to connect one memjs client with one server and one socket. memjs would connect again by itself, but after a
 * fault it hangs, answers for other requests or ends the process (measured on 1.3.2): so it is thrown away whole.
 */
export function openBinaryConnection(address: Address, credentials: Credentials | undefined, onFault: (fault: Fault) => void): Connection {
  const server = new Server(address.host, address.port, credentials?.username, credentials?.password, {
    timeout: neverS,
    conntimeout: neverS,
    keepAlive: true,
  });
  // memjs takes missing credentials from the environment, for whatever server.
  Object.assign(server, { username: credentials?.username, password: credentials?.password });
  const client = new Client([server], { retries: 1, failover: false, logger: { log() {} } });

  const fate = beginFate(onFault);
  let cork = (): void => {};
  let hasAnswered = false;

  function fail(reason: Fault): void {
    if (fate.end(reason)) server.error(new Error(reason.message)); // tells what is in flight, and destroys the socket
  }

  function faultOf(error: unknown): Fault {
    if (typeof error === 'string') return notAuthenticated(credentials !== undefined); // the one error that memjs gives as a string
    return fate.isOpen ? connectionLost(error, !hasAnswered) : couldNotConnect(error);
  }

  // Sequence numbers of requests start at 1. memjs calls its listeners in numeric order, so this one hears of a fault first.
  server.onError(0, (error: unknown) => fail(faultOf(error)));
  server.sock(false, () => fate.open());
  // The second call gives the socket at once, though it is still connecting.
  server.sock(true, (socket) => {
    cork = corkedByTick(socket);
    socket.setNoDelay(true);
    socket.unref(); // a call under way keeps the process alive by its timer; an idle store must not
    socket.once('data', (chunk: Buffer) => {
      hasAnswered = true;
      if (chunk[0] !== replyMagic) fail(greetingFault(chunk.toString('latin1')));
    });
    // memjs forgets its requests when the server closes the connection; they would never settle.
    socket.once('end', () => fail(connectionLost('closed by the server', !hasAnswered)));
    socket.once('close', () => fail(connectionLost('closed', !hasAnswered)));
  });

  return {
    kind: 'connection',
    epoch: Symbol(address.name),
    whenSettled: fate.whenSettled,
    send(request, tell) {
      if (fate.fault !== undefined) return tell(fate.fault);
      cork();
      if (client.seq >= sequenceLimit) Object.assign(client, { seq: 0 });
      client.incrSeq();
      const receive = (error: Error | null, response: Response): void => {
        const outcome = error === null ? decode(response, request) : (fate.fault ?? faultOf(error));
        tell(outcome ?? outOfStep());
        if (outcome === undefined) fail(outOfStep());
      };
      client.perform(request.key, encode(request, client.seq), client.seq, receive, 1);
    },
    askUptime(tell) {
      if (fate.fault !== undefined) return tell(fate.fault);
      client.stats((_error, _server, counters) => {
        const uptimeS = Number.parseInt(counters?.['uptime'] ?? '', 10);
        tell(fate.fault ?? (Number.isNaN(uptimeS) ? noUptime() : uptimeS));
      });
    },
    fail,
    timeOut: (timeoutMs) => fail(fate.isOpen ? noAnswer(timeoutMs, hasAnswered ? undefined : 'binary', true) : noConnection(timeoutMs)),
  };
}

/** A memcached that takes no more connections says so in text, whatever the protocol. */
function greetingFault(greeting: string): Fault {
  return greeting.startsWith('ERROR ') ? refused(greeting.trim()) : notMemcached('binary');
}
