import { printable } from '../lock/holder.ts';
import { dataOf, type Lease, type LockAttributes } from './lease-record.ts';

/** What an item reads itself from: a lease that is held, or what was read of somebody else's. */
export interface LeaseView {
  readonly lease: Lease;
  readonly lookupTimeMs: number;
  readonly isReleased: boolean;
  readonly deleteLockOnRelease: boolean;
  readonly signal: AbortSignal | undefined;
  isExpired(): boolean;
  amIAboutToExpire(): boolean;
}

/** What an item asks its client to do. */
export interface LeaseActions {
  sendHeartbeat(item: LockItem): Promise<void>;
  ensure(item: LockItem, leaseDurationMs: number): Promise<void>;
  releaseLock(item: LockItem): Promise<boolean>;
}

/**
 * A lock, held by this client or seen in the store. One that is held shows what was last written; one that was only seen
 * never changes, `isExpired()` is true of it, and nothing can be done with it.
 */
export class LockItem implements AsyncDisposable {
  readonly #view: LeaseView;
  readonly #actions: LeaseActions;

  /** Items come from a `LockClient`. */
  constructor(view: LeaseView, actions: LeaseActions) {
    this.#view = view;
    this.#actions = actions;
  }

  get partitionKey(): string {
    return this.#view.lease.partitionKey;
  }

  get sortKey(): string | undefined {
    return this.#view.lease.sortKey;
  }

  get ownerName(): string {
    return this.#view.lease.ownerName;
  }

  /** As it was given: text, or bytes as a `Buffer`. */
  get data(): string | Buffer | undefined {
    return dataOf(this.#view.lease);
  }

  get additionalAttributes(): LockAttributes {
    return this.#view.lease.attributes;
  }

  /** In milliseconds. */
  get leaseDurationMs(): number {
    return this.#view.lease.leaseDurationMs;
  }

  /** New at every write. */
  get recordVersionNumber(): string {
    return this.#view.lease.recordVersionNumber;
  }

  /** When the lease began, on the client's monotonic clock: before the last confirmed request was sent; for a lock only seen, when it was read. */
  get lookupTimeMs(): number {
    return this.#view.lookupTimeMs;
  }

  /** Does a release remove the record, or keep it with its data? */
  get deleteLockOnRelease(): boolean {
    return this.#view.deleteLockOnRelease;
  }

  /** Let go by this client, or found released. */
  get isReleased(): boolean {
    return this.#view.isReleased;
  }

  /** Aborted with a `LockLostError` no later than the lease ends, or when the client closes; judges that when read. `undefined` for a lock only seen. */
  get signal(): AbortSignal | undefined {
    return this.#view.signal;
  }

  /** `true` once this client may no longer rely on it: released, lost, or its lease over; always `true` of a lock only seen. */
  isExpired(): boolean {
    return this.#view.isExpired();
  }

  /**
   * Has `safeTimeWithoutHeartbeatMs` passed since the last confirmed heartbeat?
   * @throws SessionMonitorNotSetError without a `sessionMonitor`; a `GivewayError` if released.
   */
  amIAboutToExpire(): boolean {
    return this.#view.amIAboutToExpire();
  }

  /** As `client.sendHeartbeat(item)`. */
  sendHeartBeat(): Promise<void> {
    return this.#actions.sendHeartbeat(this);
  }

  /** Sends a heartbeat with this lease unless more than `leaseDurationMs` is left. Rejects as `sendHeartBeat` does. */
  ensure(leaseDurationMs: number): Promise<void> {
    return this.#actions.ensure(this, leaseDurationMs);
  }

  /** As `client.releaseLock(item)`. */
  close(): Promise<boolean> {
    return this.#actions.releaseLock(this);
  }

  /** Releases; never rejects. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close().catch(() => {});
  }

  /** For logs: whose it is, and not what it carries. */
  toString(): string {
    const { partitionKey, sortKey, ownerName, leaseDurationMs, recordVersionNumber, isReleased } = this;
    const fields = { partitionKey, sortKey, ownerName, leaseDurationMs, recordVersionNumber, isReleased };
    return `LockItem ${JSON.stringify(fields, (_, value) => (typeof value === 'string' ? printable(value) : value))}`;
  }
}
