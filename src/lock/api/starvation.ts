import type { Clock } from '../clock.ts';
import type { StarveAfter } from '../options.ts';

/** How a job has fared since it last ran. */
export interface Hunger {
  readonly skips: number;
  readonly sinceMs: number;
  readonly starving: boolean;
}

const jobsKept = 4_096;

/** Per job: consecutive skips, and the time since the first. */
export class Starvation {
  readonly #clock: Clock;
  readonly #jobs = new Map<string, { skips: number; sinceMonoMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ran(job: string): void {
    this.#jobs.delete(job);
  }

  skipped(job: string, after: Required<StarveAfter>): Hunger {
    const known = this.#jobs.get(job) ?? { skips: 0, sinceMonoMs: this.#clock.monotonicMs() };
    this.#jobs.delete(job);
    this.#jobs.set(job, known);
    const [oldest] = this.#jobs.keys();
    if (this.#jobs.size > jobsKept && oldest !== undefined) this.#jobs.delete(oldest);
    known.skips++;
    return this.of(job, after);
  }

  of(job: string, after: Required<StarveAfter>): Hunger {
    const known = this.#jobs.get(job);
    if (known === undefined) return { skips: 0, sinceMs: 0, starving: false };
    const sinceMs = this.#clock.monotonicMs() - known.sinceMonoMs;
    return { skips: known.skips, sinceMs, starving: known.skips >= after.skips || sinceMs >= after.ms };
  }
}
