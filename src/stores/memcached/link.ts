import type { Breaker } from '../breaker.ts';
import type { Address } from './addresses.ts';
import type { Asker, Connection } from './connection.ts';
import { closed, couldNotLoad } from './fault.ts';

/** Starts to connect. */
export type OpenConnection = () => Connection;

/** The way to one server: a connection, and after a fault another one, made when it is next needed. */
export class Link implements Address {
  readonly host: string;
  readonly port: number;
  readonly name: string;
  readonly breaker: Breaker | undefined;
  readonly #load: () => Promise<OpenConnection>;
  /** Who waits until there is an `openConnection`, in order. */
  #loading: Asker[] | undefined;
  #openConnection: OpenConnection | undefined;
  #current: Connection | undefined;
  #isClosed = false;

  /** `load` is called when a connection is first needed. */
  constructor({ host, port, name }: Address, breaker: Breaker | undefined, load: () => Promise<OpenConnection>) {
    this.host = host;
    this.port = port;
    this.name = name;
    this.breaker = breaker;
    this.#load = load;
  }

  /** The open connection, if there is one. */
  get open(): Connection | undefined {
    return this.#current?.isOpen ? this.#current : undefined;
  }

  /** Tells `asker` when there is an open connection; connects if need be. */
  connect(asker: Asker): void {
    if (this.#isClosed) asker.failed(closed());
    else if (this.#openConnection === undefined) {
      if (this.#loading === undefined) this.#loadFor(asker);
      else this.#loading.push(asker);
    } else {
      if (this.#current === undefined || this.#current.fault !== undefined) this.#current = this.#openConnection();
      this.#current.join(asker);
    }
  }

  async #loadFor(...askers: Asker[]): Promise<void> {
    this.#loading = askers;
    try {
      this.#openConnection = await this.#load();
      for (const asker of askers) {
        asker.untilMs = asker.dueMs = performance.now() + asker.timeoutMs; // the server had no part in that
        this.connect(asker);
      }
    } catch (error) {
      for (const asker of askers) asker.failed(couldNotLoad(error));
    }
    this.#loading = undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.#current?.fail(closed());
  }
}
