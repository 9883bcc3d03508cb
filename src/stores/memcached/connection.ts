import type { Socket } from 'node:net';
import { type Fault, outOfStep } from './fault.ts';
import { Outbox } from './outbox.ts';
import type { Reply, Request } from './request.ts';
import { type Waiter, Waiting } from './waiting.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Who waits on a connection, for its opening or for a reply. Is told exactly once, unless the server stays silent. */
export interface Asker extends Waiter {
  /** What it waits for a reply to. */
  request: Request;
  opened(): void;
  answered(reply: Reply): void;
  failed(fault: Fault): void;
}

/** How requests and replies look as bytes. `number` comes back with the reply, and proves that the two belong together. */
export interface Protocol {
  write(outbox: Outbox, request: Request, number: number): void;
  /** The reply that begins at `start`; `undefined` while it is incomplete. After a fault the connection is of no more use. */
  read(bytes: Buffer, start: number, request: Request, number: number): Reply | Fault | undefined;
}

/** What is particular to one way to connect. */
export interface Ends {
  /** Called once, when the connection has failed. */
  destroy(fault: Fault): void;
  /** What it means that nothing has come for so long; says how far the connection had come. */
  silence(timeoutMs: number): Fault;
}

/** Requests in flight have different numbers, and that is all they need. */
const numberLimit = 2 ** 30;
const nothing = Buffer.alloc(0);

/**
 * One socket to one server, from connecting to its first fault; after that `Link` makes another. Sends requests in the
 * order in which they were asked for, those of one tick together, and gives each reply to the first who waits.
 */
export class Connection {
  /** Of this connection alone. CAS numbers restart with the server, so they mean nothing on another connection. */
  readonly epoch: symbol;
  readonly #protocol: Protocol;
  readonly #ends: Ends;
  readonly #waiting = new Waiting<Asker>(({ timeoutMs }) => this.fail(this.#ends.silence(timeoutMs)));
  #outbox: Outbox | undefined;
  #fault: Fault | undefined;
  #asked = 0;
  #answered = 0;
  /** The beginning of a reply. */
  #unread: Buffer = nothing;

  constructor(name: string, protocol: Protocol, ends: Ends) {
    this.epoch = Symbol(name);
    this.#protocol = protocol;
    this.#ends = ends;
  }

  get isOpen(): boolean {
    return this.#outbox !== undefined && this.#fault === undefined;
  }

  /** Set once it is of no more use. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  /** To be told when it is open (and authenticated) or has failed. At once, if that is so already. */
  join(asker: Asker): void {
    if (this.#fault !== undefined) asker.failed(this.#fault);
    else if (this.isOpen) asker.opened();
    else this.#waiting.push(asker);
  }

  open(socket: Socket): void {
    this.#outbox = new Outbox(socket);
    for (const asker of this.#waiting.takeAll()) asker.opened();
  }

  /** Sends `asker.request`. Only while it is open. */
  send(asker: Asker): void {
    this.#asked = (this.#asked + 1) % numberLimit;
    // First: the socket may fail while it takes the request, and whoever waits is told.
    this.#waiting.push(asker);
    this.#protocol.write(this.#outbox as Outbox, asker.request, this.#asked);
  }

  receive(chunk: Buffer): void {
    const bytes = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    let start = 0;
    while (start < bytes.length && this.#fault === undefined) {
      const asker = this.#waiting.first;
      const number = (this.#answered + 1) % numberLimit;
      const reply = asker === undefined ? outOfStep() : this.#protocol.read(bytes, start, asker.request, number);
      if (reply === undefined) break;
      if (reply.kind === 'fault') this.fail(outOfStep(), reply);
      else {
        start = reply.end;
        this.#answered = number;
        this.#waiting.shift();
        asker?.answered(reply);
      }
    }
    this.#unread = start === bytes.length ? nothing : bytes.subarray(start);
  }

  /** Gives it up: whoever waits is told, the first perhaps with a reason of its own, and the socket is destroyed. */
  fail(fault: Fault, first: Fault = fault): void {
    if (this.#fault !== undefined) return;
    this.#fault = fault;
    this.#ends.destroy(fault);
    let reason = first;
    for (const asker of this.#waiting.takeAll()) {
      asker.failed(reason);
      reason = fault;
    }
  }
}
