import { StoreUnavailableError } from '../../lock/errors.ts';
import { createDeadlines, type Timed } from '../deadlines.ts';
import type { Adapter } from './adapter.ts';
import type { RedisClient } from './client.ts';
import { explain, isErrorReply } from './failures.ts';
import { followClient } from './presence.ts';

/**
 * Makes the answer of a reply. `isRepeated`: the connection broke meanwhile; the command was sent twice, by us or by the client,
 * and may have been done by the first.
 */
type Conclude<T> = (reply: unknown, isRepeated: boolean) => T;

export interface Requests {
  /** Sends one command on `key` and answers within the deadline; whatever goes wrong is a `StoreUnavailableError`. */
  ask<T>(key: string, args: string[], conclude: Conclude<T>): Promise<T>;
  /** From now on every request is refused. The client stays as it is. */
  close(): void;
}

/** A third loss within one deadline is no accident. */
const mostLosses = 3;

export function createRequests(client: RedisClient, adapter: Adapter, timeoutMs: number): Requests {
  const presence = followClient(client, adapter);
  const deadlines = createDeadlines<Call>(timeoutMs, (call) => {
    call.isOver = true;
    call.onGiveUp();
    call.reject(explained(new StoreUnavailableError('no answer', { code: 'ERR_GIVEWAY_STORE_TIMEOUT' })));
  });
  let isClosed = false;

  function send(call: Call): void {
    // The caller was told that there is no answer. What it asked for must not happen afterwards.
    if (call.isOver) return;
    if (adapter.state !== 'ready') {
      presence.untilReady(call).then(
        () => send(call),
        (error: unknown) => fail(call, error),
      );
      return;
    }
    call.sends += 1;
    call.lossesBefore = presence.losses;
    adapter.send(call.key, call.args).then(
      (reply) => answer(call, reply),
      (error: unknown) => {
        if (isErrorReply(error) || call.sends === mostLosses || adapter.state === 'closed') fail(call, error);
        else send(call);
      },
    );
  }

  function answer(call: Call, reply: unknown): void {
    if (call.isOver) return;
    deadlines.end(call);
    try {
      call.resolve(call.conclude(reply, call.sends > 1 || presence.losses > call.lossesBefore));
    } catch (error) {
      call.reject(error);
    }
  }

  function fail(call: Call, error: unknown): void {
    if (call.isOver) return;
    call.isOver = true;
    deadlines.end(call);
    call.reject(explained(error));
  }

  function explained(error: unknown): unknown {
    const { lastError, isTurnedAway } = presence;
    return explain(error, { state: adapter.state, timeoutMs, lastError, isTurnedAway });
  }

  return {
    ask<T>(key: string, args: string[], conclude: Conclude<T>) {
      if (isClosed) return Promise.reject(new StoreUnavailableError('The redis store was closed; open another one'));
      return new Promise<T>((resolve, reject) => {
        const call = newCall(key, args, conclude, resolve as (answer: unknown) => void, reject);
        deadlines.begin(call);
        send(call);
      });
    },
    close() {
      isClosed = true;
      presence.leave();
    },
  };
}

interface Call extends Timed {
  readonly key: string;
  readonly args: string[];
  readonly conclude: Conclude<unknown>;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (reason: unknown) => void;
  sends: number;
  /** How often the connection had broken when it was last sent. */
  lossesBefore: number;
  isOver: boolean;
  onGiveUp: () => void;
}

function newCall(
  key: string,
  args: string[],
  conclude: Conclude<unknown>,
  resolve: (answer: unknown) => void,
  reject: (reason: unknown) => void,
): Call {
  return {
    older: undefined,
    newer: undefined,
    endMs: 0,
    key,
    args,
    conclude,
    resolve,
    reject,
    sends: 0,
    lossesBefore: 0,
    isOver: false,
    onGiveUp: ignore,
  };
}

function ignore(): void {}
