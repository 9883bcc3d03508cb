import { randomUUID } from 'node:crypto';
import type { LockStore } from '../lock/store.ts';
import type { Stage } from './behaviour.ts';

/** A stage, and the hand that clears it. */
export interface OpenStage extends Stage {
  /** Closes every connection that was opened. */
  close(): Promise<void>;
}

/** Opens four connections with `create`. Keys lie in the namespace `prefix`. */
export async function openStage(
  create: () => LockStore | Promise<LockStore>,
  prefix = `suite-${randomUUID().slice(0, 8)}`,
): Promise<OpenStage> {
  const opened: LockStore[] = [];
  let keys = 0;
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
    freshKey() {
      keys += 1;
      return `${prefix}:key-${keys}`;
    },
    async close() {
      await Promise.all(opened.map((store) => store.close()));
    },
  };
}
