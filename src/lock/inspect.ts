import { wishKey } from './keys.ts';
import { decodeRecord, type Entrant, type Holder, toHolder } from './record.ts';
import type { Entry, LockStore } from './store.ts';

/** Who holds a resource, then who is next in line. A record that cannot be read names nobody. Rejects with `StoreUnavailableError`. */
export async function holdersAt(store: LockStore, key: string, resource: string): Promise<readonly Holder[]> {
  const [record, wish] = await Promise.all([store.read(key), store.read(wishKey(key))]);
  return [
    ...entrantsIn(record).map((holder) => toHolder(resource, holder)),
    ...entrantsIn(wish).map((waiter) => toHolder(resource, waiter, true)),
  ];
}

function entrantsIn(entry: Entry | undefined): readonly Entrant[] {
  return entry === undefined ? [] : (decodeRecord(entry.value)?.holders ?? []);
}
