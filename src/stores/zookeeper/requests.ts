import { closedError } from '../closed.ts';
import { timeLimit } from '../deadlines.ts';
import type { ZookeeperClient } from './client.ts';
import { explain, isLoss } from './failures.ts';
import type { Session } from './session.ts';

/** What a request came to. */
interface Answer<T> {
  readonly reply: T;
  /** The connection broke meanwhile: it was sent twice, and may have been done by the first. */
  readonly isRepeated: boolean;
}

/** Sends one request, or several together, in order. Rejects as the client does. */
export type Ask = <T>(send: (client: ZookeeperClient) => Promise<T>) => Promise<Answer<T>>;

export interface Requests {
  /** Runs one operation, of one request or several, within the deadline; whatever goes wrong is a `StoreUnavailableError`. */
  run<T>(operation: (ask: Ask) => Promise<T>): Promise<T>;
  /** From now on every operation is refused. */
  close(): void;
}

/** A third loss within one deadline is no accident. */
const mostLosses = 3;

export function createRequests(session: Session, root: string, timeoutMs: number): Requests {
  const limit = timeLimit(timeoutMs, 'ZooKeeper');
  let isClosed = false;

  function askFor(call: Call): Ask {
    return async (send) => {
      for (let sends = 1; ; sends += 1) {
        const client = await session.untilReady(call);
        // The caller was told that there is no answer. What it asked for must not happen afterwards.
        if (call.isOver) throw new Error('connected too late');
        try {
          const reply = await send(client);
          session.note('answer');
          return { reply, isRepeated: sends > 1 };
        } catch (error) {
          if (!isLoss(error)) session.note('answer');
          if (!isLoss(error) || call.isOver || sends === mostLosses) throw error;
          // The client is told of the loss before it knows that it is not connected.
          await new Promise(setImmediate);
        }
      }
    };
  }

  return {
    async run(operation) {
      if (isClosed) throw closedError('ZooKeeper');
      let isConnected = true;
      const call: Call = { isOver: false, onGiveUp: () => {} };
      try {
        return await limit(operation(askFor(call)), () => {
          call.isOver = true;
          isConnected = session.isConnected;
          call.onGiveUp();
          session.note('silence');
        });
      } catch (error) {
        throw explain(error, { isConnected, timeoutMs, root });
      }
    },
    close() {
      isClosed = true;
      session.close();
    },
  };
}

interface Call {
  isOver: boolean;
  onGiveUp: () => void;
}
