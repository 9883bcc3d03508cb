import { InvalidOptionError, StoreUnavailableError } from '../../lock/errors.ts';
import type { Entry, Listed, LockStore, StoreTraits, Version } from '../../lock/store.ts';
import { withBreaker } from '../breaker.ts';
import { randomId } from '../random-id.ts';
import type { ZookeeperStat } from './client.ts';
import { allowanceMs, encodeAppended, encodeNode, keyOf, modifiedAtMs, nodeName, type Stored, zxidOf } from './node.ts';
import { nodesUnder } from './nodes.ts';
import { resolveOptions, type ZookeeperStoreOptions } from './options.ts';
import { type Ask, createRequests } from './requests.ts';
import { keepSession } from './session.ts';
import { createWatches } from './watches.ts';

const zookeeperTraits: StoreTraits = { name: 'zookeeper', ttlGrainMs: 1, mayForget: false, durable: true, pushes: true, appends: true };

/** Names one state of one node, and when it ends. */
interface ZookeeperVersion extends Version {
  readonly fence: bigint;
  readonly life: string | undefined;
  readonly dataVersion: number;
  /** On ZooKeeper's clock, that of the leader of `stampedBy`. */
  readonly endsAtMs: number;
  readonly stampedBy: bigint;
  /** On our monotonic clock: from then on it has ended for certain. */
  readonly isOverAtMs: number;
  /** What stands there: ZooKeeper can write, and not add. */
  readonly value: string;
}

/** Nodes that `list` asks for at once. */
const listPage = 200;

/**
 * Locks in ZooKeeper 3.5 or later: durable, with the transaction id (`mzxid`) as fence, and push to waiters.
 *
 * An entry is a persistent node; its data begins with its TTL, which counts from ZooKeeper's own note of when it was written.
 * Every operation is one round trip in the common case. No entry belongs to a session, so losing one loses no lock.
 *
 * @throws InvalidOptionError for options that cannot work.
 */
