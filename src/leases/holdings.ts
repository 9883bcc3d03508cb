import { Alarms } from '../lock/shell/alarms.ts';
import type { AcquireSettings, ClientSettings } from './check-options.ts';
import { LockNotGrantedError } from './errors.ts';
import { type HeldContext, HeldLease } from './held-lease.ts';
import { type LeaseActions, LockItem } from './item.ts';
import { describeName } from './lease-key.ts';
import type { Confirmed } from './lease-writes.ts';

/** A lease in a client's hand, and the item that shows it. */
export interface Holding {
  readonly lease: HeldLease;
  readonly item: LockItem;
}

/** What one client holds. Ownership is in an item's own lease, never in a name. */
export class Holdings implements Iterable<Holding> {
  readonly #actions: LeaseActions;
  readonly #alarms: Alarms;
  readonly #context: HeldContext;
  /** By key. */
  readonly #held = new Map<string, Holding>();
  readonly #leases = new WeakMap<LockItem, HeldLease>();

  constructor(settings: ClientSettings, actions: LeaseActions) {
    this.#actions = actions;
    this.#alarms = new Alarms(settings.clock, false);
    this.#context = {
      settings,
      alarms: this.#alarms,
      ended: (lease) => {
        if (this.#held.get(lease.key)?.lease === lease) this.#held.delete(lease.key);
      },
    };
  }

  /** An item for a lease that was just acquired. It is among what is held once it is kept. */
  make(key: string, settings: AcquireSettings, confirmed: Confirmed): Holding {
    const lease = new HeldLease(this.#context, key, settings, confirmed);
    const item = new LockItem(lease, this.#actions);
    this.#leases.set(item, lease);
    return { lease, item };
  }

  /** From now on its deadline is watched, and its heartbeats are sent. */
  keep(holding: Holding): void {
    this.#held.set(holding.lease.key, holding);
    holding.lease.watch();
  }

  /** What is held there now. */
  itemAt(key: string): LockItem | undefined {
    const holding = this.#held.get(key);
    return holding?.lease.isLive() ? holding.item : undefined;
  }

  /** What is held there by this token, also if its end has come and nobody has looked yet. */
  itemOf(key: string, token: string | undefined): LockItem | undefined {
    const holding = this.#held.get(key);
    return holding?.lease.token === token ? holding?.item : undefined;
  }

  /** The lease behind an item of this client. */
  leaseOf(item: LockItem): HeldLease | undefined {
    return this.#leases.get(item);
  }

  /** The same, where there must be one. Throws `LockNotGrantedError`. */
  ownLeaseOf(item: LockItem): HeldLease {
    const lease = this.#leases.get(item);
    if (lease === undefined)
      throw new LockNotGrantedError(`${describeName(item)} is not held by this client; it was only seen, or another client acquired it`);
    return lease;
  }

  /** As they are now: whoever goes through them may let go of each. */
  [Symbol.iterator](): Iterator<Holding> {
    return [...this.#held.values()][Symbol.iterator]();
  }

  /** No deadline is watched any more. */
  stop(): void {
    this.#alarms.stop();
  }
}
