import { ResourceBusyError, StoreUnavailableError } from '../errors.ts';
import { aborted, closedError } from './aborts.ts';
import type { RunOutcome } from './run.ts';

/** A run that did not begin. */
export type Skipped = Extract<RunOutcome<unknown>, { status: 'skipped' }>;

/** Why the work did not run, as an error. `signal`: the caller's own, by which it may have given up. */
export function refusal({ reason, resource, holders, waitedMs }: Skipped, signal?: AbortSignal): Error {
  switch (reason) {
    case 'busy':
      return new ResourceBusyError(resource, holders, waitedMs);
    case 'store-down':
      return new StoreUnavailableError(`The store did not answer, and "${resource}" is not to be written without its lock.`);
    case 'closed':
      return closedError();
    case 'aborted':
      return aborted(resource, signal);
  }
}
