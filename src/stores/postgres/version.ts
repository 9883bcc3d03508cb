import { InvalidOptionError } from '../../lock/errors.ts';
import type { Entry, Version } from '../../lock/store.ts';
import type { PgRow } from './pool.ts';

/** The version is the number drawn for the write: the fence. */
export function versionOf({ version }: PgRow): Version {
  return { fence: BigInt(String(version)) };
}

export function versionIn([row]: readonly PgRow[]): Version | undefined {
  return row && versionOf(row);
}

export function entryIn({ value, ...row }: PgRow): Entry {
  return { value: String(value), version: versionOf(row) };
}

/** What a notification says after the key: the version and the value. */
export function announcedIn(text: string): Entry | undefined {
  const [, version, value] = /^(\d+) (.*)$/s.exec(text) ?? [];
  return value === undefined ? undefined : entryIn({ version, value });
}

export function numberOf({ fence }: Version): string {
  if (typeof fence === 'bigint') return fence.toString();
  throw new InvalidOptionError('version', fence, 'a version that this store gave is needed');
}
