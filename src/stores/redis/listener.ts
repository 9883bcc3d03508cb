import { hearAnnouncements } from '../announcements.ts';
import { createSubscribers, type OnChange } from '../subscribers.ts';
import type { Ear } from './adapter.ts';
import { isErrorReply } from './replies.ts';
import { announcedIn } from './stored.ts';

export interface Listener {
  subscribe(key: string, onChange: OnChange): Disposable;
  /** Somebody wants to hear, and not everything is sure to be heard: who waits must look as well. */
  readonly isDeaf: boolean;
  close(): void;
}

/** A connection that breaks is soon back, and then all are told. If it takes longer, they must look themselves. */
const patienceMs = 5_000;

/**
 * One channel for the whole store, on one connection, opened for the first subscriber. The message begins with the key; who wants
 * to know is found here, so a subscription costs no request. `onForbidden`: the server does not let this user listen.
 */
export function createListener(openEar: (ear: Ear) => { close(): void }, onForbidden: (error: unknown) => void): Listener {
  const subscribers = createSubscribers();
  let open: { close(): void } | undefined;
  let isDeaf = false;
  let isForbidden = false;
  let isClosed = false;
  let patience: NodeJS.Timeout | undefined;

  function listen(): { close(): void } {
    isDeaf = true; // until it hears: a server that takes no more connections may never let it
    const opened = openEar({
      hear: hearAnnouncements(subscribers, announcedIn),
      onListening(isSure) {
        clearTimeout(patience);
        isDeaf = !isSure;
        isForbidden = false;
        subscribers.tellAll();
      },
      onLost() {
        if (isDeaf) return;
        isDeaf = true;
        patience = setTimeout(subscribers.tellAll, patienceMs).unref();
      },
      onRefused(error) {
        if (isForbidden || !isErrorReply(error)) return;
        isForbidden = true;
        onForbidden(error);
      },
      onEnd() {
        if (open !== opened) return;
        open = undefined;
        isDeaf = true;
        clearTimeout(patience);
        subscribers.tellAll();
      },
    });
    return opened;
  }

  return {
    subscribe(key, onChange) {
      const subscription = subscribers.add(key, onChange);
      if (!isClosed) open ??= listen();
      return subscription;
    },
    get isDeaf() {
      return isDeaf;
    },
    close() {
      isClosed = true;
      const last = open;
      open = undefined;
      clearTimeout(patience);
      last?.close();
    },
  };
}
