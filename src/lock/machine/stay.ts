import { type Now, passedMs } from '../clock.ts';
import type { LostReason } from '../errors.ts';
import type { Mode } from '../holder.ts';
import { decodeRecord, type Entrant, type LockRecord } from '../record/record.ts';
import type { Version } from '../store.ts';

/**
 * One stay of this process among the holders of one record, under one token that is never used again. Its deadline counts
 * from before each confirmed request, on the monotonic and on the wall clock.
 */
export class Stay {
  readonly token: string;
  readonly mode: Mode;
  version: Version;
  /** That of whoever sat here last, on stores that have one. */
  #spentFence: bigint | undefined;
  readonly beganMonoMs: number;
  /** Why it ended, once it has ended without being left. */
  lost: LostReason | undefined;
  /** Set while renewals go unanswered. */
  fault: { readonly error: Error; readonly monoMs: number } | undefined;
  /** It is known whether others wrote meanwhile. */
  isJudged = false;
  /** When the last who sat here had let go: what it takes to leave the record is no part of a turn. */
  leavesMonoMs: number | undefined;
  /** Somebody has sat here. */
  isUsed = false;
  ttlMs: number;
  /** From when its life counts. */
  confirmed: Now;
  /** Nobody else is in the record, as it was last seen or written. */
  isAlone = true;
  /** A text that we wrote is read when it is needed: most never are, and there may be thousands, which the store keeps as well. */
  #record: LockRecord | string;

  constructor({ token, mode, ttlMs }: Entrant, record: LockRecord | string, version: Version, confirmed: Now, nowMonoMs: number) {
    this.token = token;
    this.mode = mode;
    this.version = version;
    this.ttlMs = ttlMs;
    this.confirmed = confirmed;
    this.beganMonoMs = nowMonoMs;
    this.#record = record;
    this.saw(record, version);
  }

  /** As it was last seen or written. */
  get record(): LockRecord {
    if (typeof this.#record === 'string') this.#record = decodeRecord(this.#record) as LockRecord;
    return this.#record;
  }

  /** Our entry in it. */
  get entrant(): Entrant {
    return this.record.holders.find(({ token, minHold }) => token === this.token && !minHold) as Entrant;
  }

  /** Somebody else let us in. */
  get wasGranted(): boolean {
    return typeof this.#record !== 'string' && this.entrant.beat === 0;
  }

  /** It has not been confirmed for as long as `seat` asked: by whoever let us in, or for somebody before it here. */
  isShortFor({ ttlMs }: { readonly ttlMs: number }): boolean {
    return this.ttlMs < ttlMs || this.wasGranted;
  }

  /** Somebody waited in the record. */
  get hasLine(): boolean {
    return !this.isAlone && this.record.line.length > 0;
  }

  /** Whoever sits down next needs a fence of its own, and the store has to draw it first. */
  get needsFence(): boolean {
    return this.mode === 'write' && this.version.fence !== undefined && this.version.fence === this.#spentFence;
  }

  /** Each write of the record draws one that is greater than all before, ours and those of others who came to wait. */
  takeFence(): bigint | undefined {
    this.#spentFence = this.version.fence;
    return this.mode === 'write' ? this.#spentFence : undefined;
  }

  /** A request that said so was answered. */
  confirm(ttlMs: number, record: LockRecord | string, version: Version, sent: Now): void {
    this.saw(record, version);
    this.ttlMs = ttlMs;
    this.confirmed = sent;
    this.fault = undefined;
    this.lost = undefined;
  }

  /** The record was read, or written; our entry is in it. A text has nobody else in it. */
  saw(record: LockRecord | string, version: Version): void {
    this.#record = record;
    this.isAlone = typeof record === 'string' || (record.holders.length === 1 && record.line.length === 0);
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
