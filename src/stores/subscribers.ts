import type { Entry } from '../lock/store.ts';

/** Called when a key has changed, with what stands there now where that is known. */
export type OnChange = (now?: Entry) => void;

/** Who wants to hear about which key. For stores whose backend tells all changes on one channel. */
export interface Subscribers {
  /** Nobody is listening. */
  readonly isEmpty: boolean;
  /** Somebody listens to `key`. */
  has(key: string): boolean;
  /** What somebody listens to. */
  keys(): Iterable<string>;
  add(key: string, onChange: OnChange): Disposable;
  /** `key` has changed, and `now` stands there; without it: nothing, or it is not known what. */
  tell(key: string, now?: Entry): void;
  /** Anything may have changed: the channel was silent for a while. */
  tellAll(): void;
}

export function createSubscribers(): Subscribers {
  const byKey = new Map<string, Set<OnChange>>();

  return {
    get isEmpty() {
      return byKey.size === 0;
    },
    has: (key) => byKey.has(key),
    keys: () => byKey.keys(),
    add(key, onChange) {
      // A function of its own, so that one listener subscribed twice is called twice and disposed one by one.
      const listener: OnChange = (now) => onChange(now);
      const listeners = byKey.get(key) ?? new Set();
      byKey.set(key, listeners.add(listener));
      return {
        [Symbol.dispose]: () => {
          listeners.delete(listener);
          if (listeners.size === 0 && byKey.get(key) === listeners) byKey.delete(key);
        },
      };
    },
    tell: (key, now) => callEach(byKey.get(key), now),
    tellAll() {
      for (const listeners of [...byKey.values()]) callEach(listeners);
    },
  };
}

function callEach(listeners: ReadonlySet<OnChange> = new Set(), now?: Entry): void {
  for (const listener of [...listeners]) {
    if (!listeners.has(listener)) continue;
    try {
      listener(now);
    } catch {
      // Called from a socket's event: thrown on, it would end the process, and the next listener would not hear.
    }
  }
}
