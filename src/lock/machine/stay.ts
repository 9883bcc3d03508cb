import type { LostReason } from '../errors.ts';
import type { Entrant, LockRecord } from '../record/record.ts';
import type { Version } from '../store.ts';
import { type Now, passedMs } from './orders.ts';

/**
 * One stay of this process among the holders of one record, under one token that is never used again. Its deadline counts
 * from before each confirmed request, on the monotonic and on the wall clock.
 */
export class Stay {
  /** The entry as it was last written. */
  entrant: Entrant;
  version: Version;
  /** Of the acquisition, on stores that have one. */
  readonly fence: bigint | undefined;
  readonly beganMonoMs: number;
  /** Why it ended, once it has ended without being left. */
  lost: LostReason | undefined;
  /** Set while renewals go unanswered. */
  fault: { readonly error: Error; readonly monoMs: number } | undefined;
  /** Somebody has sat here. */
  isUsed = false;
  ttlMs: number;
  /** From when its life counts. */
  confirmed: Now;
  /** `undefined` as long as our entry, as we wrote it, is all of the record. Most are, and there may be thousands. */
  #record: LockRecord | undefined;

  constructor(entrant: Entrant, record: LockRecord | undefined, version: Version, confirmed: Now, nowMonoMs: number) {
    this.entrant = entrant;
    this.version = version;
    this.fence = version.fence;
    this.ttlMs = entrant.ttlMs;
    this.confirmed = confirmed;
    this.beganMonoMs = nowMonoMs;
    this.#record = isAlone(record) ? undefined : record;
  }

  get token(): string {
    return this.entrant.token;
  }

  /** As it was last seen or written. */
  get record(): LockRecord {
    return this.#record ?? { v: 1, at: this.entrant.until - this.entrant.ttlMs, holders: [this.entrant], line: [] };
  }

  /** Nobody else was in the record. */
  get isAlone(): boolean {
    return this.#record === undefined;
  }

  /** Somebody waited in the record. */
  get hasLine(): boolean {
    return this.#record !== undefined && this.#record.line.length > 0;
  }

  /** A request that said so was answered. */
  confirm(entrant: Entrant, record: LockRecord, version: Version, sent: Now): void {
    this.entrant = entrant;
    this.saw(record, version);
    this.ttlMs = entrant.ttlMs;
    this.confirmed = sent;
    this.fault = undefined;
    this.lost = undefined;
  }

  /** The record was read; our entry is in it. */
  saw(record: LockRecord, version: Version): void {
    this.#record = isAlone(record) ? undefined : record;
    this.version = version;
  }

  /** A life of `ttlMs` from now is being sent: it may count before its answer is here, and the answer may never come. */
  shortenTo(ttlMs: number, now: Now): void {
    const leftMs = this.remainingMs(now);
    if (ttlMs < leftMs) this.ttlMs -= leftMs - ttlMs;
  }

  /** Milliseconds until the deadline on the clock that is further ahead; at most 0 when it has passed. */
  remainingMs(now: Now): number {
    return this.ttlMs - passedMs(this.confirmed, now);
  }

  /** Judges the deadline now. `undefined` while it holds. */
  lostReason(now: Now): LostReason | undefined {
    if (this.lost === undefined && this.remainingMs(now) <= 0) return this.fault === undefined ? 'expired' : 'unreachable';
    return this.lost;
  }
}

function isAlone(record: LockRecord | undefined): boolean {
  return record === undefined || (record.holders.length === 1 && record.line.length === 0);
}
