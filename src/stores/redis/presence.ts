import type { Adapter } from './adapter.ts';
import type { RedisClient, RedisEventListener } from './client.ts';
import { isErrorReply } from './replies.ts';

/** Whether the client is connected, and what has become of it so far. */
export interface Presence {
  /** Grows whenever a connection breaks. Clients send again then what was not answered, and some do so unseen. */
  readonly losses: number;
  readonly lastError: unknown;
  readonly isTurnedAway: boolean;
  readonly wasReady: boolean;
  /** Resolves once a command can be sent at once. Rejects if the server refuses the login, or the client has ended. */
  untilReady(wait: { onGiveUp: () => void }): Promise<void>;
  /** Listens to the client no more. */
  leave(): void;
}

/**
 * Follows a client's events. Commands wait here for a connection, and not in the client's queue, from where they would be
 * sent minutes after their caller has given up.
 */
export function followClient(client: RedisClient, adapter: Adapter): Presence {
  const waiting = new Set<{ resolve: () => void; reject: (error: unknown) => void }>();
  let losses = 0;
  let wasReady = adapter.state === 'ready';
  let lastError: unknown;

  const listeners: Record<string, RedisEventListener> = {
    ready: noteReady,
    connect: noteReady, // all that a cluster of node-redis says; others say it too early
    error(error) {
      lastError = error;
      if (isErrorReply(error) && adapter.state !== 'ready') rejectAll(error);
    },
    close: noteLoss,
    reconnecting: noteLoss,
    '-node': noteLoss, // a cluster of ioredis that still has other nodes; it sends again by itself
    end: () => rejectAll(closedError()),
  };
  for (const [event, listener] of Object.entries(listeners)) client.on(event, listener);

  function noteReady(): void {
    if (adapter.state !== 'ready') return;
    lastError = undefined;
    wasReady = true;
    for (const { resolve } of waiting) resolve();
    waiting.clear();
  }

  function noteLoss(): void {
    losses += 1;
  }

  function rejectAll(error: unknown): void {
    for (const { reject } of waiting) reject(error);
    waiting.clear();
  }

  const closedError = (): unknown => lastError ?? new Error('The client is closed');

  return {
    get losses() {
      return losses;
    },
    get lastError() {
      return lastError;
    },
    get isTurnedAway() {
      return !wasReady && losses > 0;
    },
    get wasReady() {
      return wasReady;
    },
    async untilReady(wait) {
      adapter.wake();
      while (adapter.state !== 'ready') {
        if (adapter.state === 'closed') throw closedError();
        await new Promise<void>((resolve, reject) => {
          const waiter = { resolve, reject };
          waiting.add(waiter);
          wait.onGiveUp = () => waiting.delete(waiter);
        });
      }
    },
    leave() {
      for (const [event, listener] of Object.entries(listeners)) client.removeListener(event, listener);
      rejectAll(closedError());
    },
  };
}
