import { StoreUnavailableError } from '../../lock/errors.ts';
import { requireOptions } from '../../lock/plan/options.ts';
import type { Listed, LockStore, StoreNotice, StoreTraits, Version } from '../../lock/store.ts';
import { withBreaker } from '../breaker.ts';
import type { EtcdKeyValue } from './client.ts';
import { saysLeaseExists } from './failures.ts';
import { type EtcdStoreOptions, resolveOptions } from './options.ts';
import { type Ask, createRequests } from './requests.ts';
import { checkVersion, type EtcdVersion, entryIn, ifStands, newLease, versionOf } from './version.ts';
import { createWatches, type Watches } from './watches.ts';

/** Keys that `list` asks for at once. */
const listPage = 500;
/** etcd's word for "no lease". */
const noLease = '0';

/**
 * Locks in etcd 3.4 or later: durable, linearizable, with the revision as fence, and push to waiters.
 *
 * Every write has a lease of its own, whose TTL is the entry's. So a write is two requests, one after the other: the lease and
 * the transaction; a removal is one. Leases that have become useless are revoked aside.
 *
 * @throws InvalidOptionError for options that cannot work.
 */
export function etcdStore(options: EtcdStoreOptions): LockStore {
  requireOptions(options);
  const { client, prefix, timeoutMs, breaker } = resolveOptions(options);
  const requests = createRequests(timeoutMs);
  const noticeListeners = new Set<(notice: StoreNotice) => void>();
  const watches = createWatches({
    open: () => client.watchClient.watch(),
    renewLogin: () => requests.run((ask) => ask((call) => client.kv.range({ key: keyOf('giveway'), count_only: true }, call))),
    entryIn,
    prefix,
    onDeaf: (reason) => {
      for (const tell of noticeListeners) tell(deafNotice(reason));
    },
  });
  const keyOf = (key: string): Buffer => Buffer.from(prefix + key);

  function revokeAside(lease: string): void {
    if (lease !== noLease) requests.runAside((call) => client.leaseClient.leaseRevoke({ ID: lease }, call));
  }

  async function grant(ask: Ask, lease: string, ttlMs: number): Promise<void> {
    const request = { ID: lease, TTL: String(Math.ceil(ttlMs / 1_000)) };
    try {
      await ask((call) => client.leaseClient.leaseGrant(request, call));
    } catch (error) {
      if (!saysLeaseExists(error)) throw error;
    }
  }

  /** Writes if `key` still was last modified at `revision`; 0: if there is none. A new lease names the write, so sending it again is harmless. */
  function put(key: string, value: string, revision: bigint, ttlMs: number): Promise<Version | undefined> {
    return requests.run(async (ask) => {
      const lease = newLease();
      await grant(ask, lease, ttlMs);
      const request = {
        compare: [isAt(keyOf(key), revision)],
        success: [{ request_put: { key: keyOf(key), value: Buffer.from(value), lease } }],
        failure: [{ request_range: { key: keyOf(key) } }],
      };
      const { reply } = await ask((call) => client.kv.txn(request, call));
      if (reply.succeeded) return versionOf(reply.header.revision, lease, value);
      const found = reply.responses[0]?.response_range?.kvs[0];
      // Without its lease a send that is still under way can do nothing either.
      if (found?.lease !== lease) revokeAside(lease);
      return ifStands(found, lease, value);
    });
  }

  /** Whether a removal whose answer got lost was done. Had the entry ended by its TTL, its lease would be gone. */
  async function wasRemoved(ask: Ask, key: string, { fence, lease }: EtcdVersion, found: EtcdKeyValue | undefined): Promise<boolean> {
    if (found !== undefined && BigInt(found.create_revision) <= fence) return false; // it was replaced
    const { reply } = await ask((call) => client.leaseClient.leaseTimeToLive({ ID: lease }, call));
    if (Number(reply.TTL) > 0) return true;
    throw new StoreUnavailableError(
      `etcd lost the connection while "${key}" was being released. It is gone: it was released, or had expired`,
    );
  }

  const store: LockStore = {
    traits: traitsOf(watches),

    read: (key) =>
      requests.run(async (ask) => {
        const { reply } = await ask((call) => client.kv.range({ key: keyOf(key) }, call));
        return reply.kvs[0] && entryIn(reply.kvs[0]);
      }),

    create: (key, value, ttlMs) => put(key, value, 0n, ttlMs),

    async replace(key, value, version, ttlMs) {
      const { fence, lease } = checkVersion(version);
      const next = await put(key, value, fence, ttlMs);
      if (next !== undefined) revokeAside(lease);
      return next;
    },

    async remove(key, version) {
      const known = checkVersion(version);
      const request = {
        compare: [isAt(keyOf(key), known.fence)],
        success: [{ request_delete_range: { key: keyOf(key) } }],
        failure: [{ request_range: { key: keyOf(key) } }],
      };
      const isRemoved = await requests.run(async (ask) => {
        const { reply, isRepeated } = await ask((call) => client.kv.txn(request, call));
        if (reply.succeeded || !isRepeated) return reply.succeeded;
        return wasRemoved(ask, key, known, reply.responses[0]?.response_range?.kvs[0]);
      });
      if (isRemoved) revokeAside(known.lease);
      return isRemoved;
    },

    async append(key, text, version) {
      const known = checkVersion(version);
      const value = known.value + text;
      const request = {
        compare: [isAt(keyOf(key), known.fence)],
        success: [{ request_put: { key: keyOf(key), value: Buffer.from(value), ignore_lease: true } }],
        failure: [{ request_range: { key: keyOf(key) } }],
      };
      return requests.run(async (ask) => {
        const { reply } = await ask((call) => client.kv.txn(request, call));
        if (reply.succeeded) return versionOf(reply.header.revision, known.lease, value);
        return ifStands(reply.responses[0]?.response_range?.kvs[0], known.lease, value);
      });
    },

    subscribe: watches.subscribe,

    async *list(keyPrefix): AsyncGenerator<Listed> {
      const end = endOf(keyOf(keyPrefix));
      for (let from = keyOf(keyPrefix); ; ) {
        const { reply } = await requests.run((ask) => ask((call) => client.kv.range({ key: from, range_end: end, limit: listPage }, call)));
        for (const found of reply.kvs) {
          yield { key: found.key.toString().slice(prefix.length), ...entryIn(found) };
          from = Buffer.concat([found.key, Buffer.alloc(1)]);
        }
        if (!reply.more) return;
      }
    },

    onNotice(tell) {
      noticeListeners.add(tell);
      return { [Symbol.dispose]: () => void noticeListeners.delete(tell) };
    },

    async close() {
      watches.close();
      await requests.close();
    },
  };
  return breaker === false ? store : withBreaker(store, breaker);
}

/** `pushes` is read anew each time: whether the server lets us watch is known only when somebody has asked. */
function traitsOf(watches: Watches): StoreTraits {
  return {
    name: 'etcd',
    ttlGrainMs: 1_000,
    mayForget: false,
    durable: true,
    appends: true,
    get pushes() {
      return !watches.isDeaf;
    },
  };
}

function deafNotice(reason: string): StoreNotice {
  return { code: 'ERR_GIVEWAY_NO_PUSH', message: `etcd does not let this user watch keys, so waiters poll: ${reason}` };
}

function isAt(key: Buffer, revision: bigint): object {
  return { key, target: 'Mod', result: 'Equal', mod_revision: String(revision) };
}

/** The first key that does not begin with `start`: its last byte raised by one. One zero byte means "to the end of all keys". */
function endOf(start: Buffer): Buffer {
  const last = start.findLastIndex((byte) => byte < 0xff);
  if (last === -1) return Buffer.alloc(1);
  const end = Buffer.from(start.subarray(0, last + 1));
  end.writeUInt8(end.readUInt8(last) + 1, last);
  return end;
}
