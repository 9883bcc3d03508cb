import { closedError } from '../closed.ts';
import { timeLimit } from '../deadlines.ts';
import type { EtcdCallOptions } from './client.ts';
import { explain, isAmbiguous } from './failures.ts';

/** What a request came to. */
interface Answer<T> {
  readonly reply: T;
  /** It was sent more than once, by us or unseen by etcd3, and may have been done by the first. */
  readonly isRepeated: boolean;
}

/** Sends one request. Rejects as the client does. */
export type Ask = <T>(send: (options: EtcdCallOptions) => Promise<T>) => Promise<Answer<T>>;

export interface Requests {
  /** Runs one operation, of one request or several, within the deadline; whatever goes wrong is a `StoreUnavailableError`. */
  run<T>(operation: (ask: Ask) => Promise<T>): Promise<T>;
  /** Sends what nobody waits for, unless the store is closed. Never rejects. */
  runAside(send: (options: EtcdCallOptions) => Promise<unknown>): void;
  /** From now on every operation is refused. Resolves when what nobody waits for is done, or its time is over. */
  close(): Promise<void>;
}

/** Each goes to a member chosen at random: three would too often all meet the one of three that is down. */
const mostSends = 8;
/**
 * What share of the deadline a request may be unanswered before it is sent again beside: a member that hangs, or whose machine is
 * gone without a word, is no reason to fail while the others work. Whichever answer comes first counts.
 */
const patience = 1 / 5;
/**
 * gRPC gives up on a request this much later than we do. Its own verdict ignores what has arrived while the process was
 * blocked, so it must not come first; it only cleans up.
 */
const abandonAfterMs = 10_000;

export function createRequests(timeoutMs: number): Requests {
  const limit = timeLimit(timeoutMs, 'etcd');
  const aside = new Set<Promise<unknown>>();
  const atGrpc = new Map<GrpcCall, Call>();
  let isClosed = false;

  /** Sends for `call`. etcd3 sends again by itself, three times by default and unseen; an interceptor is called for each. */
  async function sendFor<T>(call: Call, send: (options: EtcdCallOptions) => Promise<T>, onSend: () => void): Promise<T> {
    const own: GrpcCall[] = [];
    try {
      return await send({
        deadline: Date.now() + timeoutMs + abandonAfterMs,
        interceptors: [
          (options, nextCall) => {
            onSend();
            const sent: GrpcCall = nextCall(options);
            own.push(sent);
            atGrpc.set(sent, call);
            return sent;
          },
        ],
      });
    } finally {
      for (const sent of own) atGrpc.delete(sent);
    }
  }

  /** What gRPC still waits for keeps the process alive, though nobody waits for it any more. */
  function cancelWhatIsOver(): void {
    for (const [sent, { isOver }] of atGrpc) if (isOver) sent.cancelWithStatus(grpcCancelled, 'the store was closed');
  }

  function askFor(call: Call): Ask {
    return (send) =>
      new Promise((resolve, reject) => {
        let [sends, tries, underWay] = [0, 0, 0];
        let impatience: NodeJS.Timeout | undefined;
        const onSend = (): void => {
          // The caller was told that there is no answer. What it asked for must not happen afterwards.
          if (call.isOver) throw new Error('too late to be sent');
          sends += 1;
        };

        function trySending(): void {
          clearTimeout(impatience);
          if (call.isOver || tries === mostSends) return;
          tries += 1;
          underWay += 1;
          impatience = setTimeout(trySending, timeoutMs * patience);
          sendFor(call, send, onSend).then(
            (reply) => {
              end();
              resolve({ reply, isRepeated: sends > 1 });
            },
            (error: unknown) => {
              underWay -= 1;
              call.lastError = error;
              if (isAmbiguous(error)) trySending();
              if (isAmbiguous(error) && underWay > 0) return;
              end();
              reject(error);
            },
          );
        }

        function end(): void {
          clearTimeout(impatience);
          tries = mostSends;
        }

        trySending();
      });
  }

  return {
    async run(operation) {
      if (isClosed) throw closedError('etcd');
      const call: Call = { isOver: false, lastError: undefined };
      try {
        return await limit(operation(askFor(call)), () => {
          call.isOver = true;
        });
      } catch (error) {
        throw explain(error, timeoutMs, call.lastError);
      } finally {
        call.isOver = true;
        if (isClosed) cancelWhatIsOver();
      }
    },

    runAside(send) {
      if (isClosed) return;
      const done = sendFor(nobodys, send, ignore).then(ignore, ignore);
      aside.add(done);
      void done.then(() => aside.delete(done));
    },

    async close() {
      isClosed = true;
      await limit(Promise.all(aside), ignore).then(ignore, ignore);
      cancelWhatIsOver();
    },
  };
}

interface Call {
  isOver: boolean;
  lastError: unknown;
}

/** Nobody waits for the answer. */
const nobodys: Call = { isOver: true, lastError: undefined };

/** As gRPC's interceptors have it. */
interface GrpcCall {
  cancelWithStatus(status: number, details: string): void;
}

const grpcCancelled = 1;

function ignore(): void {}
