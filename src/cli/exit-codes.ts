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

/** The code of the error where a file is there already, or cannot be written. */
export const notWritten = 'ERR_GIVEWAY_NOT_WRITTEN';

const codesOfErrors: Readonly<Record<string, number>> = { [journalUnread]: exitCodes.storeDown, [notWritten]: exitCodes.cannotCreate };

/** The exit code for what a command rejected with. Arguments and configs that were refused are the user's to mend. */
export function exitCodeOf(error: unknown): number {
  if (isPackageMissing(error)) return exitCodes.usage;
  if (error instanceof StoreUnavailableError) return exitCodes.storeDown;
  if (error instanceof ResourceBusyError) return exitCodes.busy;
  return error instanceof GivewayError ? (codesOfErrors[error.code] ?? exitCodes.usage) : exitCodes.software;
}

/** Somebody must install it, whatever it was needed for, and whoever told it on. Nothing was sent. */
export function isPackageMissing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (error as NodeJS.ErrnoException).code === 'ERR_GIVEWAY_PEER_MISSING' || isPackageMissing(error.cause);
}
