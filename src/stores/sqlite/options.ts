import { isAbsolute } from 'node:path';
import { flag, oneOf } from '../../lock/plan/options.ts';
import type { BreakerOptions } from '../breaker.ts';
import { checkOptions, commonRules, type OptionRules } from '../check-options.ts';
import { driverNames, type SqliteDriver } from './driver.ts';
import { defaultFile } from './place.ts';

/** Options of `sqliteStore`. */
export interface SqliteStoreOptions {
  /**
   * Absolute path of the file, on a disk of this host. It is made if it is not there; its folder is not. Whoever names the same
   * file excludes each other. Default: `giveway/locks.db` where this user's programs keep their state, folder included.
   */
  readonly file?: string;
  /** How long one operation may take, in milliseconds, waiting for other processes included. Default 1 000, at most 60 000. */
  readonly timeoutMs?: number;
  /**
   * Wait for the disk at every write, for as long as it takes, and with the event loop standing still. Default false: killed processes
   * lose nothing, but a power cut can take the last writes; their holders died with it.
   */
  readonly flush?: boolean;
  /** Default: better-sqlite3 if it is installed, else Node's own `node:sqlite`, else @photostructure/sqlite. */
  readonly driver?: SqliteDriver;
  /** When calls to a file that cannot be used are refused at once, see `withBreaker`; `false`: never. */
  readonly breaker?: Omit<BreakerOptions, 'serverOf'> | false;
}

/** Options as the store uses them. */
export type ResolvedOptions = Required<Omit<SqliteStoreOptions, 'driver'>> & Pick<SqliteStoreOptions, 'driver'>;

const rules: OptionRules<SqliteStoreOptions> = {
  file: [
    isFileHere,
    'an absolute path is allowed: relative to another folder it would be another file, and a file of another host is of no use',
  ],
  flush: flag,
  driver: [oneOf(...driverNames), `${driverNames.join(', ')} are allowed`],
  ...commonRules,
};

/** Refuses what cannot work, before a file is touched. */
export function resolveOptions(options: SqliteStoreOptions = {}): ResolvedOptions {
  return checkOptions(options, rules, { file: defaultFile(), flush: false });
}

function isFileHere(value: unknown): boolean {
  return typeof value === 'string' && isAbsolute(value) && !value.includes('\0') && !/^(?:\\\\|\/\/)/.test(value);
}
