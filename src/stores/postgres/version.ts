import { InvalidOptionError } from '../../lock/errors.ts';
import type { Entry, Version } from '../../lock/store.ts';
import type { PgRow } from './pool.ts';

/** The number drawn for the write, which is the fence; and what was written, by which an append without an answer finds itself. */
export interface PgVersion extends Version {
  readonly fence: bigint;
  readonly value: string;
}

/** `undefined`: nothing was written. */
export function versionIn([row]: readonly PgRow[], value: string): PgVersion | undefined {
  return row && versionOf(row, value);
}

export function entryIn({ value, ...row }: PgRow): Entry {
  const text = String(value);
  return { value: text, version: versionOf(row, text) };
}

/** What a notification says after the key: the version and the value. */
export function announcedIn(text: string): Entry | undefined {
  const [, version, value] = /^(\d+) (.*)$/s.exec(text) ?? [];
  return value === undefined ? undefined : entryIn({ version, value });
}

export function checkVersion(version: Version): PgVersion {
  const { fence, value } = version as Partial<PgVersion>;
  if (typeof fence === 'bigint' && typeof value === 'string') return { fence, value };
  throw new InvalidOptionError('version', fence, 'a version that this store gave is needed');
}

function versionOf({ version }: PgRow, value: string): PgVersion {
  return { fence: BigInt(String(version)), value };
}
