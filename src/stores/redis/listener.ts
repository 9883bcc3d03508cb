import { createSubscribers } from '../subscribers.ts';
import type { Ear } from './adapter.ts';
import { isErrorReply } from './failures.ts';

export interface Listener {
  subscribe(key: string, onChange: () => void): Disposable;
  /** The server does not let this user listen. */
  readonly isDeaf: boolean;
  close(): void;
}

/**
 * One channel for the whole store, on one connection, opened for the first subscriber. The message is the key; who wants to
 * know is found here, so a subscription costs no request.
 */
export function createListener(openEar: (ear: Ear) => { close(): void }, onDeaf: (error: unknown) => void): Listener {
  const subscribers = createSubscribers();
  let open: { close(): void } | undefined;
  let isDeaf = false;
  let isClosed = false;

  const ear: Ear = {
    hear: subscribers.tell,
    onListening() {
      isDeaf = false;
      subscribers.tellAll();
    },
    onRefused(error) {
      if (isDeaf || !isErrorReply(error)) return;
      isDeaf = true;
      subscribers.tellAll();
      onDeaf(error);
    },
    onEnd() {
      open = undefined;
    },
  };

  return {
    subscribe(key, onChange) {
      const subscription = subscribers.add(key, onChange);
      if (!isClosed) open ??= openEar(ear);
      return subscription;
    },
    get isDeaf() {
      return isDeaf;
    },
    close() {
      isClosed = true;
      open?.close();
    },
  };
}
