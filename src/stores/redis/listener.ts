import { createSubscribers } from '../subscribers.ts';
import type { Ear } from './adapter.ts';

export interface Listener {
  subscribe(key: string, onChange: () => void): Disposable;
  close(): void;
}

/**
 * One channel for the whole store, on one connection, opened for the first subscriber. The message is the key; who wants to
 * know is found here, so a subscription costs no request.
 */
export function createListener(openEar: (ear: Ear) => { close(): void }): Listener {
  const subscribers = createSubscribers();
  let open: { close(): void } | undefined;
  let isClosed = false;

  return {
    subscribe(key, onChange) {
      const subscription = subscribers.add(key, onChange);
      if (!isClosed) {
        open ??= openEar({
          hear: subscribers.tell,
          onListening: subscribers.tellAll,
          onEnd: () => {
            open = undefined;
          },
        });
      }
      return subscription;
    },
    close() {
      isClosed = true;
      open?.close();
    },
  };
}
