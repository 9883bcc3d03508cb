import { setImmediate } from 'node:timers/promises';
import type { PgPoolClient } from './pool.ts';

/** A connection on loan from a pool. While on loan nobody else listens to it, and an error event without a listener ends the process. */
export interface Loan<C extends PgPoolClient = PgPoolClient> {
  readonly client: C;
  /** How its session ended, if it did: the first that was heard of it, which is the server's own word where it sent one. */
  readonly ended: Error | undefined;
  /** A statement was told of the end before the connection itself was. */
  hear(end: Error): void;
  /** `error`, or how the session ended where it only says that there is no connection. */
  behind(error: unknown): unknown;
  /** Lets the event loop read what has arrived: a process that was busy may not have heard of the end. */
  settled(): Promise<void>;
  /** Back to the pool; one that has ended, or of which `broken` says why, is destroyed. After the first time nothing happens. */
  giveBack(broken?: Error | boolean): void;
}

/** A `Pool` of `pg` hands out by a callback, too; one that is made like it may only promise. */
type Connect<C> = (handOut: (error: Error | undefined, client?: C) => void) => Promise<C | undefined> | undefined;

/**
 * Borrows a connection, listened to from the moment at which the pool lets go of it: by a callback, since what the server sends in one packet with its
 * greeting, be it a farewell, is read before a promise is looked at.
 */
export function borrow<C extends PgPoolClient>(pool: { connect(): Promise<C> }): Promise<Loan<C>> {
  return new Promise((resolve, reject) => {
    let loan: Loan<C> | undefined;
    const take = (client: C): void => {
      loan ??= lend(client);
      resolve(loan);
    };
    const promised = (pool.connect as Connect<C>).call(pool, (error, client) => (client === undefined ? reject(error) : take(client)));
    promised?.then((client) => client !== undefined && take(client), reject);
  });
}

function lend<C extends PgPoolClient>(client: C): Loan<C> {
  let ended: Error | undefined;
  let isBack = false;
  const hear = (end: Error): void => {
    ended ??= end;
  };
  client.on('error', hear);
  return {
    client,
    get ended() {
      return ended;
    },
    hear,
    behind(error) {
      const { message } = (error ?? {}) as { message?: unknown };
      const isBare = /^(?:Connection terminated|Client has encountered a connection error)/.test(String(message));
      return isBare ? (ended ?? error) : error;
    },
    async settled() {
      // The first may come before the sockets are looked at, the second not.
      for (let turn = 0; turn < 2; turn++) await setImmediate();
    },
    giveBack(broken) {
      if (isBack) return;
      isBack = true;
      client.release(ended ?? broken);
      client.removeListener('error', hear);
    },
  };
}
