import { decodeRecord, type Entrant } from '../../src/lock/record/record.ts';
import type { Entry, LockStore } from '../../src/lock/store.ts';
import { sharedClockMs } from './history.ts';
import { terms } from './terms.ts';

/** Hears what the store said was done, or may have been without an answer, and from when until when it was asked. */
type Heard = (what: 'confirmed' | 'removed' | 'doubted', resource: string, at: number, until: number) => void;

/** The store on memcached asks again after half of a call's time: a busy machine is enough for the first answer to come too late. */
const asksAgainMs = terms.timeoutMs / 2;

/**
 * Tells of each write by which the store confirmed an entry of this process, of each record that it removed, and of each entry
 * that is there without an answer: somebody else let this process in, or the answer to its own write was lost. Such a one counts
 * from before the last answer that did not show it.
 */
export function recorded(store: LockStore, namespace: string, heard: Heard, nowMs: () => number = sharedClockMs): LockStore {
  const resourceOf = (key: string): string => key.slice(namespace.length + 1);
  const notBefore = new Map<string, number>();
  /** The tokens of this process that it has been told of, by key. */
  const known = new Map<string, Set<string>>();
  /** More than one where a release was lost, and somebody let this process in beside what it left. */
  const mineIn = (value: string) => decodeRecord(value)?.holders.filter(({ pid }) => pid === process.pid) ?? [];
  function learn(key: string, entrants: readonly Entrant[]): void {
    known.set(key, new Set([...(known.get(key) ?? []), ...entrants.map(({ token }) => token)]));
  }
  async function told<T>(what: 'confirmed' | 'removed', key: string, call: () => Promise<T>): Promise<T> {
    const at = nowMs();
    const answer = await call();
    const until = nowMs();
    if (answer !== undefined && answer !== false) heard(what, resourceOf(key), at, until);
    else if (until - at >= asksAgainMs) heard('doubted', resourceOf(key), at, until);
    return answer;
  }
  function looked(key: string, entry: Entry | undefined, at: number): void {
    const mine = entry === undefined ? [] : mineIn(entry.value);
    const isNew = mine.some(({ token, beat }) => beat === 0 || !known.get(key)?.has(token));
    if (isNew) heard('confirmed', resourceOf(key), notBefore.get(key) ?? at, nowMs());
    else notBefore.set(key, at);
    learn(key, mine);
  }
  async function written<T>(key: string, value: string, call: () => Promise<T>): Promise<T> {
    const answer = await told('confirmed', key, call);
    if (answer !== undefined) learn(key, mineIn(value));
    return answer;
  }
  /** Nobody had changed the record, in which this process was not. */
  async function unchanged<T>(key: string, call: () => Promise<T>): Promise<T> {
    const at = nowMs();
    const answer = await call();
    if (answer !== undefined) notBefore.set(key, at);
    return answer;
  }
  /** A sharer that leaves writes a record without itself. */
  const isMine = (value: string): boolean => mineIn(value).length > 0;
  const { append, subscribe } = store;
  return {
    ...store,
    // A getter of the store, which spreading would freeze.
    get traits() {
      return store.traits;
    },
    async read(key) {
      const at = nowMs();
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
          if (now !== undefined && isMine(now.value)) looked(key, now, nowMs());
          onChange(now);
        }),
    }),
  };
}
