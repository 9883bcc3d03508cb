import type { Holder } from '../holder.ts';
import { decodeRecord, toHolder, toWaitingHolder } from '../record/record.ts';
import type { LockStore } from '../store.ts';

/** Who holds a resource, then who waits for it, in order. A record that cannot be read names nobody. Rejects with `StoreUnavailableError`. */
export async function holdersAt(store: LockStore, key: string, resource: string): Promise<readonly Holder[]> {
  const entry = await store.read(key);
  const record = entry === undefined ? undefined : decodeRecord(entry.value);
  if (record === undefined) return [];
  return [
    ...record.holders.map((holder) => toHolder(resource, holder)),
    ...record.line.map((waiting, index) => toWaitingHolder(resource, waiting, index + 1)),
  ];
}
