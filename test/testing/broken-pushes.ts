import type { LockStore } from '../../src/lock/store.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { type BrokenStore, broken } from './broken.ts';

/** Stores whose `subscribe` is not what it should be. */
export const brokenPushes: readonly BrokenStore[] = [
  broken('hears only the changes of its own connection', ['push', 'push-dispose'], () => {
    const own = memoryStore();
    return { subscribe: (key, onChange) => own.subscribe?.(key, onChange) ?? { [Symbol.dispose]: () => {} } };
  }),
  broken('a disposed subscription goes on', ['push-dispose'], ({ subscribe }) => ({
    subscribe: (key, onChange) => {
      subscribe?.(key, onChange);
      return { [Symbol.dispose]: () => {} };
    },
  })),
  broken('pushes a version that is good for nothing', ['push-entry'], ({ subscribe }) => ({
    subscribe: (key, onChange) => subscribed(subscribe, key, (now) => onChange(now && { ...now, version: {} })),
  })),
  broken('pushes texts that nobody wrote', ['push-entry'], ({ subscribe }) => ({
    subscribe: (key, onChange) => subscribed(subscribe, key, (now) => onChange(now && { ...now, value: now.value.slice(1) })),
  })),
  broken('pushes the text of one write with the version of the next', ['push-entry'], ({ subscribe }) => ({
    subscribe: (key, onChange) => {
      let before = 'value 0';
      return subscribed(subscribe, key, (now) => {
        onChange(now && { ...now, value: before });
        before = now?.value ?? before;
      });
    },
  })),
];

function subscribed(subscribe: LockStore['subscribe'], ...args: Parameters<NonNullable<LockStore['subscribe']>>): Disposable {
  return subscribe?.(...args) ?? { [Symbol.dispose]: () => {} };
}
