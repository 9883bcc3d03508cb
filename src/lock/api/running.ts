import type { Clock } from '../clock.ts';
import { checkFields, type Rules, whole } from '../plan/options.ts';

/** How `close()` ends running work. */
export interface CloseOptions {
  /** How long work inside `run` may take to end after its signal aborted, in milliseconds. Default 5 000. */
  readonly timeoutMs?: number;
}

const rules: Rules = { timeoutMs: [whole(0, Number.MAX_VALUE), 'an integer from 0 up (milliseconds) is allowed'] };

/** Checks the options, and completes them. */
export function closeTimeoutMs(options: CloseOptions = {}): number {
  checkFields(options, rules);
  return options.timeoutMs ?? 5_000;
}

/** The runs of a locker that have not come to their end, for whoever waits for that. */
export class Running {
  readonly #runs = new Set<unknown>();
  #judge: (() => void) | undefined;

  add(run: unknown): void {
    this.#runs.add(run);
  }

  /** These have, or are not waited for. */
  remove(runs: readonly unknown[]): void {
    for (const run of runs) this.#runs.delete(run);
    this.#judge?.();
  }

  /** All have come to their end by the next `remove`, or have had their time for that. */
  ended(clock: Clock, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = clock.setTimer(resolve, timeoutMs);
      this.#judge = () => {
        if (this.#runs.size > 0) return;
        timer[Symbol.dispose]();
        resolve();
      };
    });
  }
}
