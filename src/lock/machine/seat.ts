import { type Now, never, passedMs } from '../clock.ts';
import type { LostReason } from '../errors.ts';
import type { Mode } from '../holder.ts';
import type { ResolvedOptions } from '../options.ts';
import type { Refusal } from './orders.ts';
import type { Stay } from './stay.ts';

/** Where seats are asked for: what an owner may do. Each is an event of its own, also when it is done inside another one. */
export interface Place {
  readonly resource: string;
  /** Who is in the way of whoever asks now. */
  readonly refusal: Refusal;
  ask(seat: Seat): void;
  giveUp(seat: Seat): void;
  leave(seat: Seat, worked: boolean, settle: Settle): void;
  extend(seat: Seat, ttlMs: number, settle: Settle): void;
  detach(seat: Seat, settle: (token: string | undefined | Error) => void): void;
  /** Whoever calls this has looked the place up, or found it `again`. */
  restore(token: string, seat: Seat): void;
  /** The same place for one who was through with it: it may have been forgotten meanwhile. */
  again(): Place;
}

/** Other places that give the same, as far as a limit goes. */
export interface Neighbours {
  /** One who waits at another for what could as well be had here, and from now on waits here. */
  spare(): Seat | undefined;
}

/** Who asks for a seat, and is told what becomes of it. No call here may throw. */
export interface SeatAsker {
  seated(seat: Seat, now: Now): void;
  /** It is busy, and the seat will not come. */
  refused(seat: Seat, refusal: Refusal, now: Now): void;
  /** It is busy, and the seat waits in the queue. */
  waits(seat: Seat, refusal: Refusal): void;
  /** The store did not answer, and the seat will not come. */
  failed(seat: Seat, error: Error, now: Now): void;
}

/** Who holds a seat, and is told once that it no longer does. */
export interface SeatOwner {
  lost(seat: Seat, reason: LostReason, now: Now): void;
}

/** What became of a release or an extension: whether the seat was still ours, or the store's failure. */
export type Settle = (outcome: boolean | Error) => void;

/**
 * One lock's place on one resource: asked for, waited for, taken, left. Sharers of one process sit on the same entry of the
 * record; each has its own end by `maxHoldMs`, and by `ttlMs` if it wants no heartbeat.
 */
export class Seat {
  /** Another one, if it is carried on elsewhere while it waits. */
  place: Place;
  readonly mode: Mode;
  readonly options: ResolvedOptions;
  /** At most so many in this mode in the whole fleet. */
  readonly limit: number | undefined;
  /** Waits while it is busy. */
  readonly patient: boolean;
  asker: SeatAsker | undefined;
  owner: SeatOwner | undefined;
  state: 'asked' | 'waiting' | 'seated' | 'over' = 'asked';
  lost: LostReason | undefined;
  /** Set while seated, and after. */
  stay: Stay | undefined;
  /** Of this lock alone, in mode `write` on stores that have one. */
  fence: bigint | undefined;
  ttlMs: number;
  /** When the lock was acquired, which may have been in another process. */
  since: Now = never;
  /** When it was asked for, and then, if it wants no heartbeat, taken or extended last. */
  fresh: Now = never;
  looks = 0;
  previous: Seat | undefined;
  next: Seat | undefined;

  constructor(place: Place, mode: Mode, options: ResolvedOptions, limit: number | undefined, patient: boolean, asker: SeatAsker) {
    this.place = place;
    this.mode = mode;
    this.options = options;
    this.limit = limit;
    this.patient = patient;
    this.asker = asker;
    this.ttlMs = options.ttlMs;
  }

  /** Takes its place. */
  sit(stay: Stay, now: Now, since: Now): void {
    this.state = 'seated';
    this.stay = stay;
    this.fence = stay.takeFence();
    this.since = since;
    // Where a heartbeat renews it, nobody asks; one moment less to keep for each lock.
    this.fresh = this.options.heartbeat ? since : now;
  }

  /** Starts a new `ttlMs`, until it is changed again. */
  extend(ttlMs: number, now: Now): void {
    this.ttlMs = ttlMs;
    this.fresh = now;
  }

  /** Milliseconds until `maxHoldMs` is over, on the clock that is further ahead. */
  holdLeftMs(now: Now): number {
    return this.options.maxHoldMs - passedMs(this.since, now);
  }

  /** Milliseconds until its own end, whatever becomes of the entry: by `maxHoldMs`, and by `ttlMs` if nothing renews it. */
  ownLeftMs(now: Now): number {
    return Math.min(this.options.heartbeat ? Number.POSITIVE_INFINITY : this.ttlMs - passedMs(this.fresh, now), this.holdLeftMs(now));
  }

  /** Milliseconds until it ends unless something is done. */
  remainingMs(now: Now): number {
    return this.stay === undefined || this.lost !== undefined ? 0 : Math.min(this.stay.remainingMs(now), this.ownLeftMs(now));
  }

  /** Judges its deadlines now, and tells the owner when one has passed. */
  isLive(now: Now): boolean {
    if (this.state !== 'seated' || this.stay === undefined) return false;
    if (this.lost === undefined) {
      const reason =
        this.stay.lostReason(now) ?? (this.holdLeftMs(now) <= 0 ? 'max-hold' : this.ownLeftMs(now) <= 0 ? 'expired' : undefined);
      if (reason !== undefined) this.lose(reason, now);
    }
    return this.lost === undefined;
  }

  /** Ends it, once. */
  lose(reason: LostReason, now: Now): void {
    if (this.lost !== undefined || this.state !== 'seated') return;
    this.lost = reason;
    this.owner?.lost(this, reason, now);
  }
}
