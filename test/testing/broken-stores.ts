import { setTimeout as sleep } from 'node:timers/promises';
import type { Entry, Listed, LockStore, Version } from '../../src/lock/store.ts';
import { type BrokenStore, broken, withVersions } from './broken.ts';
import { brokenAppends } from './broken-appends.ts';
import { brokenPushes } from './broken-pushes.ts';

/** Changes every key on its way in. */
function withKey({ read, create, replace, remove }: LockStore, change: (key: string) => string): Partial<LockStore> {
  return {
    read: (key) => read(change(key)),
    create: (key, value, ttlMs) => create(change(key), value, ttlMs),
    replace: (key, value, version, ttlMs) => replace(change(key), value, version, ttlMs),
    remove: (key, version) => remove(change(key), version),
  };
}

/** Changes every TTL on its way in. */
function withTtl({ create, replace }: LockStore, change: (ttlMs: number) => number): Partial<LockStore> {
  return {
    create: (key, value, ttlMs) => create(key, value, change(ttlMs)),
    replace: (key, value, version, ttlMs) => replace(key, value, version, change(ttlMs)),
  };
}

/** Changes every value on its way in. */
function withValue({ create, replace }: LockStore, change: (value: string) => string): Partial<LockStore> {
  return {
    create: (key, value, ttlMs) => create(key, change(value), ttlMs),
    replace: (key, value, version, ttlMs) => replace(key, change(value), version, ttlMs),
  };
}

const oneSecond = 1_000;
const bytes = Buffer.byteLength;

export const brokenStores: readonly BrokenStore[] = [
  broken('create overwrites what is there', ['create-once'], ({ read, create, replace }) => ({
    create: async (key, value, ttlMs) => {
      const there = await read(key);
      return there ? replace(key, value, there.version, ttlMs) : create(key, value, ttlMs);
    },
  })),
  broken('an absent key reads as an empty value', ['read-absent'], ({ read }) => ({
    read: async (key) => (await read(key)) ?? { value: '', version: {} },
  })),
  broken('reads come from a cache of the connection', ['seen-at-once'], ({ read }) => {
    const cache = new Map<string, Entry | undefined>();
    return {
      read: async (key) => {
        if (!cache.has(key)) cache.set(key, await read(key));
        return cache.get(key);
      },
    };
  }),
  broken('replace gives back the version it was given', ['replace-current'], ({ replace }) => ({
    replace: async (key, value, version, ttlMs) => (await replace(key, value, version, ttlMs)) && version,
  })),
  broken('the version that read gives is good for nothing', ['read-version'], ({ read }) => ({
    read: async (key) => {
      const entry = await read(key);
      return entry && { ...entry, version: {} };
    },
  })),
  broken('replace creates what is absent', ['replace-absent', 'expired-no'], ({ replace, create }) => ({
    replace: async (key, value, version, ttlMs) => (await replace(key, value, version, ttlMs)) ?? create(key, value, ttlMs),
  })),
  broken('remove says yes when nothing is there', ['remove-once', 'expired-no'], ({ read, remove }) => ({
    remove: async (key, version) => (await read(key)) === undefined || remove(key, version),
  })),
  broken(
    'remove ignores the version',
    ['stale-version', 'stale-after-remove', 'stale-after-expiry', 'read-version'],
    ({ read, remove }) => ({
      remove: async (key) => {
        const there = await read(key);
        return there !== undefined && remove(key, there.version);
      },
    }),
  ),
  broken('replace ignores the version', ['stale-version', 'stale-after-remove', 'stale-after-expiry'], ({ read, replace }) => ({
    replace: async (key, value, _version, ttlMs) => {
      const there = await read(key);
      return there && replace(key, value, there.version, ttlMs);
    },
  })),
  broken('the version is the text', ['stale-version', 'stale-after-remove', 'stale-after-expiry'], (store) =>
    withVersions(store, (_key, value) => value),
  ),
  versionsFromOne(),
  ...brokenAppends,
  broken('keys are folded to lower case', ['keys-apart'], (store) => withKey(store, (key) => key.toLowerCase())),
  broken('keys are cut at 249 bytes', ['key-long'], (store) => withKey(store, (key) => key.slice(0, 249))),
  broken('keys are decoded as URLs', ['key-printable'], (store) => withKey(store, (key) => decodeURIComponent(key))),
  broken('values are stored as Latin-1', ['value-any'], (store) =>
    withValue(store, (value) => Buffer.from(value, 'latin1').toString('latin1')),
  ),
  broken('values are trimmed', ['value-any'], (store) => withValue(store, (value) => value.trimEnd())),
  broken('values are cut at 64 kB', ['value-large'], (store) =>
    withValue(store, (value) => (bytes(value) > 65_535 ? value.slice(0, 32_767) : value)),
  ),
  broken('create asks first and writes later', ['one-creator', 'counter'], ({ read, create, replace }) => ({
    create: async (key, value, ttlMs) => {
      if (await read(key)) return undefined;
      await sleep(1);
      const there = await read(key);
      return there ? replace(key, value, there.version, ttlMs) : create(key, value, ttlMs);
    },
  })),
  broken('replace asks first and writes later', ['one-replacer'], ({ read, replace }) => ({
    replace: async (key, value, version, ttlMs) => {
      if ((await read(key))?.version !== version) return undefined;
      await sleep(1);
      const there = await read(key);
      return there && replace(key, value, there.version, ttlMs);
    },
  })),
  broken('remove asks first and deletes later', ['one-remover'], ({ read, remove }) => ({
    remove: async (key, version) => {
      if ((await read(key))?.version !== version) return false;
      await sleep(1);
      await remove(key, version);
      return true;
    },
  })),
  broken('answers of calls at once are mixed up', ['answers-in-place'], ({ read }) => {
    let last: Promise<Entry | undefined> = Promise.resolve(undefined);
    return {
      read: async (key) => {
        last = read(key);
        await Promise.resolve();
        return last;
      },
    };
  }),
  broken('claims to push and does not', ['traits'], ({ traits }) => ({ traits: { ...traits, pushes: false } })),
  broken('gives fences to what it creates alone', ['fence'], ({ create }) => {
    let fence = 0n;
    return {
      create: async (key, value, ttlMs) => {
        fence += 1n;
        return (await create(key, value, ttlMs)) && { fence };
      },
    };
  }),
  broken('claims to be durable and gives no fences', ['fence'], ({ traits }) => ({ traits: { ...traits, durable: true } })),
  broken('list reads % and _ as wildcards', ['list'], (store) => ({
    list: (prefix) =>
      listMatching(
        store,
        new RegExp(
          `^${prefix
            .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
            .replaceAll('%', '.*')
            .replaceAll('_', '.')}`,
        ),
      ),
  })),
  broken('list reads *, ? and [a] as wildcards', ['list'], (store) => ({
    list: (prefix) => listMatching(store, new RegExp(`^${prefix.replaceAll('*', '.*').replaceAll('?', '.')}`)),
  })),
  broken('list gives only its first page', ['list'], (store) => ({
    list: async function* (prefix) {
      let left = 100;
      for await (const entry of store.list?.(prefix) ?? []) if (left-- > 0) yield entry;
    },
  })),
  listsTheDead(),
  ...brokenPushes,
  broken('works on after close', ['close'], () => ({ close: async () => {} })),
  broken('close takes its entries along', ['close'], ({ close }, backend) => ({
    close: async () => {
      for await (const { key, version } of backend.list?.('') ?? []) await backend.remove(key, version);
      await close();
    },
  })),
  broken('TTLs are floored to seconds', ['ttl-between-grains', 'ttl-below-grain'], (store) => ({
    ...withTtl(store, (ttlMs) => Math.floor(ttlMs / oneSecond) * oneSecond || Infinity),
    traits: { ...store.traits, ttlGrainMs: oneSecond },
  })),
  broken('TTLs are rounded up to seconds by a store that claims milliseconds', ['ttl-create', 'ttl-shorter'], (store) =>
    withTtl(store, (ttlMs) => Math.ceil(ttlMs / oneSecond) * oneSecond),
  ),
  broken('whole milliseconds only', ['ttl-between-grains', 'ttl-below-grain'], (store) =>
    withTtl(store, (ttlMs) => {
      if (!Number.isInteger(ttlMs)) throw new RangeError('value is not an integer or out of range');
      return ttlMs;
    }),
  ),
  broken('TTLs of more than 65,535 seconds are taken for a date', ['ttl-day'], (store) =>
    withTtl(store, (ttlMs) => (ttlMs > 65_535_000 ? 1 : ttlMs)),
  ),
  keepsTheFirstTtl(),
  broken('never expires', ['ttl-create', 'ttl-shorter', 'expired-no', 'stale-after-expiry', 'list-expired'], (store) =>
    withTtl(store, () => Infinity),
  ),
];

