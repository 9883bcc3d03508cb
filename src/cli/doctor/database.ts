import { printable } from '../../lock/holder.ts';
import { redactUrl } from '../../lock/redact.ts';
import { databaseRemedy } from '../database-url.ts';
import { isPackageMissing } from '../exit-codes.ts';
import type { Finding } from './finding.ts';
import { interview } from './postgres.ts';

/** What decides whether transactions of a warehouse can collide. */
export interface Isolation {
  readonly isRedshift: boolean;
  /** Redshift: of the database, from STV_DB_ISOLATION_LEVEL. Postgres: default_transaction_isolation. */
  readonly level: string;
}

/** Asks the database that the jobs write to. Rejects only for want of the package. */
export async function diagnoseDatabase(url: string): Promise<readonly Finding[]> {
  const subject = `database ${redactUrl(url)}`;
  try {
    const isolation = await interview(url, async ({ ask }): Promise<Isolation> => {
      const { version } = await ask('select version() as version');
      const isRedshift = /redshift/i.test(String(version));
      const sql = isRedshift
        ? 'select isolation_level as level from stv_db_isolation_level where db_name = current_database()'
        : `select current_setting('default_transaction_isolation') as level`;
      const { level } = await ask(sql);
      return { isRedshift, level: printable(String(level ?? 'unknown')) };
    });
    return [{ subject, ...isolationFinding(isolation) }];
  } catch (error) {
    if (isPackageMissing(error)) throw error;
    return [{ level: 'fail', check: 'reachable', subject, found: (error as Error).message, remedy: databaseRemedy }];
  }
}

/** What locks are worth at an isolation level. */
export function isolationFinding({ isRedshift, level }: Isolation): Omit<Finding, 'subject'> {
  const check = 'isolation';
  if (isRedshift && /snapshot/i.test(level)) {
    const found =
      'Redshift, isolation SNAPSHOT: error 1023 cannot occur here. Locks still keep jobs from queueing inside the cluster, from deadlocks over several tables and from doing work twice';
    return { level: 'ok', check, found };
  }
  if (isRedshift) {
    const remedy =
      'Lock every table that a job writes to or depends on. Or, where write skew does no harm: ALTER DATABASE … ISOLATION LEVEL SNAPSHOT, and 1023 is gone.';
    return { level: 'warn', check, found: `Redshift, isolation ${level}: error 1023 can occur`, remedy };
  }
  if (/serializable/i.test(level)) {
    return {
      level: 'ok',
      check,
      found: 'Postgres, isolation serializable by default: 40001 can occur; retry it, and let locks make it rare',
    };
  }
  const found = `Postgres, isolation ${level} by default: 40001 is rare there, lost updates and write skew are possible; writers that hold their tables' locks are kept from both`;
  return { level: 'ok', check, found };
}
