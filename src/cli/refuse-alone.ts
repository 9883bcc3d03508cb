import { InvalidOptionError } from '../lock/errors.ts';
import { redactUrl } from '../lock/redact.ts';

/** Throws `InvalidOptionError` for a flag that was given and would do nothing; `needed` says with what it would. */
export function refuseAlone(flag: string, received: string | undefined, needed: string): void {
  if (received !== undefined) throw new InvalidOptionError(flag, redactUrl(received), `it goes with ${needed}, and does nothing here`);
}
