/** What became of one job in one play. */
export interface Fate {
  readonly fires: number;
  readonly skips: number;
  /** Of those that ran. */
  readonly waits: number;
  readonly waitedMs: number;
  /** The longest wait of those that ran. */
  readonly longestMs: number;
}

type Counted = { -readonly [field in keyof Fate]: Fate[field] };

/** Counts one play. */
export class Tally {
  readonly #fates: Counted[];

  constructor(jobs: number) {
    this.#fates = Array.from({ length: jobs }, () => ({ fires: 0, skips: 0, waits: 0, waitedMs: 0, longestMs: 0 }));
  }

  fired(job: number): void {
    this.#of(job).fires++;
  }

  skipped(job: number): void {
    this.#of(job).skips++;
  }

  began(job: number, waitedMs: number): void {
    if (waitedMs <= 0) return;
    const fate = this.#of(job);
    fate.waits++;
    fate.waitedMs += waitedMs;
    fate.longestMs = Math.max(fate.longestMs, waitedMs);
  }

  fateOf(job: number): Fate {
    return this.#of(job);
  }

  #of(job: number): Counted {
    return this.#fates[job] as Counted;
  }
}
