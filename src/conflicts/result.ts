import type { RunOutcome } from '../lock/api/run.ts';
import { GivewayError, ResourceBusyError, StoreUnavailableError } from '../lock/errors.ts';
import { abortError } from './abort-error.ts';

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
  const { reason, resource, holders, waitedMs } = outcome;
  if (reason === 'busy') throw new ResourceBusyError(resource, holders, waitedMs);
  if (reason === 'store-down') throw new StoreUnavailableError(`The store of the lock on "${resource}" did not answer`);
  if (reason === 'closed') throw new GivewayError('ERR_GIVEWAY_CLOSED', 'The locker is closed; no new locks are taken.');
  throw abortError(`Waiting for "${resource}" was aborted`, signal?.reason);
}
