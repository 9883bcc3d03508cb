import type { Clock } from './clock.ts';
import type { Mode } from './record.ts';

/** How long a process may serve its own writers without asking whether others wait. */
const turnMs = 40;
/** The same for sharers: a job that waits for them to end should not wait for those who come after it. */
const sharersTurnMs = 6;
/** Seats taken within `loadWindowMs` that count as load. */
const loadSeats = 3;
const loadWindowMs = 100;
/** How long a process that shared a resource looks for wishes before it enters again. */
const recentShareMs = 5_000;
/** Holds from this long on count: one request more is little beside them. */
export const longHoldMs = 20;

/** What a gate remembers of its comings and goings, to spare requests under load and to be fair to other processes. */
export class Traffic {
  readonly #clock: Clock;
  #lineCheckedMonoMs = 0;
  #sharedMonoMs = Number.NEGATIVE_INFINITY;
  /** When the latest sharers took their seats, at most `loadSeats`. */
  #sharesMonoMs: readonly number[] = [];
  #mayComeBackUntilMonoMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A sharer took a seat. */
  countShare(): void {
    this.#sharedMonoMs = this.#clock.monotonicMs();
    this.#sharesMonoMs = [...this.#sharesMonoMs, this.#sharedMonoMs].slice(-loadSeats);
  }

  /** A writer let go. Whoever comes straight back after a long hold would always be faster than those who poll. */
  countWrite(heldMs: number): void {
    if (heldMs >= longHoldMs) this.#mayComeBackUntilMonoMs = this.#clock.monotonicMs() + Math.min(heldMs, recentShareMs);
  }

  /** Nobody of another process is next in line, as of now. */
  lineChecked(): void {
    this.#lineCheckedMonoMs = this.#clock.monotonicMs();
  }

  /** It is this process's turn still: nobody of another process was next in line a moment ago. */
  isOurTurn(mode: Mode): boolean {
    return this.#clock.monotonicMs() - this.#lineCheckedMonoMs < (mode === 'write' ? turnMs : sharersTurnMs);
  }

  /** Sharers come so fast that another is likely soon. */
  get underLoad(): boolean {
    const [first = 0] = this.#sharesMonoMs;
    return this.#sharesMonoMs.length === loadSeats && this.#clock.monotonicMs() - first <= loadWindowMs;
  }

  /** Others may have been waiting while this process was in: they go first. */
  get isBack(): boolean {
    const nowMs = this.#clock.monotonicMs();
    return nowMs - this.#sharedMonoMs < recentShareMs || nowMs < this.#mayComeBackUntilMonoMs;
  }
}
