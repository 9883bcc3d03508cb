import { refusal } from '../lock/api/refusal.ts';
import type { RunOutcome } from '../lock/api/run.ts';

/** What work does whose scope is taken: nothing, or wait. */
export type OnBusy = 'skip' | 'retry';

/** What a call resolves to: an outcome where it may skip, else what its work returned. */
export type ResultOf<B extends OnBusy, T> = B extends 'skip' ? RunOutcome<T> : T;

interface Asked<B extends OnBusy> {
  readonly onBusy?: B | undefined;
  readonly signal?: AbortSignal | undefined;
}

export function settled<T, B extends OnBusy>(outcome: RunOutcome<T>, { onBusy, signal }: Asked<B>): ResultOf<B, T> {
  return (onBusy === 'skip' ? outcome : resultOf(outcome, signal)) as ResultOf<B, T>;
}

/** What the work returned; throws what kept it from running. */
export function resultOf<T>(outcome: RunOutcome<T>, signal: AbortSignal | undefined): T {
  if (outcome.status === 'ran') return outcome.value;
  throw refusal(outcome, signal);
}
