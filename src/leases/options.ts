import type { Clock } from '../lock/clock.ts';
import type { LockStore } from '../lock/store.ts';
import type { LockItem } from './item.ts';
import type { LockAttributes, LockData } from './lease-record.ts';

/** Options of `LockClient`. Refused with `InvalidOptionError` before anything is sent. */
export interface LockClientOptions {
  /** Where the locks live. The caller closes it. */
  readonly store: LockStore;
  /** Keeps applications apart that share a store. Default `'giveway'`, as a locker's: then each respects the other's locks. */
  readonly namespace?: string;
  /** Keeps staging and production apart in one store. */
  readonly environment?: string;
  /** Shown to others. Default: the host name and a random id. Ownership never depends on it. */
  readonly ownerName?: string;
  /** How long a lock lives without a heartbeat, in milliseconds: an integer from 1 000 to 86 400 000. Default 20 000. */
  readonly leaseDurationMs?: number;
  /** Time between two heartbeats, in milliseconds; at most half of `leaseDurationMs`. Default 5 000. */
  readonly heartbeatPeriodMs?: number;
  /** Send heartbeats for every lock held. The timer does not keep the process alive. Default true. */
  readonly createHeartbeatBackgroundThread?: boolean;
  /**
   * A heartbeat that the store does not answer counts as sent: the holder goes on, although others may take the lock once
   * the store's own time for it is over. Default false.
   */
  readonly holdLockOnServiceUnavailable?: boolean;
  /** How long a released record waits with its data when `deleteLockOnRelease` is false, in milliseconds. Default 86 400 000. */
  readonly keepReleasedMs?: number;
  /** Time as the client reads it; for tests. */
  readonly clock?: Clock;
}

export interface SessionMonitorOptions {
  /** How long after the last confirmed heartbeat the lock is about to expire, in milliseconds; more than `heartbeatPeriodMs`, less than `leaseDurationMs`. */
  readonly safeTimeWithoutHeartbeatMs: number;
  /** Called at most once per acquisition, when that time has come. What it throws is dropped. */
  readonly callback?: () => unknown;
}

export interface AcquireLockOptions {
  readonly partitionKey: string;
  readonly sortKey?: string;
  /** Kept with the lock. Default: none. */
  readonly data?: LockData;
  /** Put `data`, or none, in the place of what a released record holds; `false`: keep that, and write `data` only if there is none. Default true. */
  readonly replaceData?: boolean;
  /** Remove the record on release, or keep it, released, with its data for `keepReleasedMs`. Default true. */
  readonly deleteLockOnRelease?: boolean;
  /** Acquire only what has a record: one that was released and kept. Default false. */
  readonly acquireOnlyIfLockAlreadyExists?: boolean;
  /** Pause between two looks at the store, in milliseconds; at least 1. Default 1 000. */
  readonly refreshPeriodMs?: number;
  /** How long to wait, in milliseconds. The lease of the holder that is found is added to it, once. Default 1 000. */
  readonly additionalTimeToWaitForLockMs?: number;
  /** Do not wait: `LockCurrentlyUnavailableError` if somebody has it. Default false. */
  readonly shouldSkipBlockingWait?: boolean;
  /** If this client holds it already, return the same item; its first release frees it. Default false. */
  readonly reentrant?: boolean;
  readonly sessionMonitor?: SessionMonitorOptions;
  /** Kept with the lock, as JSON. The names of the record's own fields are refused. Default: none. */
  readonly additionalAttributes?: LockAttributes;
  /** Keep the additional attributes of a released record beside mine. Default false: they go. */
  readonly updateExistingLockRecord?: boolean;
  /** Take a released record only as it was seen. Always so here, whatever is set. Default false. */
  readonly acquireReleasedLocksConsistently?: boolean;
  /** Gives up waiting (AbortError). */
  readonly signal?: AbortSignal;
}

export interface ReleaseLockOptions {
  readonly lockItem: LockItem;
  /** Default: what the lock was acquired with. */
  readonly deleteLock?: boolean;
  /** `true` instead of an error when the store does not answer; the lock then ends with its lease. Default false. */
  readonly bestEffort?: boolean;
  /** Replaces the data of a record that is kept. */
  readonly data?: LockData;
}

export interface SendHeartbeatOptions {
  readonly lockItem: LockItem;
  /** Replaces the data. */
  readonly data?: LockData;
  /** Removes the data. Default false. */
  readonly deleteData?: boolean;
  /** The lease from now on, in milliseconds: an integer from 1 000 to 86 400 000. Default: the client's, and never sooner than the lock would end anyway. */
  readonly leaseDurationToEnsureMs?: number;
}

export interface GetLockOptions {
  readonly partitionKey: string;
  readonly sortKey?: string;
  /** What the item shows as `deleteLockOnRelease`. Default false. */
  readonly deleteLockOnRelease?: boolean;
}

export interface ListLocksOptions {
  /** What the items show as `deleteLockOnRelease`. Default false. */
  readonly deleteLockOnRelease?: boolean;
}
