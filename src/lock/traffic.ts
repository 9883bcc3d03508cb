import type { Clock } from './clock.ts';
import type { Mode } from './record.ts';

/** How long a process may serve its own writers without asking whether others wait. */
const turnMs = 40;
/** The same for sharers: a job that waits for them to end should not wait for those who come after it. */
const sharersTurnMs = 6;
/** Seats taken within `loadWindowMs` that count as load. */
const loadSeats = 3;
const loadWindowMs = 100;
/** Holds of a writer from this long on count: one request more is little beside them. */
export const longHoldMs = 20;
/** Whoever comes straight back asks whether others wait: always for this long after it met another process, ... */
const contendedMs = 5_000;
/** ... and else once for so much time in which it held the resource. */
const unaskedHoldMs = 500;
/** A sharer comes straight back within this time, a writer within as long as it held. */
const longestAwayMs = 5_000;

const noShares: readonly number[] = [];

/** What a gate remembers of its comings and goings, to spare requests under load and to be fair to other processes. */
export class Traffic {
  readonly #clock: Clock;
  #tookMonoMs = 0;
  #lineCheckedMonoMs = 0;
  /** When the latest sharers took their seats, at most `loadSeats`. */
  #sharesMonoMs = noShares;
  #metOthersMonoMs = Number.NEGATIVE_INFINITY;
  #mayComeBackUntilMonoMs = Number.NEGATIVE_INFINITY;
  /** Held, coming straight back each time, since this process last asked whether others wait. */
  #unaskedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A sharer took a seat. */
  countShare(): void {
    this.#sharesMonoMs = [...this.#sharesMonoMs, this.#clock.monotonicMs()].slice(-loadSeats);
  }

  /** The resource is ours, and nobody of another process is known to be next in line. */
  took(): void {
    this.#tookMonoMs = this.#clock.monotonicMs();
    this.lineChecked();
  }

  /** We let go of it. Whoever comes straight back would always be faster than those who poll. */
  letGo(mode: Mode): void {
    const nowMs = this.#clock.monotonicMs();
    const heldMs = nowMs - this.#tookMonoMs;
    if (mode === 'write' && heldMs < longHoldMs) return;
    if (this.#tookMonoMs > this.#mayComeBackUntilMonoMs) this.#unaskedMs = 0;
    this.#unaskedMs += heldMs;
    this.#mayComeBackUntilMonoMs = nowMs + (mode === 'write' ? Math.min(heldMs, longestAwayMs) : longestAwayMs);
  }

  /** Another process held the resource, or was next in line. */
  metOthers(): void {
    this.#metOthersMonoMs = this.#clock.monotonicMs();
  }

  /** The store was asked whether others wait. */
  asked(): void {
    this.#unaskedMs = 0;
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

  /** There is something to remember. */
  get mayComeBack(): boolean {
    return this.#clock.monotonicMs() < this.#mayComeBackUntilMonoMs;
  }

  /** Others may have been waiting while this process was in: they go first. */
  get mustAsk(): boolean {
    const contended = this.#clock.monotonicMs() - this.#metOthersMonoMs < contendedMs;
    return this.mayComeBack && (contended || this.#unaskedMs >= unaskedHoldMs);
  }
}
