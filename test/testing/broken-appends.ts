import { setTimeout as sleep } from 'node:timers/promises';
import type { LockStore, Version } from '../../src/lock/store.ts';
import type { MemoryStore } from '../../src/stores/memory.ts';
import { type BrokenStore, broken, withVersions } from './broken.ts';

const minute = 60_000;

/** Stores whose `append` is not what it should be. */
export const brokenAppends: readonly BrokenStore[] = [
  broken('claims to append and does not', ['traits'], () => ({ append: undefined as never })),
  broken('appends and does not say so', ['traits'], ({ traits }) => ({ traits: { ...traits, appends: false } })),
  broken('append adds in front', ['append'], ({ read, replace }) => ({
    append: async (key, text, version) => {
      const there = await read(key);
      return there && replace(key, text + there.value, version, minute);
    },
  })),
  broken('append writes as Latin-1', ['append-texts'], (store) =>
    withAppend(store, (append) => (key, text, version) => append(key, Buffer.from(text, 'latin1').toString('latin1'), version)),
  ),
  broken('append refuses to make an entry longer than 128 kB', ['append-texts'], (store) =>
    withAppend(store, (append) => async (key, text, version) => {
      const there = await store.read(key);
      return there && Buffer.byteLength(there.value + text) > 131_072 ? undefined : append(key, text, version);
    }),
  ),
  broken('append ignores the version', ['append-stale', 'append-makes-old'], (store) =>
    withAppend(store, (append) => async (key, text) => {
      const there = await store.read(key);
      return there && append(key, text, there.version);
    }),
  ),
  broken('append asks first and writes later', ['append-line'], (store) =>
    withAppend(store, () => async (key, text, version) => {
      const there = await store.read(key);
      if (there?.version !== version) return undefined;
      await sleep(1);
      const by = await store.read(key);
      return by && store.replace(key, there.value + text, by.version, minute);
    }),
  ),
  keepsTheVersion(),
  broken('append brings back what is absent', ['append-stale', 'append-expired'], (store) =>
    withAppend(store, (append) => async (key, text, version) => (await append(key, text, version)) ?? store.create(key, text, minute)),
  ),
  renewsTheLife(),
  broken('append gives the entry a second of its own', ['append-after-replace'], (store) =>
    withAppend(store, () => async (key, text, version) => {
      const there = await store.read(key);
      return there && store.replace(key, there.value + text, version, 500);
    }),
  ),
];

type Append = NonNullable<LockStore['append']>;

function withAppend(store: MemoryStore, change: (append: Append) => Append): Partial<LockStore> {
  return { append: change((...args) => store.append?.(...args) ?? Promise.resolve(undefined)) };
}

/** The version counts creates and replaces, and an append is neither. */
function keepsTheVersion(): BrokenStore {
  const writes = new Map<string, number>();
  const counted = (key: string): void => void writes.set(key, (writes.get(key) ?? 0) + 1);
  return broken('append keeps the version', ['append-makes-old'], (store) => {
    const named = withVersions(store, (key) => String(writes.get(key)));
    return {
      ...named,
      create: async (key, value, ttlMs) => {
        if (await store.read(key)) return undefined;
        counted(key);
        return named.create?.(key, value, ttlMs);
      },
      replace: async (key, value, version, ttlMs) => {
        if ((await named.replace?.(key, value, version, ttlMs)) === undefined) return undefined;
        counted(key);
        return { name: String(writes.get(key)) } as Version;
      },
    };
  });
}

/** As a store does that appends by writing anew. */
function renewsTheLife(): BrokenStore {
  const lives = new Map<string, number>();
  return broken('append renews the life', ['append-life'], ({ create, replace, read }) => ({
    create: (key, value, ttlMs) => {
      lives.set(key, ttlMs);
      return create(key, value, ttlMs);
    },
    append: async (key, text, version) => {
      const there = await read(key);
      return there && replace(key, there.value + text, version, lives.get(key) ?? minute);
    },
  }));
}
