import { decodeRecord } from '../../src/lock/record/record.ts';
import type { LockStore } from '../../src/lock/store.ts';
import { sharedClockMs } from './history.ts';

/** Hears what the store said was done, and from when until when it was asked. */
type Heard = (what: 'confirmed' | 'removed', resource: string, at: number, until: number) => void;

/** Tells of each write by which the store confirmed an entry of this process, and of each record that it removed. */
export function recorded(store: LockStore, namespace: string, heard: Heard): LockStore {
  const resourceOf = (key: string): string => key.slice(namespace.length + 1);
  async function told<T>(what: 'confirmed' | 'removed', key: string, call: () => Promise<T>): Promise<T> {
    const at = sharedClockMs();
    const answer = await call();
    // The other keys, of wishes, have one more colon.
    if (answer !== undefined && answer !== false && !resourceOf(key).includes(':')) heard(what, resourceOf(key), at, sharedClockMs());
    return answer;
  }
  /** A sharer that leaves writes a record without itself. */
  const isMine = (value: string): boolean => decodeRecord(value)?.holders.some(({ pid }) => pid === process.pid) ?? false;
  return {
    ...store,
    // A getter of the store, which spreading would freeze.
    get traits() {
      return store.traits;
    },
    create: (key, value, ttlMs) => told('confirmed', key, () => store.create(key, value, ttlMs)),
    replace(key, value, version, ttlMs) {
      const replace = () => store.replace(key, value, version, ttlMs);
      return isMine(value) ? told('confirmed', key, replace) : replace();
    },
    remove: (key, version) => told('removed', key, () => store.remove(key, version)),
  };
}
