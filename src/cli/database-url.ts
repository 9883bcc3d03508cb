import { InvalidOptionError } from '../lock/errors.ts';
import { redactUrl } from '../lock/redact.ts';

const postgres = ['postgres:', 'postgresql:'];
const allowed = 'a URL such as postgres://user:password@host/database is allowed';

/** Throws `InvalidOptionError`, without what may be a password, for what names no PostgreSQL. */
export function checkPostgresUrl(name: string, url: string, protocols: readonly string[] = postgres): void {
  if (!URL.canParse(url) || !protocols.includes(new URL(url).protocol)) throw new InvalidOptionError(name, redactUrl(url), allowed);
}

/** The same for `--database-url`: a Redshift's may say so. */
export function checkDatabaseUrl(url: string): void {
  checkPostgresUrl('--database-url', url, [...postgres, 'redshift:']);
}

/** Where it does not answer. */
export const databaseRemedy = 'See whether it runs, and whether host, port, database and user are right.';
