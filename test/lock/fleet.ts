import { createLocker, type LockerOptions, type LockStore, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { type FaultyStore, faultyStore } from '../../src/testing/index.ts';
import { until } from '../../src/testing/waiting.ts';

const open: ResourceLocker[] = [];

/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((locker) => locker.close({ timeoutMs: 100 })));
}

/** Closed with the others. */
export function opened(options: LockerOptions): ResourceLocker {
  const locker = createLocker(options);
  open.push(locker);
  return locker;
}

/** Like a store without push. */
export function pulled(store: LockStore): LockStore {
  const { subscribe: _, ...rest } = store;
  return { ...rest, traits: { ...store.traits, pushes: false } };
}

export interface Fleet {
  readonly lockers: ResourceLocker[];
  readonly stores: FaultyStore[];
}

/** Lockers over one backend, as in processes of their own. */
export function fleet(count: number, options: Partial<LockerOptions> = {}, push = false): Fleet {
  const { clock } = options;
  const backend = memoryStore({ ...(clock && { clock }) });
  const stores = Array.from({ length: count }, () => faultyStore(push ? backend.connect() : pulled(backend.connect())));
  return { stores, lockers: stores.map((store) => opened({ store, ...options })) };
}

/** How many requests in all. */
export function sum({ read, create, replace, remove, append = 0 }: FaultyStore['calls']): number {
  return read + create + replace + remove + append;
}

/** The jobs that wait, in order. */
export async function lineOf(locker: ResourceLocker, resource: string): Promise<(string | undefined)[]> {
  const waiting = (await locker.inspect(resource)).filter(({ state }) => state === 'waiting');
  return waiting.map(({ job }) => job);
}

/** Until so many wait in the record. */
export function untilInLine(locker: ResourceLocker, resource: string, count: number): Promise<void> {
  return until(`${count} wait for ${resource}`, async () => (await lineOf(locker, resource)).length === count);
}
