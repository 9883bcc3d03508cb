import type { RunOutcome } from '../lock/api/run.ts';
import { GivewayError, ResourceBusyError, StoreUnavailableError } from '../lock/errors.ts';

/** A run that did not begin. */
export type Skipped = Extract<RunOutcome<unknown>, { status: 'skipped' }>;

/** Why the work did not run, as an error; what was aborted has the reason of its signal instead. */
export function refusal({ reason, resource, holders, waitedMs }: Omit<Skipped, 'status'>): GivewayError {
  if (reason === 'busy') return new ResourceBusyError(resource, holders, waitedMs);
  if (reason === 'store-down')
    return new StoreUnavailableError(`The store did not answer, and "${resource}" is not to be written without its lock.`);
  return new GivewayError('ERR_GIVEWAY_CLOSED', 'The locker is closed; no new locks are taken.');
}
