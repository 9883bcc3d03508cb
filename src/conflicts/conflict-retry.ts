import { InvalidOptionError } from '../lock/errors.ts';
import { checkOptions } from '../lock/plan/options.ts';

/** How often what the database aborted because of another transaction is run again. */
export interface ConflictRetry {
  /** Default 5. */
  readonly maxRetries?: number;
  /** Before the first retry, in milliseconds; doubles each time, with jitter. Default 20. */
  readonly delayMs?: number;
  /** Default 1 000. */
  readonly maxDelayMs?: number;
}

export const retryDefaults: Required<ConflictRetry> = { maxRetries: 5, delayMs: 20, maxDelayMs: 1_000 };

const least: Required<ConflictRetry> = { maxRetries: 0, delayMs: 1, maxDelayMs: 1 };

/** Throws `InvalidOptionError`. */
export function checkConflictRetry(retry: unknown): void {
  checkOptions(retry, 'conflictRetry.', Object.keys(least));
  for (const [name, value] of Object.entries(retry ?? {})) {
    const min = least[name as keyof ConflictRetry];
    if (value !== undefined && !(Number.isInteger(value) && value >= min))
      throw new InvalidOptionError(`conflictRetry.${name}`, value, `an integer of at least ${min} is allowed`);
  }
}

/** How long to wait after so many attempts, with jitter: two that met must not meet again at once. */
export function delayBeforeMs(attempts: number, { delayMs, maxDelayMs }: Required<ConflictRetry>): number {
  const longestMs = Math.min(maxDelayMs, delayMs * 2 ** (attempts - 1));
  return longestMs * (0.5 + Math.random() / 2);
}
