import type { Address } from './addresses.ts';
import { type Call, leftMs, watch } from './call.ts';
import type { Connection } from './connection.ts';
import { closed, type Fault } from './fault.ts';

/** The way to one server: a connection, and after a fault another one, made when it is next needed. */
export interface Link extends Address {
  /** The open connection, if there is one. */
  readonly open: Connection | undefined;
  /** The open connection; connects if need be, until the end of `call`. */
  connect(call: Call): Promise<Connection | Fault>;
  close(): void;
}

/** `openConnection` starts to connect; its argument is called once, when that connection is of no more use. */
export function linkTo(address: Address, openConnection: (onFault: (fault: Fault) => void) => Connection): Link {
  let current: Connection | undefined;
  let open: Connection | undefined;
  let isClosed = false;

  function connection(): Connection {
    if (current !== undefined) return current;
    const made = openConnection(() => {
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
        const stop = watch(call, leftMs(call), () => made.timeOut(call.timeoutMs));
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
