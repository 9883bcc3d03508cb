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

/** Starts to connect. `onFault` is called once, when that connection is of no more use. */
export type OpenConnection = (onFault: (fault: Fault) => void) => Connection;

/** `load` is called when a connection is first needed. */
export function linkTo(address: Address, load: () => Promise<OpenConnection>): Link {
  let openConnection: OpenConnection | undefined;
  let current: Connection | undefined;
  let open: Connection | undefined;
  let isClosed = false;

  async function loaded(call: Call): Promise<OpenConnection> {
    const startMs = performance.now();
    const opener = await load();
    call.untilMs += performance.now() - startMs; // the server had no part in that
    return opener;
  }

  function connection(connect: OpenConnection): Connection {
    if (current !== undefined) return current;
    const made = connect(() => {
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
    async connect(call) {
      openConnection ??= await loaded(call);
      if (isClosed) return closed();
      const made = connection(openConnection);
      return new Promise((resolve) => {
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
