import type { Clock } from './clock.ts';

/** How long a process may serve its own waiters, or let sharers in, without asking whether others wait. */
const turnMs = 40;
/** Seats taken within `loadWindowMs` that count as load. */
const loadSeats = 6;
const loadWindowMs = 100;
/** How long a process that shared a resource looks for wishes before it enters again. */
const recentShareMs = 5_000;

/** What a gate remembers of its comings and goings, to spare requests under load and to be fair to other processes. */
export class Traffic {
  readonly #clock: Clock;
  #lineCheckedMonoMs = 0;
  #sharedMonoMs = Number.NEGATIVE_INFINITY;
  #windowMonoMs = 0;
  #seatsInWindow = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A sharer took a seat. */
  countShare(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#windowMonoMs > loadWindowMs) {
      this.#windowMonoMs = nowMs;
      this.#seatsInWindow = 0;
    }
    this.#seatsInWindow++;
    this.#sharedMonoMs = nowMs;
  }

  /** Nobody of another process is next in line, as of now. */
  lineChecked(): void {
    this.#lineCheckedMonoMs = this.#clock.monotonicMs();
  }

  get lineIsFresh(): boolean {
    return this.#clock.monotonicMs() - this.#lineCheckedMonoMs < turnMs;
  }

  get underLoad(): boolean {
    return this.#seatsInWindow >= loadSeats && this.#clock.monotonicMs() - this.#windowMonoMs <= loadWindowMs;
  }

  get recentlyShared(): boolean {
    return this.#clock.monotonicMs() - this.#sharedMonoMs < recentShareMs;
  }
}
