/**
 * The requests about a lease that is held: each write is one compare-and-swap, so it cannot touch another holder's lock. What an
 * answer means for the holder is not decided here.
 */
import { randomUUID } from 'node:crypto';
import { type Entrant, jobName } from '../lock/record/record.ts';
import type { Version } from '../lock/store.ts';
import type { ClientSettings } from './check-options.ts';
import { changedLease, decodeLeaseRecord, encodeHeld, encodeReleased, type Lease, type LeaseChange } from './lease-record.ts';

/** One confirmed write: what it said, and when it was sent. */
export interface Confirmed {
  readonly entrant: Entrant;
  readonly lease: Lease;
  readonly version: Version;
  readonly monoMs: number;
  readonly wallMs: number;
}

/** A lease's holder as every locker and `inspect` see it. */
export function leaseEntrant(
  { token, host, pid, beat = 0 }: Pick<Entrant, 'token' | 'host' | 'pid'> & { readonly beat?: number },
  { ownerName, leaseDurationMs }: Pick<Lease, 'ownerName' | 'leaseDurationMs'>,
  wallMs: number,
  since: number = wallMs,
): Entrant {
  const until = wallMs + leaseDurationMs;
  return { token, mode: 'write', job: jobName(ownerName), host, pid, since, ttlMs: leaseDurationMs, until, beat: beat + 1 };
}

/** Writes the lease anew, for `leaseDurationMs` from now. `undefined`: the record is not as `last` left it. */
export async function rewrite(
  { store, clock }: ClientSettings,
  key: string,
  last: Confirmed,
  change: LeaseChange & { readonly leaseDurationMs: number },
): Promise<Confirmed | undefined> {
  const monoMs = clock.monotonicMs();
  const wallMs = clock.wallMs();
  const lease = changedLease(last.lease, change, randomUUID());
  const entrant = leaseEntrant(last.entrant, lease, wallMs, last.entrant.since);
  const version = await store.replace(key, encodeHeld(entrant, lease), last.version, change.leaseDurationMs);
  return version && { entrant, lease, version, monoMs, wallMs };
}

/** Removes the record, or keeps it, released, with `lease`. `false`: it is not as `last` left it. */
export async function takeOut(
  { store, keepReleasedMs }: ClientSettings,
  key: string,
  last: Confirmed,
  lease: Lease,
  keepsRecord: boolean,
): Promise<boolean> {
  if (!keepsRecord) return store.remove(key, last.version);
  return (await store.replace(key, encodeReleased(lease), last.version, keepReleasedMs)) !== undefined;
}

/** After a "no". If our token is still there, because an answer was lost, the version to go on from. */
export async function lookAgain({ store }: ClientSettings, key: string, last: Confirmed): Promise<Version | 'vanished' | 'stolen'> {
  const entry = await store.read(key);
  if (entry === undefined) return 'vanished';
  const isOurs = decodeLeaseRecord(entry.value)?.holders.some(({ token }) => token === last.entrant.token);
  return isOurs ? entry.version : 'stolen';
}
