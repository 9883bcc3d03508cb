import { closedError } from '../closed.ts';
import type { ZookeeperClient, ZookeeperState } from './client.ts';
import { forgetHalfReplies, leave, letProcessEnd } from './mending.ts';

/** A client that is connected, and another one when it has ended for good. */
export interface Session {
  readonly isConnected: boolean;
  /** The client if it is connected; if there is none, one begins to connect. */
  current(): ZookeeperClient | undefined;
  /** Resolves once a request can be sent at once. Rejects if there will be no connection any more. */
  untilReady(wait: { onGiveUp: () => void }): Promise<ZookeeperClient>;
  /** A request was answered, or its deadline passed without. */
  note(outcome: 'answer' | 'silence'): void;
  close(): void;
}

/**
 * Follows a client's states. Requests wait here for a connection, and not in the client's queue, from where they would be
 * sent minutes after their caller has given up.
 *
 * A client whose session expired stays dead, and one whose server falls silent, connected or while it greets, waits for a quarter
 * of an hour or for ever. Of a function we then ask another one, after `patienceMs`: nothing of ours belongs to the session.
 * `isWatched` tells whether anybody waits to be pushed to, who sends nothing and so asks for no client.
 */
export function keepSession(
  given: ZookeeperClient | (() => ZookeeperClient),
  patienceMs: number,
  onReady: (client: ZookeeperClient, isAnother: boolean) => void,
  isWatched: () => boolean,
): Session {
  const waiting = new Set<{ resolve: () => void; reject: (error: unknown) => void }>();
  let client: ZookeeperClient | undefined;
  let isAnother = true;
  let silentSinceMs: number | undefined;
  let endedBy: unknown;
  /** Why the last client was turned away, until somebody has been told. */
  let refusedBy: unknown;

  function follow(): ZookeeperClient {
    client = typeof given === 'function' ? given() : given;
    isAnother = !isConnected();
    silentSinceMs = undefined;
    client.on('state', onState);
    forgetHalfReplies(client);
    if (typeof given === 'function') client.connect();
    return client;
  }

  function onState({ name }: ZookeeperState): void {
    if (client === undefined) return;
    if (name === 'SYNC_CONNECTED') {
      if (typeof given === 'function') letProcessEnd(client);
      for (const { resolve } of waiting) resolve();
      waiting.clear();
      onReady(client, isAnother);
      isAnother = false;
    }
    if (name === 'EXPIRED') {
      if (typeof given === 'function') replace();
      else end(Object.assign(new Error('SESSION_EXPIRED'), { code: -112 }));
    }
    if (name === 'AUTH_FAILED') turnAway(Object.assign(new Error('AUTH_FAILED'), { code: -115 }));
  }

  /** Another client of a function would be turned away too, so none is asked for until somebody needs one. */
  function turnAway(error: Error): void {
    if (typeof given !== 'function') {
      end(error);
      return;
    }
    refusedBy = error;
    drop();
    rejectAll(error);
  }

  /** The client is of no use any more, and there will be no other. */
  function end(error: unknown): void {
    endedBy = error;
    rejectAll(error);
  }

  /** Another client, at once if somebody waits; else the next who needs one asks for it. */
  function replace(): void {
    drop();
    if (waiting.size > 0 || isWatched()) tryToFollow();
  }

  /** From an event, or for one who cannot be told: the next who asks for something is told what a function threw. */
  function tryToFollow(): void {
    try {
      follow();
    } catch {}
  }

  function drop(endClient = leave): void {
    client?.removeListener('state', onState);
    if (typeof given === 'function' && client !== undefined) endClient(client);
    client = undefined;
  }

  function rejectAll(error: unknown): void {
    for (const { reject } of waiting) reject(error);
    waiting.clear();
  }

  const isConnected = (): boolean => client?.getState().name === 'SYNC_CONNECTED';
  // A client that is the caller's may be connected already.
  if (typeof given !== 'function') follow();

  return {
    get isConnected() {
      return isConnected();
    },
    current() {
      if (endedBy === undefined && client === undefined) tryToFollow();
      return isConnected() ? client : undefined;
    },
    async untilReady(wait) {
      for (;;) {
        const reason = endedBy ?? refusedBy;
        refusedBy = undefined;
        if (reason !== undefined) throw reason;
        const current = client ?? follow();
        if (isConnected()) return current;
        await new Promise<void>((resolve, reject) => {
          const waiter = { resolve, reject };
          waiting.add(waiter);
          wait.onGiveUp = () => waiting.delete(waiter);
        });
      }
    },
    note(outcome) {
      const nowMs = performance.now();
      silentSinceMs = outcome === 'answer' ? undefined : (silentSinceMs ?? nowMs);
      if (silentSinceMs === undefined || nowMs - silentSinceMs < patienceMs || typeof given !== 'function') return;
      replace();
    },
    close() {
      end(closedError('ZooKeeper'));
      if (isConnected()) drop((connected) => connected.close());
      else drop();
    },
  };
}
