/** Who wants to hear about which key. For stores whose backend tells all changes on one channel. */
export interface Subscribers {
  /** Nobody is listening. */
  readonly isEmpty: boolean;
  add(key: string, onChange: () => void): Disposable;
  /** `key` has changed. */
  tell(key: string): void;
  /** Anything may have changed: the channel was silent for a while. */
  tellAll(): void;
}

export function createSubscribers(): Subscribers {
  const byKey = new Map<string, Set<() => void>>();

  return {
    get isEmpty() {
      return byKey.size === 0;
    },
    add(key, onChange) {
      // A function of its own, so that one listener subscribed twice is called twice and disposed one by one.
      const listener = (): void => onChange();
      const listeners = byKey.get(key) ?? new Set();
      byKey.set(key, listeners.add(listener));
      return {
        [Symbol.dispose]: () => {
          listeners.delete(listener);
          if (listeners.size === 0 && byKey.get(key) === listeners) byKey.delete(key);
        },
      };
    },
    tell: (key) => callEach(byKey.get(key)),
    tellAll() {
      for (const listeners of [...byKey.values()]) callEach(listeners);
    },
  };
}

function callEach(listeners: Set<() => void> = new Set()): void {
  for (const listener of [...listeners]) {
    if (!listeners.has(listener)) continue;
    try {
      listener();
    } catch {
      // Called from a socket's event: thrown on, it would end the process, and the next listener would not hear.
    }
  }
}
