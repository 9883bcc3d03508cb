import { InvalidOptionError } from '../../lock/errors.ts';
import type { Entry, Version } from '../../lock/store.ts';
import type { MysqlRow } from './pool.ts';

/** The number drawn for the write, which is the fence; and what was written, by which an append without an answer finds itself. */
export interface MysqlVersion extends Version {
  readonly fence: bigint;
  readonly value: string;
}

export function versionOf(fence: unknown, value: string): MysqlVersion {
  return { fence: BigInt(String(fence)), value };
}

export function entryIn({ value, version }: MysqlRow): Entry {
  const text = textOf(value);
  return { value: text, version: versionOf(version, text) };
}

/** Of a binary column. */
export function textOf(bytes: unknown): string {
  return (bytes as Buffer).toString('utf8');
}

export function checkVersion(version: Version): MysqlVersion {
  const { fence, value } = version as Partial<MysqlVersion>;
  if (typeof fence === 'bigint' && typeof value === 'string') return { fence, value };
  throw new InvalidOptionError('version', fence, 'a version that this store gave is needed');
}
