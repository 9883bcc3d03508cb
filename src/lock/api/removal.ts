import { decodeRecord } from '../record/record.ts';
import type { LockStore } from '../store.ts';

/** `changed`: somebody who was not shown is in the record. `gone`: nobody holds it any more. */
export type Removal = 'removed' | 'changed' | 'gone';

const attempts = 5;

/**
 * Removes the record under `key` if nobody is in it but those who were shown, by their tokens. By version, so that it can
 * never hit a newer holder's lock. Rejects with `StoreUnavailableError`.
 */
export async function removeShown(store: LockStore, key: string, shown: readonly string[]): Promise<Removal> {
  // A heartbeat changes the version but not who holds it: then it is tried again.
  for (let attempt = 0; attempt < attempts; attempt++) {
    const entry = await store.read(key);
    if (entry === undefined) return 'gone';
    const holders = decodeRecord(entry.value)?.holders;
    if (holders?.length === 0) return 'gone';
    if (!holders?.every(({ token }) => shown.includes(token))) return 'changed';
    if (await store.remove(key, entry.version)) return 'removed';
  }
  return 'changed';
}
