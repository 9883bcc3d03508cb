import { InvalidOptionError } from '../lock/errors.ts';

/** Throws `InvalidOptionError`. */
export function checkWork(work: unknown): void {
  if (typeof work !== 'function') throw new InvalidOptionError('work', work, 'a function is allowed');
}
