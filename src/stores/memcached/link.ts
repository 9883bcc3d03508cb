import type { Address } from './addresses.ts';
import { type Call, leftMs, watch } from './call.ts';
import { type Connection, type Credentials, openConnection } from './connection.ts';
import { closed, type Fault, noConnection } from './fault.ts';

/** The way to one server: a connection, and after a fault another one, made when it is next needed. */
export interface Link extends Address {
  /** The open connection, if there is one. */
  readonly open: Connection | undefined;
  /** The open connection; connects if need be, until the end of `call`. */
  connect(call: Call): Promise<Connection | Fault>;
  close(): void;
}

export function linkTo(address: Address, credentials: Credentials | undefined): Link {
  let current: Connection | undefined;
  let open: Connection | undefined;
  let isClosed = false;

  function connection(): Connection {
    if (current !== undefined) return current;
    const made = openConnection(address, credentials, () => {
      if (current === made) current = open = undefined;
    });
    current = made;
    made.whenSettled((fault) => {
      if (fault === undefined) open = made;
    });
    return made;
  }

  return {
    ...address,
    get open() {
      return open;
    },
    connect(call) {
      return new Promise((resolve) => {
        if (isClosed) return resolve(closed());
        const made = connection();
        const stop = watch(call, leftMs(call), () => made.fail(noConnection(call.timeoutMs)));
        made.whenSettled((fault) => {
          stop();
          resolve(fault ?? made);
        });
      });
    },
    close() {
      isClosed = true;
      current?.fail(closed());
    },
  };
}