/** Version numbers start at one for each life of a key, as CAS numbers do after a restart. */
function versionsFromOne(): BrokenStore {
  const writes = new Map<string, number>();
  return broken('version numbers start again when a key is created anew', ['stale-after-remove', 'stale-after-expiry'], (store) => {
    const numbered = withVersions(store, (key) => String(writes.get(key)));
    return {
      ...numbered,
      create: async (key, value, ttlMs) => {
        if (await store.read(key)) return undefined;
        writes.set(key, 1);
        return numbered.create?.(key, value, ttlMs);
      },
      replace: async (key, value, version, ttlMs) => {
        const written = await numbered.replace?.(key, value, version, ttlMs);
        if (written === undefined) return undefined;
        writes.set(key, (writes.get(key) ?? 0) + 1);
        return { name: String(writes.get(key)) } as Version;
      },
    };
  });
}

/** Remembers every entry ever listed, and lists it again. */
function listsTheDead(): BrokenStore {
  const created = new Map<string, Listed>();
  return broken('list gives what has expired', ['list-expired'], ({ create }) => ({
    create: async (key, value, ttlMs) => {
      const version = await create(key, value, ttlMs);
      if (version) created.set(key, { key, value, version });
      return version;
    },
    list: async function* (prefix) {
      for (const entry of created.values()) if (entry.key.startsWith(prefix)) yield entry;
    },
  }));
}

/** A replace that leaves the expiry where it was. */
function keepsTheFirstTtl(): BrokenStore {
  const ends = new Map<string, number>();
  return broken('replace keeps the first TTL', ['ttl-longer', 'ttl-shorter'], ({ create, replace }) => ({
    create: async (key, value, ttlMs) => {
      const version = await create(key, value, ttlMs);
      if (version) ends.set(key, performance.now() + ttlMs);
      return version;
    },
    replace: (key, value, version) => replace(key, value, version, (ends.get(key) ?? 0) - performance.now()),
  }));
}

async function* listMatching(store: LockStore, pattern: RegExp): AsyncGenerator<Listed> {
  for await (const entry of store.list?.('') ?? []) if (pattern.test(entry.key)) yield entry;
}
