import { GivewayError, StoreUnavailableError } from '../lock/errors.ts';
import { type Keys, keysOn } from '../lock/record/keys.ts';
import type { Entry } from '../lock/store.ts';
import { Acquisitions } from './acquisitions.ts';
import {
  type ClientSettings,
  checkGetOptions,
  checkHeartbeatOptions,
  checkLeaseDuration,
  checkListOptions,
  checkNameParts,
  checkReleaseOptions,
  resolveClientOptions,
} from './check-options.ts';
import { LockCurrentlyUnavailableError, LockNotGrantedError } from './errors.ts';
import { Holdings } from './holdings.ts';
import { type LeaseActions, LockItem } from './item.ts';
import { type LeaseName, leaseKey, leaseName } from './lease-key.ts';
import { dataNow } from './lease-record.ts';
import type {
  AcquireLockOptions,
  GetLockOptions,
  ListLocksOptions,
  LockClientOptions,
  ReleaseLockOptions,
  SendHeartbeatOptions,
} from './options.ts';
import { seenLock } from './seen-lock.ts';

/**
 * Locks with an owner, a lease and heartbeats: the surface of Amazon's DynamoDB Lock Client for Java, on any store. What it
 * takes over, changes and leaves out is listed in docs/leases.md.
 *
 * A store that does not answer always throws `StoreUnavailableError`; nobody ever works without a lock.
 */
