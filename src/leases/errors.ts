import { GivewayError } from '../lock/errors.ts';
import type { Holder } from '../lock/holder.ts';
import { describeHolders } from '../lock/holder.ts';

/** The wait is over and somebody else has it, or a heartbeat came too late. The Java client's `LockNotGrantedException`. */
export class LockNotGrantedError extends GivewayError {
  declare readonly name: 'LockNotGrantedError';
  /** Who was in the way at the last look; empty if nobody is known. Not enumerable, since they have tokens. */
  declare readonly holders: readonly Holder[];

  constructor(message: string, holders: readonly Holder[] = [], options?: ErrorOptions) {
    super('ERR_GIVEWAY_LOCK_NOT_GRANTED', `${message}${heldBy(holders)}`, options);
    Object.defineProperty(this, 'holders', { value: holders });
  }
}

/** Somebody has it now, and `shouldSkipBlockingWait` was set. The Java client's `LockCurrentlyUnavailableException`. */
export class LockCurrentlyUnavailableError extends GivewayError {
  declare readonly name: 'LockCurrentlyUnavailableError';
  /** Empty if nobody is known. Not enumerable, since they have tokens. */
  declare readonly holders: readonly Holder[];

  constructor(message: string, holders: readonly Holder[] = []) {
    super('ERR_GIVEWAY_LOCK_CURRENTLY_UNAVAILABLE', `${message}${heldBy(holders)}`);
    Object.defineProperty(this, 'holders', { value: holders });
  }
}

/** `amIAboutToExpire()` of a lock that was acquired without `sessionMonitor`. */
export class SessionMonitorNotSetError extends GivewayError {
  declare readonly name: 'SessionMonitorNotSetError';

  constructor(lock: string) {
    super('ERR_GIVEWAY_SESSION_MONITOR_NOT_SET', `${lock} was acquired without a sessionMonitor; give one to acquireLock`);
  }
}

function heldBy(holders: readonly Holder[]): string {
  return holders.length === 0 ? '' : `: ${describeHolders(holders)}`;
}
