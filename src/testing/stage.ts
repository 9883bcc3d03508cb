import { randomUUID } from 'node:crypto';
import { createLocker, type ResourceLocker } from '../lock/api/locker.ts';
import { keyOn } from '../lock/record/keys.ts';
import type { LockStore } from '../lock/store.ts';
import type { Stage } from './behaviour.ts';

/** A stage, and the hand that clears it. */
export interface OpenStage extends Stage {
  /** Closes every locker and every connection that was opened. */
  close(): Promise<void>;
}

/** Opens four connections with `create`; if one fails, closes those before it. Keys lie in the namespace `prefix`. */
export async function openStage(
  create: () => LockStore | Promise<LockStore>,
  prefix = `suite-${randomUUID().slice(0, 8)}`,
): Promise<OpenStage> {
  const opened: LockStore[] = [];
  const lockers: ResourceLocker[] = [];
  let names = 0;
  const freshName = (): string => {
    names += 1;
    // Where a name is the key, nothing else keeps runs apart.
    return `${opened[0]?.traits.exactNames ? `${prefix}_` : ''}table_${names}`;
  };
  const connect = async (): Promise<LockStore> => {
    const store = await create();
    opened.push(store);
    return store;
  };
  const close = async (): Promise<void> => {
    await Promise.allSettled(lockers.map((locker) => locker.close()));
    await Promise.all(opened.map(async (store) => store.close()));
  };
  const stores = await connectFour(connect).catch(async (error: unknown) => {
    await close().catch(() => {}); // what matters is why it could not be opened
    throw error;
  });
  return {
    stores,
    traits: stores[0].traits,
    connect,
    locker(store, options) {
      const apart = store.traits.exactNames ? {} : { namespace: prefix };
      const locker = createLocker({ store, ...apart, onStoreDown: 'throw', ...options });
      lockers.push(locker);
      return locker;
    },
    freshName,
    freshKey: () => `${prefix}:${freshName()}`,
    keyOf: (resource) => keyOn(stores[0].traits, prefix, undefined, resource),
    close,
  };
}

async function connectFour(connect: () => Promise<LockStore>): Promise<Stage['stores']> {
  return [await connect(), await connect(), await connect(), await connect()];
}
