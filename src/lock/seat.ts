import type { Claim } from './claim.ts';
import type { Clock } from './clock.ts';
import type { LostReason } from './errors.ts';
import type { ResolvedOptions } from './options.ts';

/** What a place at a gate is asked for with. */
export interface Ask {
  readonly mode: 'write' | 'append' | 'read';
  readonly token: string;
  readonly options: ResolvedOptions;
}

/** Who is told that a place was lost. */
export interface SeatOwner {
  lostSeat(seat: Seat, reason: LostReason): void;
}

/**
 * One lock's place on a claim. Sharers of one process sit on the same claim; each has its own end by `maxHoldMs`, and by
 * `ttlMs` if it wants no heartbeat.
 */
export class Seat {
  readonly claim: Claim;
  readonly ask: Ask;
  readonly sinceWallMs: number;
  readonly sinceMonoMs: number;
  lost: LostReason | undefined;
  left = false;
  /** Told once, when the place is lost before it was left. */
  owner: SeatOwner | undefined;
  #ttlMs: number;
  #confirmedMonoMs: number;
  #confirmedWallMs: number;

  constructor(claim: Claim, ask: Ask, clock: Clock, sinceWallMs: number = clock.wallMs()) {
    this.claim = claim;
    this.ask = ask;
    this.sinceWallMs = sinceWallMs;
    this.sinceMonoMs = clock.monotonicMs();
    this.#ttlMs = ask.options.ttlMs;
    this.#confirmedMonoMs = this.sinceMonoMs;
    this.#confirmedWallMs = clock.wallMs();
  }

  get ttlMs(): number {
    return this.#ttlMs;
  }

  /** Starts a new `ttlMs`, until it is changed again. */
  extend(ttlMs: number, clock: Clock): void {
    this.#ttlMs = ttlMs;
    this.#confirmedMonoMs = clock.monotonicMs();
    this.#confirmedWallMs = clock.wallMs();
  }

  /** Milliseconds until `maxHoldMs` is over, on the clock that is further ahead. */
  holdLeftMs(clock: Clock): number {
    return this.ask.options.maxHoldMs - Math.max(clock.monotonicMs() - this.sinceMonoMs, clock.wallMs() - this.sinceWallMs);
  }

  /** Milliseconds until this place ends unless something is done. */
  remainingMs(clock: Clock): number {
    const claimLeftMs = this.claim.remainingMs();
    const shared = this.ask.mode !== 'write';
    const ownLeftMs =
      shared && !this.ask.options.heartbeat
        ? this.#ttlMs - Math.max(clock.monotonicMs() - this.#confirmedMonoMs, clock.wallMs() - this.#confirmedWallMs)
        : Number.POSITIVE_INFINITY;
    return Math.min(claimLeftMs, ownLeftMs, this.holdLeftMs(clock));
  }

  /** Ends the place, once. */
  lose(reason: LostReason): void {
    if (this.lost !== undefined || this.left) return;
    this.lost = reason;
    this.owner?.lostSeat(this, reason);
  }
}
