/**
 * What is written under a resource's key: who holds it, as JSON. The same text on every store, so that
 * writers in other languages can join.
 */
import { inspect } from 'node:util';

/** `write` excludes everybody; `append` goes with `append`; `read` goes with `read`. */
export type Mode = 'write' | 'append' | 'read';

/** One holder as it stands in the record. Times are milliseconds since 1970 on the holder's host. */
export interface Entrant {
  readonly token: string;
  readonly mode: Mode;
  readonly job?: string;
  readonly host: string;
  readonly pid: number;
  readonly since: number;
  /** `since` + maxHoldMs; absent when maxHoldMs is Infinity. */
  readonly latestEnd?: number;
  readonly ttlMs: number;
  /** When this entry ends unless it is renewed; for `min-hold`, when it ends for good. */
  readonly until: number;
  /** Counts writes, so that no two written values are equal. */
  readonly beat: number;
  /** Set once the holder has let go but others must still wait until `until`. */
  readonly minHold?: true;
}

export interface LockRecord {
  readonly v: 1;
  readonly holders: readonly Entrant[];
}

/** Who holds a resource, as told to people and programs. */
export interface Holder {
  readonly resource: string;
  readonly mode: Mode;
  /** A secret: `console.log` leaves it out, JSON does not. */
  readonly token: string;
  readonly job?: string;
  readonly host: string;
  readonly pid: number;
  readonly since: Date;
  readonly latestEnd?: Date;
  readonly state: 'holding' | 'min-hold' | 'waiting';
}

const maxJobBytes = 128;

/** The last millisecond that a `Date` can show. */
export const latestDateMs = 8.64e15;

/** The text under a key. */
export function encodeRecord(record: LockRecord): string {
  return JSON.stringify(record);
}

/** The record in a text, or `undefined` for what this version cannot read: garbage, or a newer `v`. */
export function decodeRecord(text: string): LockRecord | undefined {
  try {
    const record = JSON.parse(text) as LockRecord;
    return record?.v === 1 && Array.isArray(record.holders) && record.holders.every(isEntrant) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** An entry as people see it. */
export function toHolder(resource: string, entrant: Entrant, waiting = false): Holder {
  const holder: Holder = {
    resource,
    mode: entrant.mode,
    token: entrant.token,
    ...(entrant.job === undefined ? {} : { job: entrant.job }),
    host: entrant.host,
    pid: entrant.pid,
    since: new Date(entrant.since),
    ...(entrant.latestEnd === undefined ? {} : { latestEnd: new Date(entrant.latestEnd) }),
    state: waiting ? 'waiting' : entrant.minHold ? 'min-hold' : 'holding',
  };
  return Object.defineProperty(holder, inspect.custom, printedWithoutToken);
}

/** Its own, and not enumerable: a holder stays a plain object that is copied and compared by its fields. */
const printedWithoutToken: PropertyDescriptor = {
  value(this: Holder): object {
    const { token: _, ...shown } = this;
    return shown;
  },
};

/** A job's name as it goes into records: at most 128 bytes, cut at a character. */
export function jobName(job: string | undefined): string | undefined {
  if (job === undefined || Buffer.byteLength(job) <= maxJobBytes) return job;
  let cut = '';
  for (const character of job) {
    if (Buffer.byteLength(cut + character) > maxJobBytes - 3) break;
    cut += character;
  }
  return `${cut}…`;
}

function isEntrant(value: unknown): value is Entrant {
  const entrant = value as Entrant;
  return (
    typeof entrant === 'object' &&
    entrant !== null &&
    typeof entrant.token === 'string' &&
    (entrant.mode === 'write' || entrant.mode === 'append' || entrant.mode === 'read') &&
    (entrant.job === undefined || typeof entrant.job === 'string') &&
    typeof entrant.host === 'string' &&
    isDateMs(entrant.since) &&
    (entrant.latestEnd === undefined || isDateMs(entrant.latestEnd)) &&
    isDateMs(entrant.until) &&
    [entrant.pid, entrant.ttlMs, entrant.beat].every(Number.isFinite)
  );
}

function isDateMs(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) <= latestDateMs;
}
