import { recordKey } from '../lock/keys.ts';
import { decodeRecord, type Holder } from '../lock/record.ts';
import type { LockStore } from '../lock/store.ts';
import { holderId } from './holder-view.ts';
import type { Inspected } from './observatory.ts';

/**
 * Removes the lock on `resource` if nobody but the holders of these tokens is in it. `false`: somebody else holds it by now,
 * or nobody. Rejects with `StoreUnavailableError`.
 */
export type Unlock = (resource: string, tokens: readonly string[]) => Promise<boolean>;

export interface StoreUnlockOptions {
  readonly store: LockStore;
  /** As the locker has them. Default `'giveway'` and none. */
  readonly namespace?: string;
  readonly environment?: string;
}

const attempts = 5;

/** Removal by version, so that it can never hit a newer holder's lock. */
export function storeUnlock({ store, namespace = 'giveway', environment }: StoreUnlockOptions): Unlock {
  return async (resource, tokens) => {
    const key = recordKey(namespace, environment, resource);
    // A heartbeat changes the version but not who holds it: then it is tried again.
    for (let attempt = 0; attempt < attempts; attempt++) {
      const entry = await store.read(key);
      const holders = entry && decodeRecord(entry.value)?.holders;
      if (entry === undefined || holders === undefined || !holders.every(({ token }) => tokens.includes(token))) return false;
      if (await store.remove(key, entry.version)) return true;
    }
    return false;
  };
}

/** Unlocks for somebody who was shown these holders, and knows them by id. */
export async function unlockShown(locker: Inspected, unlock: Unlock, resource: string, ids: readonly string[]): Promise<boolean> {
  const holders = (await locker.inspect(resource)).filter(({ state }: Holder) => state !== 'waiting');
  const wereShown = holders.length > 0 && holders.every((holder) => ids.includes(holderId(holder)));
  const [first] = holders;
  return wereShown && first !== undefined
    ? unlock(
        first.resource,
        holders.map(({ token }) => token),
      )
    : false;
}
