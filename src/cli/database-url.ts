import { redactUrl } from '../config/redact.ts';
import { InvalidOptionError } from '../lock/errors.ts';

/** Refuses what `pg` would make something of its own of: of "x" a host called "base". `field`: where it was written. */
export function checkDatabaseUrl(field: string, url: string): void {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url))
    throw new InvalidOptionError(field, redactUrl(url), 'a URL such as postgres://user:password@host/database is allowed');
}

/** Where it does not answer. */
export const databaseRemedy = 'See whether it runs, and whether host, port, database and user are right.';
