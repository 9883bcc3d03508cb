import { decodeRecord } from '../../src/lock/record/record.ts';
import type { Entry, LockStore } from '../../src/lock/store.ts';
import { sharedClockMs } from './history.ts';

/** Hears what the store said was done, and from when until when it was asked. */
type Heard = (what: 'confirmed' | 'removed', resource: string, at: number, until: number) => void;

/**
 * Tells of each write by which the store confirmed an entry of this process, of each record that it removed, and of each entry
 * that is there without an answer: somebody else let this process in, or the answer to its own write was lost. Such a one counts
 * from before the last answer that did not show it.
 */
export function recorded(store: LockStore, namespace: string, heard: Heard): LockStore {
  const resourceOf = (key: string): string => key.slice(namespace.length + 1);
  const notBefore = new Map<string, number>();
  const confirmed = new Map<string, string>();
  const mineIn = (value: string) => decodeRecord(value)?.holders.find(({ pid }) => pid === process.pid);
  async function told<T>(what: 'confirmed' | 'removed', key: string, call: () => Promise<T>): Promise<T> {
    const at = sharedClockMs();
    const answer = await call();
    if (answer !== undefined && answer !== false) heard(what, resourceOf(key), at, sharedClockMs());
    return answer;
  }
  function looked(key: string, entry: Entry | undefined, at: number): void {
    const mine = entry === undefined ? undefined : mineIn(entry.value);
    if (mine === undefined) notBefore.set(key, at);
    else if (mine.beat === 0 || mine.token !== confirmed.get(key)) {
      confirmed.set(key, mine.token);
      heard('confirmed', resourceOf(key), notBefore.get(key) ?? at, sharedClockMs());
    }
  }
  async function written<T>(key: string, value: string, call: () => Promise<T>): Promise<T> {
    const answer = await told('confirmed', key, call);
    const token = mineIn(value)?.token;
    if (answer !== undefined && token !== undefined) confirmed.set(key, token);
    return answer;
  }
  /** Nobody had changed the record, in which this process was not. */
  async function unchanged<T>(key: string, call: () => Promise<T>): Promise<T> {
    const at = sharedClockMs();
    const answer = await call();
    if (answer !== undefined) notBefore.set(key, at);
    return answer;
  }
  /** A sharer that leaves writes a record without itself. */
  const isMine = (value: string): boolean => mineIn(value) !== undefined;
  const { append, subscribe } = store;
  return {
    ...store,
    // A getter of the store, which spreading would freeze.
    get traits() {
      return store.traits;
    },
    async read(key) {
      const at = sharedClockMs();
      const entry = await store.read(key);
      looked(key, entry, at);
      return entry;
    },
    create: (key, value, ttlMs) => written(key, value, () => store.create(key, value, ttlMs)),
    replace(key, value, version, ttlMs) {
      const replace = () => store.replace(key, value, version, ttlMs);
      return isMine(value) ? written(key, value, replace) : unchanged(key, replace);
    },
    remove: (key, version) => told('removed', key, () => store.remove(key, version)),
    ...(append && { append: (key, text, version) => unchanged(key, () => append.call(store, key, text, version)) }),
    ...(subscribe && {
      subscribe: (key, onChange) =>
        subscribe.call(store, key, (now) => {
          if (now !== undefined && isMine(now.value)) looked(key, now, sharedClockMs());
          onChange(now);
        }),
    }),
  };
}