export function zookeeperStore(options: ZookeeperStoreOptions): LockStore {
  const { client, root, acls, timeoutMs, breaker } = resolveOptions(options);
  const pathOf = (key: string): string => `${root}/${nodeName(key)}`;
  const watches = createWatches(() => session.current(), pathOf);
  const session = keepSession(client, 2 * timeoutMs, watches.onReady, () => watches.areWanted);
  const requests = createRequests(session, root, timeoutMs);
  const nodes = nodesUnder(root, acls);

  /** The entry under `key`, live or not. */
  async function look(ask: Ask, key: string): Promise<Stored | undefined> {
    return (await nodes.look(ask, [pathOf(key)]))?.[0];
  }

  /** What a removal whose answer got lost came to. A node never goes by itself, so if it went before its end, it was removed. */
  async function wasRemoved(ask: Ask, key: string, { life, isOverAtMs }: ZookeeperVersion): Promise<boolean> {
    const found = await look(ask, key);
    if (found?.life === life) return false;
    if (performance.now() < isOverAtMs) return true;
    throw new StoreUnavailableError(
      `ZooKeeper lost the connection while "${key}" was being released. It is gone: it was released, or had expired`,
    );
  }

  /** Writes what `encode` makes if the entry still is as `known`. */
  function rewrite(
    key: string,
    known: ZookeeperVersion,
    encode: (life: string, write: string) => Buffer,
    next: (life: string, stat: ZookeeperStat) => ZookeeperVersion,
  ): Promise<Version | undefined> {
    const { life, dataVersion, endsAtMs, isOverAtMs, stampedBy } = known;
    return requests.run(async (ask) => {
      if (life === undefined || performance.now() >= isOverAtMs) return undefined;
      const at = { path: pathOf(key), life, dataVersion };
      const write = randomId();
      const { stat, isRepeated } = await nodes.replace(ask, at, encode(life, write));
      if (stat === undefined) {
        if (!isRepeated) return undefined;
        const found = await look(ask, key);
        return found?.write === write ? versionOf(found) : undefined;
      }
      if (modifiedAtMs(stat) < endsAtMs + allowanceMs(stampedBy, zxidOf(stat))) return next(life, stat);
      // It had ended, though nobody had come for it: what was over is not brought back.
      await nodes.remove(ask, { ...at, dataVersion: stat.version });
      return undefined;
    });
  }

  const store: LockStore = {
    traits: zookeeperTraits,

    read: (key) =>
      requests.run(async (ask) => {
        const found = await look(ask, key);
        return found && entryOf(found);
      }),

    create: (key, value, ttlMs) =>
      requests.run(async (ask) => {
        const [path, life, write] = [pathOf(key), randomId(), randomId()];
        for (;;) {
          const created = await nodes.create(ask, path, life, encodeNode(life, write, ttlMs, value));
          if (created.stat) return writtenVersion(life, created.stat, ttlMs, value);
          const seen = await nodes.look(ask, [path]);
          if (seen === undefined) await nodes.makeRoot(ask);
          const found = seen?.[0];
          if (found === undefined) continue; // whatever was there went meanwhile
          if (found.write === write) return versionOf(found); // an earlier send was done
          if (found.life === undefined || found.remainingMs > 0) return undefined;
          const at = { path, life: found.life, dataVersion: found.dataVersion };
          const taken = await nodes.replace(ask, at, encodeNode(found.life, write, ttlMs, value));
          if (taken.stat) return writtenVersion(found.life, taken.stat, ttlMs, value);
          if (!taken.isRepeated) return undefined;
        }
      }),

    async replace(key, value, version, ttlMs) {
      const known = checkVersion(version);
      const encode = (life: string, write: string): Buffer => encodeNode(life, write, ttlMs, value);
      return rewrite(key, known, encode, (life, stat) => writtenVersion(life, stat, ttlMs, value));
    },

    async append(key, text, version) {
      const known = checkVersion(version);
      const value = known.value + text;
      const encode = (life: string, write: string): Buffer =>
        encodeAppended(life, write, known, known.isOverAtMs - performance.now(), value);
      return rewrite(key, known, encode, (_, stat) => ({ ...known, value, fence: zxidOf(stat), dataVersion: stat.version }));
    },

    async remove(key, version) {
      const known = checkVersion(version);
      return requests.run(async (ask) => {
        const { life, dataVersion, isOverAtMs } = known;
        // An expired entry is absent, so the answer will be no; what is left of it is taken away all the same.
        const isOver = performance.now() >= isOverAtMs;
        const { isDone, isRepeated } = await nodes.remove(ask, { path: pathOf(key), life, dataVersion });
        if (isDone || !isRepeated) return isDone && !isOver;
        return wasRemoved(ask, key, known);
      });
    },

    subscribe: watches.subscribe,

    async *list(prefix): AsyncGenerator<Listed> {
      const names = await requests.run((ask) => nodes.names(ask));
      const keys = names.map(keyOf).filter((key) => key?.startsWith(prefix)) as string[];
      for (let from = 0; from < keys.length; from += listPage) {
        const page = keys.slice(from, from + listPage);
        const seen = (await requests.run((ask) => nodes.look(ask, page.map(pathOf)))) ?? [];
        for (const [index, key] of page.entries()) {
          const found = seen[index];
          const entry = found && entryOf(found);
          if (entry) yield { key, ...entry };
        }
      }
    },

    async close() {
      requests.close();
    },
  };
  return breaker === false ? store : withBreaker(store, breaker);
}

/** `undefined`: it has ended. */
function entryOf(found: Stored): Entry | undefined {
  return found.remainingMs > 0 ? { value: found.value, version: versionOf(found) } : undefined;
}

function versionOf({ life, dataVersion, zxid, endsAtMs, stampedBy, remainingMs, value }: Omit<Stored, 'write'>): ZookeeperVersion {
  return { fence: zxid, life, dataVersion, endsAtMs, stampedBy, isOverAtMs: performance.now() + remainingMs, value };
}

/** Of what was written just now, with a life of its own. */
function writtenVersion(life: string, stat: ZookeeperStat, ttlMs: number, value: string): ZookeeperVersion {
  const [remainingMs, zxid] = [Math.ceil(ttlMs), zxidOf(stat)];
  const endsAtMs = modifiedAtMs(stat) + remainingMs;
  return versionOf({ life, dataVersion: stat.version, zxid, endsAtMs, stampedBy: zxid, remainingMs, value });
}

function checkVersion(version: Version): ZookeeperVersion {
  const { isOverAtMs, dataVersion } = version as Partial<ZookeeperVersion>;
  if (typeof isOverAtMs === 'number' && typeof dataVersion === 'number') return version as ZookeeperVersion;
  throw new InvalidOptionError('version', version, 'a version that this store gave is needed');
}
