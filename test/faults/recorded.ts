import { decodeRecord } from '../../src/lock/record.ts';
import type { LockStore } from '../../src/lock/store.ts';
import { sharedClockMs } from './history.ts';

/** Tells of each write by which the store confirmed an entry of this process, with the time before the request. */
export function recorded(store: LockStore, namespace: string, confirmed: (resource: string, at: number) => void): LockStore {
  const prefix = `${namespace}:`;
  async function told<T>(key: string, value: string, write: () => Promise<T | undefined>): Promise<T | undefined> {
    const at = sharedClockMs();
    const version = await write();
    const isMine = decodeRecord(value)?.holders.some(({ pid, minHold }) => pid === process.pid && !minHold) ?? false;
    const resource = key.slice(prefix.length);
    if (version !== undefined && isMine && !resource.includes(':')) confirmed(resource, at);
    return version;
  }
  return {
    ...store,
    // A getter of the store, which spreading would freeze.
    get traits() {
      return store.traits;
    },
    create: (key, value, ttlMs) => told(key, value, () => store.create(key, value, ttlMs)),
    replace: (key, value, version, ttlMs) => told(key, value, () => store.replace(key, value, version, ttlMs)),
  };
}
