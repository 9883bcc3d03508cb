import { removeShown } from '../lock/api/removal.ts';
import type { Holder } from '../lock/holder.ts';
import { keyOn } from '../lock/record/keys.ts';
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

/** Removal by version, so that it can never hit a newer holder's lock. */
export function storeUnlock({ store, namespace = 'giveway', environment }: StoreUnlockOptions): Unlock {
  return async (resource, tokens) =>
    (await removeShown(store, keyOn(store.traits, namespace, environment, resource), tokens)) === 'removed';
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