export class LockClient implements AsyncDisposable {
  readonly #settings: ClientSettings;
  readonly #keys: Keys;
  readonly #actions: LeaseActions = {
    sendHeartbeat: (item) => this.sendHeartbeat(item),
    ensure: (item, leaseDurationMs) => this.#ensure(item, leaseDurationMs),
    releaseLock: (item) => this.releaseLock(item),
  };
  readonly #holdings: Holdings;
  readonly #acquisitions: Acquisitions;
  /** Acquisitions and releases that have begun. */
  readonly #underWay = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  /** Sends nothing. Throws `InvalidOptionError`. */
  constructor(options: LockClientOptions) {
    this.#settings = resolveClientOptions(options);
    const { store, namespace, environment } = this.#settings;
    this.#keys = keysOn(store.traits, namespace, environment);
    this.#holdings = new Holdings(this.#settings, this.#actions);
    this.#acquisitions = new Acquisitions({
      settings: this.#settings,
      holdings: this.#holdings,
      keyOf: (name) => this.#key(name),
      letGo: (lockItem) => this.releaseLock({ lockItem, bestEffort: true }),
    });
  }

  /** What others see as the owner of this client's locks. */
  get ownerName(): string {
    return this.#settings.ownerName;
  }

  /**
   * Waits for the lock: `additionalTimeToWaitForLockMs`, and once the lease of the holder that is found. Rejects with
   * `LockNotGrantedError` when the wait is over, `LockCurrentlyUnavailableError` with `shouldSkipBlockingWait`,
   * `StoreUnavailableError` at once, or AbortError.
   */
  async acquireLock(options: AcquireLockOptions): Promise<LockItem> {
    return this.#track(this.#acquisitions.acquire(options));
  }

  /** As `acquireLock`, with `undefined` for `LockNotGrantedError` and `LockCurrentlyUnavailableError`. It waits as long. */
  async tryAcquireLock(options: AcquireLockOptions): Promise<LockItem | undefined> {
    try {
      return await this.acquireLock(options);
    } catch (error) {
      if (error instanceof LockNotGrantedError || error instanceof LockCurrentlyUnavailableError) return undefined;
      throw error;
    }
  }

  /** `false`: it was no longer this client's, and nothing was touched. Rejects with `StoreUnavailableError` unless `bestEffort`; call again to try again. */
  async releaseLock(lock: LockItem | ReleaseLockOptions): Promise<boolean> {
    const options = lock instanceof LockItem ? { lockItem: lock } : lock;
    checkReleaseOptions(options);
    const { lockItem, deleteLock = lockItem.deleteLockOnRelease, bestEffort = false, data } = options;
    const lease = this.#holdings.leaseOf(lockItem);
    if (lease === undefined) return false;
    try {
      return await this.#track(lease.release(!deleteLock, { data: dataNow(data) }));
    } catch (error) {
      if (bestEffort && error instanceof StoreUnavailableError) return true;
      throw error;
    }
  }

  /** Starts the lease anew. Rejects with `LockNotGrantedError` if the lock is expired, released or somebody else's, or `StoreUnavailableError`. */
  async sendHeartbeat(lock: LockItem | SendHeartbeatOptions): Promise<void> {
    const options = lock instanceof LockItem ? { lockItem: lock } : lock;
    checkHeartbeatOptions(options);
    const { lockItem, data, deleteData, leaseDurationToEnsureMs } = options;
    await this.#holdings.ownLeaseOf(lockItem).heartbeat({ data: dataNow(data), deleteData, leaseDurationMs: leaseDurationToEnsureMs });
  }

  /** This client's own lock, or what the store says of somebody else's. `undefined`: nobody has it. */
  async getLock(partitionKey: string, sortKey?: string): Promise<LockItem | undefined> {
    checkNameParts({ partitionKey, sortKey });
    const name = { partitionKey, sortKey };
    const item = this.#holdings.itemAt(this.#key(name)) ?? (await this.#read(name, false));
    return item?.isReleased ? undefined : item;
  }

  /** What the store says, released records too. The Java client's `getLockFromDynamoDB`. */
  async getLockFromStore(options: GetLockOptions): Promise<LockItem | undefined> {
    checkGetOptions(options);
    return this.#read(options, options.deleteLockOnRelease ?? false);
  }

  /** Every lock of the namespace, released records too. Rejects with a `GivewayError` if the store cannot list. */
  async *getAllLocks(options: ListLocksOptions = {}): AsyncGenerator<LockItem, void, void> {
    checkListOptions(options);
    const { store } = this.#settings;
    if (store.list === undefined)
      throw new GivewayError(
        'ERR_GIVEWAY_CANNOT_LIST',
        `The ${store.traits.name} store cannot list what it holds; ask for each lock by its keys, with getLock`,
      );
    for await (const { key, ...entry } of store.list(this.#keys.prefix)) {
      const name = store.traits.exactNames ? leaseName(key) : undefined;
      const item = this.#itemOf(entry, name, options.deleteLockOnRelease ?? false);
      // Where keys do not tell names, lockers' records carry none, and other environments share the prefix.
      if (item !== undefined && this.#key(item) === key) yield item;
    }
  }

  /** As `getAllLocks`, of one partition key. It looks at every lock of the namespace. */
  async *getLocksByPartitionKey(partitionKey: string, options: ListLocksOptions = {}): AsyncGenerator<LockItem, void, void> {
    checkNameParts({ partitionKey });
    for await (const item of this.getAllLocks(options)) if (item.partitionKey === partitionKey) yield item;
  }

  /** Does this client hold it now? Asks nobody. */
  hasLock(partitionKey: string, sortKey?: string): boolean {
    checkNameParts({ partitionKey, sortKey });
    return this.#holdings.itemAt(this.#key({ partitionKey, sortKey })) !== undefined;
  }

  /**
   * Refuses new requests, ends waits, aborts the signals of all locks, releases each by itself, stops the heartbeats. Resolves
   * when no acquisition and no release is under way any more. Never rejects; the store stays open.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#acquisitions.close();
    for (const { lease, item } of this.#holdings) {
      lease.lose('closed');
      this.releaseLock(item).catch(() => {});
    }
    await Promise.allSettled(this.#underWay);
    this.#holdings.stop();
  }

  #track<T>(operation: Promise<T>): Promise<T> {
    this.#underWay.add(operation);
    return operation.finally(() => this.#underWay.delete(operation));
  }

  async #ensure(item: LockItem, leaseDurationMs: number): Promise<void> {
    checkLeaseDuration(leaseDurationMs);
    const lease = this.#holdings.ownLeaseOf(item);
    if (!lease.isLive() || lease.remainingMs() <= leaseDurationMs) await lease.heartbeat({ leaseDurationMs });
  }

  async #read(name: LeaseName, deleteLockOnRelease: boolean): Promise<LockItem | undefined> {
    const entry = await this.#settings.store.read(this.#key(name));
    return entry && this.#itemOf(entry, name, deleteLockOnRelease);
  }

  /** `name` is known when one lock was asked for; in a list only leases tell it. */
  #itemOf(entry: Entry, name: LeaseName | undefined, deleteLockOnRelease: boolean): LockItem | undefined {
    const seen = seenLock(entry.value, name, this.#settings.clock.monotonicMs(), deleteLockOnRelease);
    if (seen === undefined) return undefined;
    return this.#holdings.itemOf(this.#key(seen.view.lease), seen.token) ?? new LockItem(seen.view, this.#actions);
  }

  #key(name: LeaseName): string {
    return leaseKey(this.#keys, name);
  }
}
