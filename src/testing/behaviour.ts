import type { ResourceLocker } from '../lock/api/locker.ts';
import type { LockerOptions } from '../lock/plan/settings.ts';
import type { LockStore, StoreTraits } from '../lock/store.ts';

/** One thing a store must do, with an id that stays the same from release to release. */
export interface Behaviour {
  readonly id: string;
  readonly title: string;
  /** Waits for a TTL to pass. All of these run side by side, so that a suite takes as long as its longest wait. */
  readonly waits?: true;
  run(stage: Stage): Promise<void>;
}

/** What a behaviour plays on. */
export interface Stage {
  /** Four connections to one backend, as four processes would have them. */
  readonly stores: readonly [LockStore, LockStore, LockStore, LockStore];
  readonly traits: StoreTraits;
  /** Opens one more connection; the stage closes it. */
  connect(): Promise<LockStore>;
  /** A key that nobody has used, in the namespace of this run. */
  freshKey(): string;
  /** A new locker over `store`, in the namespace of this run. Store faults throw, unless `options` say otherwise. The stage closes it. */
  locker(store: LockStore, options?: Partial<LockerOptions>): ResourceLocker;
  /** A resource that nobody has used. */
  freshName(): string;
  /** The key of a resource's record. */
  keyOf(resource: string): string;
}
