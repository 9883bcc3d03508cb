import { randomUUID } from 'node:crypto';
import { recordKey } from '../lock/keys.ts';
import { createLocker, type ResourceLocker } from '../lock/locker.ts';
import type { LockStore } from '../lock/store.ts';
import type { Stage } from './behaviour.ts';

/** A stage, and the hand that clears it. */
export interface OpenStage extends Stage {
  /** Closes every locker and every connection that was opened. */
  close(): Promise<void>;
}

/** Opens four connections with `create`. Keys lie in the namespace `prefix`. */
export async function openStage(
  create: () => LockStore | Promise<LockStore>,
  prefix = `suite-${randomUUID().slice(0, 8)}`,
): Promise<OpenStage> {
  const opened: LockStore[] = [];
  const lockers: ResourceLocker[] = [];
  let names = 0;
  const freshName = (): string => {
    names += 1;
    return `table_${names}`;
  };
  const connect = async (): Promise<LockStore> => {
    const store = await create();
    opened.push(store);
    return store;
  };
  const stores = [await connect(), await connect(), await connect(), await connect()] as const;
  return {
    stores,
    traits: stores[0].traits,
    connect,
    locker(store, options) {
      const locker = createLocker({ store, namespace: prefix, onStoreDown: 'throw', ...options });
      lockers.push(locker);
      return locker;
    },
    freshName,
    freshKey: () => `${prefix}:${freshName()}`,
    keyOf: (resource) => recordKey(prefix, undefined, resource),
    async close() {
      await Promise.allSettled(lockers.map((locker) => locker.close()));
      await Promise.all(opened.map((store) => store.close()));
    },
  };
}
