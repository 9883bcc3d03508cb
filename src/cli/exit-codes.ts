import { GivewayError, ResourceBusyError, StoreUnavailableError } from '../lock/errors.ts';

/** What `giveway` exits with by itself, after BSD's sysexits where one fits. */
export const exitCodes = {
  ok: 0,
  /** `doctor` found something that must be changed. */
  unhealthy: 1,
  usage: 64,
  storeDown: 69,
  /** A fault of giveway itself, or of a config's own code. */
  software: 70,
  cannotCreate: 73,
  busy: 75,
  lockLost: 76,
  cannotExecute: 126,
  notFound: 127,
} as const;

/** The code of the error where the database of a journal does not answer. */
export const journalUnread = 'ERR_GIVEWAY_JOURNAL';

/** The exit code for what a command rejected with. Arguments and configs that were refused are the user's to mend. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof StoreUnavailableError) return exitCodes.storeDown;
  if (error instanceof ResourceBusyError) return exitCodes.busy;
  if (error instanceof GivewayError && error.code === journalUnread) return exitCodes.storeDown;
  return error instanceof GivewayError ? exitCodes.usage : exitCodes.software;
}
