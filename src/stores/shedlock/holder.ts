/**
 * ShedLock's layouts have room for one holder: a name, a time, an end. What the locker writes is reduced to that, and what is
 * read becomes a record of one writer, so that everything is decided where it is for every other store.
 */
import { InvalidOptionError } from '../../lock/errors.ts';
import { latestDateMs } from '../../lock/record/dates.ts';
import { decodeRecord, type Entrant, type LockRecord } from '../../lock/record/record.ts';
import type { StoreTraits } from '../../lock/store.ts';

/** What the three have in common: names are ShedLock's own, and one holds it alone. */
export const shedlockTraits: Pick<StoreTraits, 'pushes' | 'appends' | 'exactNames' | 'exclusiveOnly'> = {
  pushes: false,
  appends: false,
  exactNames: true,
  exclusiveOnly: true,
};

/** The one holder in a record. ShedLock keeps no data, no line and nobody beside. */
export function soleHolder(value: string): Entrant {
  const record = decodeRecord(value);
  const [holder, other] = record?.holders ?? [];
  if (record !== undefined && 'lease' in record)
    throw new InvalidOptionError(
      'store',
      'a lease',
      "locks of a locker are allowed: ShedLock's layout has no room for a lease and its data",
    );
  if (holder !== undefined && other === undefined && record?.line.length === 0) return holder;
  throw new InvalidOptionError('value', value, "a record of one holder is allowed: ShedLock's layout has no room for more");
}

/** A holder as ShedLock's layouts know one. Times are milliseconds since 1970 on this host's clock. */
export interface Found {
  /** Names this acquisition; of ours, its token. */
  readonly token: string;
  readonly host: string;
  readonly since: number;
  /** When it ends unless it is prolonged; none: the layout does not tell. */
  readonly until?: number;
  /** It ends then, whatever it does. */
  readonly isFinal?: boolean;
  /** How often it was written, as far as the layout tells. */
  readonly beat?: number;
}

export function recordText({ token, host, since, until = since, isFinal = false, beat = 1 }: Found): string {
  const holder: Entrant = {
    token,
    mode: 'write',
    host,
    pid: 0,
    since: inDates(since),
    ...(isFinal ? { latestEnd: inDates(until) } : {}),
    ttlMs: inDates(Math.max(until - since, 0)),
    until: inDates(until),
    beat,
  };
  const record: Pick<LockRecord, 'v' | 'holders'> = { v: 1, holders: [holder] };
  return JSON.stringify(record);
}

/** Some write "for ever" as a date that no `Date` can show. */
function inDates(ms: number): number {
  return Math.max(-latestDateMs, Math.min(Math.round(ms), latestDateMs));
}

const token = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/;

/** A token in the form that ShedLock's ids have. */
export function uuidOf(holder: Entrant): string {
  const [, ...parts] = token.exec(holder.token) ?? [];
  if (parts.length > 0) return parts.join('-');
  throw new InvalidOptionError('token', holder.token, '32 hexadecimal digits are allowed');
}

export function tokenOf(uuid: string): string {
  return uuid.replaceAll('-', '');
}

/** For patterns. */
export const uuidForm = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
