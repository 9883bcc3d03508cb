import { GivewayError } from '../lock/errors.ts';
import { SessionMonitorNotSetError } from './errors.ts';
import type { LeaseView } from './item.ts';
import { describeName, type LeaseName } from './lease-key.ts';
import { decodeLeaseRecord, type Lease } from './lease-record.ts';

/** Somebody's lock as one read showed it. */
export interface SeenLock {
  readonly view: LeaseView;
  /** The holder's; `undefined` if it is released. */
  readonly token: string | undefined;
}

/**
 * What a record says to somebody who does not hold it. A locker's lock is shown under the name it was asked for, with its
 * job as owner, and so is a record that cannot be read. `undefined`: it holds nothing, or its name is not known.
 */
export function seenLock(text: string, name: LeaseName | undefined, nowMonoMs: number, deleteLockOnRelease: boolean): SeenLock | undefined {
  const record = decodeLeaseRecord(text);
  const [holder] = record?.holders ?? [];
  const isReleased = record !== undefined && holder === undefined;
  const lease: Lease | undefined =
    record?.lease ??
    (name === undefined || isReleased
      ? undefined
      : {
          partitionKey: name.partitionKey,
          ...(name.sortKey === undefined ? {} : { sortKey: name.sortKey }),
          ownerName: holder === undefined ? 'unknown' : (holder.job ?? `${holder.host}:${holder.pid}`),
          leaseDurationMs: holder?.ttlMs ?? 0,
          recordVersionNumber: '',
          attributes: {},
        });
  if (lease === undefined) return undefined;
  return {
    token: holder?.token,
    view: {
      lease,
      isReleased,
      deleteLockOnRelease,
      lookupTimeMs: nowMonoMs,
      signal: undefined,
      isExpired: () => true,
      amIAboutToExpire() {
        if (isReleased) throw new GivewayError('ERR_GIVEWAY_LEASE_RELEASED', `${describeName(lease)} was released; it expires no more`);
        throw new SessionMonitorNotSetError(describeName(lease));
      },
    },
  };
}
