import type { Entry, LockStore, Version } from '../../src/lock/store.ts';
import { type MemoryStore, memoryStore } from '../../src/stores/memory.ts';

/** A store with one defect, and the behaviours of the suite that must catch it. */
export interface BrokenStore {
  readonly defect: string;
  readonly caughtBy: readonly string[];
  readonly create: () => LockStore;
}

/** A memory store, each connection with some methods changed. */
export function broken(
  defect: string,
  caughtBy: readonly string[],
  change: (store: MemoryStore, backend: MemoryStore) => Partial<LockStore>,
): BrokenStore {
  const backend = memoryStore();
  return {
    defect,
    caughtBy,
    create() {
      const store = backend.connect();
      return { ...store, ...change(store, backend) };
    },
  };
}

/** Versions that a test can compare and forge, mapped to the real ones by `name`. */
export function withVersions(store: LockStore, name: (key: string, value: string) => string): Partial<LockStore> {
  type Named = { readonly name: string };
  const now = async (key: string): Promise<(Entry & { named: string }) | undefined> => {
    const entry = await store.read(key);
    return entry && { ...entry, named: name(key, entry.value) };
  };
  return {
    read: async (key) => {
      const entry = await now(key);
      return entry && { value: entry.value, version: { name: entry.named } as Version };
    },
    create: async (key, value, ttlMs) => ((await store.create(key, value, ttlMs)) ? ({ name: name(key, value) } as Version) : undefined),
    replace: async (key, value, version, ttlMs) => {
      const entry = await now(key);
      if (entry?.named !== (version as Named).name) return undefined;
      return (await store.replace(key, value, entry.version, ttlMs)) && ({ name: name(key, value) } as Version);
    },
    remove: async (key, version) => {
      const entry = await now(key);
      return entry !== undefined && entry.named === (version as Named).name && store.remove(key, entry.version);
    },
    append: async (key, text, version) => {
      const entry = await now(key);
      if (entry?.named !== (version as Named).name) return undefined;
      return (await store.append?.(key, text, entry.version)) && ({ name: name(key, entry.value + text) } as Version);
    },
  };
}
