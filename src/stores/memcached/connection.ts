import type { Socket } from 'node:net';
import { Client, type Response, Server } from 'memjs';
import type { Address } from './addresses.ts';
import { connectionLost, couldNotConnect, type Fault, notAuthenticated, notMemcached, noUptime, outOfStep } from './fault.ts';
import { decode, encode, type Reply, type Request, replyMagic } from './wire.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * One memjs client with one server and one socket, from connecting to its first fault. memjs would connect again by
 * itself, but after a fault it hangs, answers for other requests or ends the process (measured on 1.3.2): so it is
 * thrown away whole, and `Link` makes another.
 */
export interface Connection {
  readonly kind: 'connection';
  /** Of this connection alone. CAS numbers restart with the server, so they mean nothing on another connection. */
  readonly epoch: symbol;
  /** Has the server ever said anything here? */
  readonly hasAnswered: boolean;
  /** Tells once, when it is open (and authenticated) or has failed. At once, if that is so already. */
  whenSettled(tell: (fault: Fault | undefined) => void): void;
  /** Sends at the end of this tick, together with whatever else this tick sends. Tells exactly once, unless the server stays silent. */
  send(request: Request, tell: (outcome: Reply | Fault) => void): void;
  /** For how many seconds the server has been up, by its own `stats`. */
  askUptime(tell: (outcome: number | Fault) => void): void;
  /** Gives it up: everything in flight is told `fault`, the socket is destroyed. */
  fail(fault: Fault): void;
}

/** memjs's own timers would end requests that are only waiting for a blocked event loop. `Call` has the deadline. */
const neverS = 24 * 60 * 60;

/** memjs lets its numbers go negative after 2^31 requests, and then throws. Nothing is in flight for 2^30 requests, so they can start again. */
const sequenceLimit = 2 ** 30;

/** Starts to connect. `onFault` is called once, when the connection is of no more use. */
export function openConnection(address: Address, credentials: Credentials | undefined, onFault: (fault: Fault) => void): Connection {
  const server = new Server(address.host, address.port, credentials?.username, credentials?.password, {
    timeout: neverS,
    conntimeout: neverS,
    keepAlive: true,
  });
  // memjs takes missing credentials from the environment, for whatever server.
  Object.assign(server, { username: credentials?.username, password: credentials?.password });
  const client = new Client([server], { retries: 1, failover: false, logger: { log() {} } });

  let waiting: ((fault: Fault | undefined) => void)[] = [];
  let socket: Socket | undefined;
  let isOpen = false;
  let isCorked = false;
  let hasAnswered = false;
  let fault: Fault | undefined;

  function fail(reason: Fault): void {
    if (fault !== undefined) return;
    fault = reason;
    onFault(reason);
    settle();
    server.error(new Error(reason.message)); // tells what is in flight, and destroys the socket
  }

  function settle(): void {
    const told = waiting;
    waiting = [];
    for (const tell of told) tell(fault);
  }

  function faultOf(error: unknown): Fault {
    if (typeof error === 'string') return notAuthenticated(credentials !== undefined); // the one error that memjs gives as a string
    return isOpen ? connectionLost(error) : couldNotConnect(error);
  }

  /** One write to the socket for all requests of a tick. */
  function corkThisTick(): void {
    if (isCorked || socket === undefined) return;
    isCorked = true;
    socket.cork();
    process.nextTick(() => {
      isCorked = false;
      socket?.uncork();
    });
  }

  // Sequence numbers of requests start at 1. memjs calls its listeners in numeric order, so this one hears of a fault first.
  server.onError(0, (error: unknown) => fail(faultOf(error)));
  server.sock(false, () => {
    isOpen = true;
    settle();
  });
  // The second call gives the socket at once, though it is still connecting.
  server.sock(true, (connecting) => {
    socket = connecting;
    connecting.setNoDelay(true);
    connecting.unref(); // a call under way keeps the process alive by its timer; an idle store must not
    connecting.once('data', (chunk: Buffer) => {
      hasAnswered = true;
      if (chunk[0] !== replyMagic) fail(notMemcached());
    });
    // memjs forgets its requests when the server closes the connection; they would never settle.
    connecting.once('end', () => fail(connectionLost('closed by the server')));
    connecting.once('close', () => fail(connectionLost('closed')));
  });

  return {
    kind: 'connection',
    epoch: Symbol(address.name),
    get hasAnswered() {
      return hasAnswered;
    },
    whenSettled(tell) {
      if (isOpen || fault !== undefined) tell(fault);
      else waiting.push(tell);
    },
    send(request, tell) {
      if (fault !== undefined) return tell(fault);
      corkThisTick();
      if (client.seq >= sequenceLimit) Object.assign(client, { seq: 0 });
      client.incrSeq();
      const receive = (error: Error | null, response: Response): void => {
        const outcome = error === null ? decode(response, request.opcode) : (fault ?? faultOf(error));
        tell(outcome ?? outOfStep());
        if (outcome === undefined) fail(outOfStep());
      };
      client.perform(request.key, encode(request, client.seq), client.seq, receive, 1);
    },
    askUptime(tell) {
      if (fault !== undefined) return tell(fault);
      client.stats((_error, _server, counters) => {
        const uptimeS = Number.parseInt(counters?.['uptime'] ?? '', 10);
        tell(fault ?? (Number.isNaN(uptimeS) ? noUptime() : uptimeS));
      });
    },
    fail,
  };
}
