import type { Socket } from 'node:net';
import type { Fault } from './fault.ts';
import type { Reply, Request } from './request.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** One socket to one server, from connecting to its first fault; after that `Link` makes another. */
export interface Connection {
  readonly kind: 'connection';
  /** Of this connection alone. CAS numbers restart with the server, so they mean nothing on another connection. */
  readonly epoch: symbol;
  /** Tells once, when it is open (and authenticated) or has failed. At once, if that is so already. */
  whenSettled(tell: (fault: Fault | undefined) => void): void;
  /** Sends at the end of this tick, together with whatever else this tick sends. Tells exactly once, unless the server stays silent. */
  send(request: Request, tell: (outcome: Reply | Fault) => void): void;
  /** For how many seconds the server has been up, by its own `stats`. */
  askUptime(tell: (outcome: number | Fault) => void): void;
  /** Gives it up: everything in flight is told `fault`, the socket is destroyed. */
  fail(fault: Fault): void;
  /** Gives it up because a call has waited for too long; the fault says how far it had come. */
  timeOut(timeoutMs: number): void;
}

/** What every connection goes through: it is open, or not yet, or no more. */
export interface Fate {
  readonly isOpen: boolean;
  /** Set once it is no more. */
  readonly fault: Fault | undefined;
  whenSettled(tell: (fault: Fault | undefined) => void): void;
  open(): void;
  /** `false`: it had ended before. */
  end(fault: Fault): boolean;
}

/** `onFault` is called once, when the connection is of no more use. */
export function beginFate(onFault: (fault: Fault) => void): Fate {
  let waiting: ((fault: Fault | undefined) => void)[] = [];
  let isOpen = false;
  let fault: Fault | undefined;

  function settle(): void {
    const told = waiting;
    waiting = [];
    for (const tell of told) tell(fault);
  }

  return {
    get isOpen() {
      return isOpen;
    },
    get fault() {
      return fault;
    },
    whenSettled(tell) {
      if (isOpen || fault !== undefined) tell(fault);
      else waiting.push(tell);
    },
    open() {
      isOpen = true;
      settle();
    },
    end(reason) {
      if (fault !== undefined) return false;
      fault = reason;
      onFault(reason);
      settle();
      return true;
    },
  };
}

/** To be called before each write: everything that one tick writes leaves in one piece. */
export function corkedByTick(socket: Socket): () => void {
  let isCorked = false;
  return () => {
    if (isCorked) return;
    isCorked = true;
    socket.cork();
    process.nextTick(() => {
      isCorked = false;
      socket.uncork();
    });
  };
}
