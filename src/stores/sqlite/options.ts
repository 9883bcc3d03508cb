import { isAbsolute } from 'node:path';
import { InvalidOptionError } from '../../lock/errors.ts';
import { requireOptions } from '../../lock/plan/options.ts';
import type { BreakerOptions } from '../breaker.ts';
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
export interface ResolvedOptions {
  readonly file: string;
  readonly timeoutMs: number;
  readonly flush: boolean;
  readonly driver: SqliteDriver | undefined;
  readonly breaker: BreakerOptions | false;
}

const known: readonly string[] = ['file', 'timeoutMs', 'flush', 'driver', 'breaker'] satisfies (keyof SqliteStoreOptions)[];

/** Refuses what cannot work, before a file is touched. */
export function resolveOptions(options: SqliteStoreOptions = {}): ResolvedOptions {
  requireOptions(options);
  for (const [name, value] of Object.entries(options)) {
    if (!known.includes(name)) throw new InvalidOptionError(name, value, `the options are ${known.join(', ')}`);
  }
  const { file = defaultFile(), timeoutMs = 1_000, flush = false, driver, breaker = {} } = options;
  if (typeof file !== 'string' || !isAbsolute(file) || file.includes('\0')) {
    throw new InvalidOptionError('file', file, 'an absolute path is allowed: relative to another folder it would be another file');
  }
  if (/^(?:\\\\|\/\/)/.test(file))
    throw new InvalidOptionError('file', file, 'a file of another host is of no use; name one on a disk here');
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 60_000) {
    throw new InvalidOptionError('timeoutMs', timeoutMs, 'an integer from 1 to 60000 is allowed');
  }
  if (typeof flush !== 'boolean') throw new InvalidOptionError('flush', flush, 'true or false is allowed');
  if (driver !== undefined && !driverNames.includes(driver)) {
    throw new InvalidOptionError('driver', driver, `${driverNames.join(', ')} are allowed`);
  }
  return { file, timeoutMs, flush, driver, breaker };
}
