import { InvalidOptionError } from '../../lock/errors.ts';
import type { Entry, Listed, LockStore, StoreTraits, Version } from '../../lock/store.ts';
import { withBreaker } from '../breaker.ts';
import { type LockFile, listPage, type Next, type Row } from './lock-file.ts';
import { openWhenNeeded } from './opened.ts';
import { resolveOptions, type SqliteStoreOptions } from './options.ts';
import { watchFile } from './watch.ts';

const sqliteTraits: StoreTraits = { name: 'sqlite', ttlGrainMs: 1, mayForget: false, durable: true, pushes: true, appends: true };

/** What has expired is deleted this often, by whichever process comes by, and by the first `create` of each. */
const sweepEveryMs = 600_000;

/**
 * Locks in a file, for the processes of one host, with no server: one row per key, the host's clock. Durable, with fences; waiters hear
 * of a release within some 10 ms.
 *
 * @throws InvalidOptionError for options that cannot work. Opens the file when first used, not before.
 */
export function sqliteStore(options: SqliteStoreOptions = {}): LockStore {
  const resolved = resolveOptions(options);
  const opened = openWhenNeeded(resolved);
  const watch = watchFile(opened, entryAt);
  let nextSweepMs = 0;

  async function write(key: string, decide: (row: Row | undefined) => Next | undefined): Promise<Version | undefined> {
    let value: string | undefined;
    const written = await opened.ask((file) =>
      file.change(key, (row) => {
        const next = decide(row);
        value = typeof next === 'object' ? next.value : undefined;
        return next;
      }),
    );
    if (written === undefined) return undefined;
    const version: Version = { fence: BigInt(written.version) };
    watch.wrote(key, value === undefined ? undefined : { value, version });
    return version;
  }

  /** Nobody waits for it, and the next one makes up for one that fails. */
  function sweepNowAndThen(): void {
    if (performance.now() < nextSweepMs) return;
    nextSweepMs = performance.now() + sweepEveryMs;
    opened.ask((file) => file.sweep()).catch(() => {});
  }

  const store: LockStore = {
    traits: sqliteTraits,

    read: (key) => opened.ask((file) => entryAt(file, key)),

    async create(key, value, ttlMs) {
      const version = await write(key, (row) => (row === undefined ? { value, expiresAt: endOf(ttlMs) } : undefined));
      sweepNowAndThen();
      return version;
    },

    async replace(key, value, version, ttlMs) {
      const isAt = at(version);
      return write(key, (row) => (isAt(row) ? { value, expiresAt: endOf(ttlMs) } : undefined));
    },

    async append(key, text, version) {
      const isAt = at(version);
      return write(key, (row) => (isAt(row) ? { value: row.value + text, expiresAt: row.expiresAt } : undefined));
    },

    async remove(key, version) {
      const isAt = at(version);
      return (await write(key, (row) => (isAt(row) ? 'gone' : undefined))) !== undefined;
    },

    subscribe: watch.subscribe,

    async *list(prefix): AsyncGenerator<Listed> {
      for (let after = ''; ; ) {
        const rows = await opened.ask((file) => file.list(prefix, after));
        for (const { key, ...row } of rows) yield { key, ...entryOf(row) };
        if (rows.length < listPage) return;
        after = rows.at(-1)?.key ?? after;
      }
    },

    async close() {
      watch.close();
      opened.close();
    },
  };
  return resolved.breaker === false ? store : withBreaker(store, resolved.breaker);
}

/** Up, and one more for the clock's own step: the entry is to live for `ttlMs` at least. */
function endOf(ttlMs: number): number {
  return Date.now() + Math.ceil(ttlMs) + 1;
}

function at({ fence }: Version): (row: Row | undefined) => row is Row {
  if (typeof fence !== 'bigint') throw new InvalidOptionError('version', fence, 'a version that this store gave is needed');
  return (row): row is Row => row !== undefined && BigInt(row.version) === fence;
}

function entryAt(file: LockFile, key: string): Entry | undefined {
  const row = file.read(key);
  return row && entryOf(row);
}

function entryOf({ value, version }: Row): Entry {
  return { value, version: { fence: BigInt(version) } };
}
