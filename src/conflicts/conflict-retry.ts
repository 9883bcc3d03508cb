import { checkFields, longestWaitMs, type Rule, whole } from '../lock/plan/options.ts';

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

const pauseMs: Rule = [whole(1, longestWaitMs), `an integer from 1 to ${longestWaitMs} (milliseconds) is allowed`];
const rules: Record<keyof ConflictRetry, Rule> = {
  maxRetries: [whole(0, Number.MAX_SAFE_INTEGER), 'an integer of at least 0 is allowed'],
  delayMs: pauseMs,
  maxDelayMs: pauseMs,
};

/** Throws `InvalidOptionError`. */
export function checkConflictRetry(retry: unknown): void {
  if (retry !== undefined) checkFields(retry, rules, 'conflictRetry.');
}

/** How long to wait after so many attempts, with jitter: two that met must not meet again at once. */
export function delayBeforeMs(attempts: number, { delayMs, maxDelayMs }: Required<ConflictRetry>): number {
  const longestMs = Math.min(maxDelayMs, delayMs * 2 ** (attempts - 1));
  return longestMs * (0.5 + Math.random() / 2);
}
