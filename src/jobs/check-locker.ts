import type { ResourceLocker } from '../lock/api/locker.ts';
import { InvalidOptionError } from '../lock/errors.ts';

/** By what it can do: the ESM and the CommonJS build may both be loaded in one process. */
export function isLocker(value: unknown): value is ResourceLocker {
  return typeof (value as ResourceLocker | undefined)?.run === 'function' && typeof (value as ResourceLocker).tryLock === 'function';
}

/** Throws `InvalidOptionError`. */
export function checkLocker(value: unknown): void {
  if (!isLocker(value)) throw new InvalidOptionError('locker', value, 'what createLocker() returned is allowed');
}
