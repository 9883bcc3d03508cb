import { randomBytes } from 'node:crypto';
import { InvalidOptionError } from '../../lock/errors.ts';
import type { Entry, Version } from '../../lock/store.ts';
import type { EtcdKeyValue } from './client.ts';

/** Names one state of a key: its revision, the lease that was made for it, and what stands there: etcd can write, and not add. */
export interface EtcdVersion extends Version {
  readonly fence: bigint;
  readonly lease: string;
  readonly value: string;
}

/** 63 random bits. Zero would have etcd choose. */
export function newLease(): string {
  return String((randomBytes(8).readBigUInt64BE() >> 1n) | 1n);
}

export function entryIn({ value, mod_revision, lease }: EtcdKeyValue): Entry {
  const text = value.toString();
  return { value: text, version: versionOf(mod_revision, lease, text) };
}

export function versionOf(revision: string, lease: string, value: string): EtcdVersion {
  return { fence: BigInt(revision), lease, value };
}

/**
 * The version of what was written, if it stands: after a refusal, an earlier send was done. If it was done and somebody has appended
 * since, the answer is no, and whoever then reads finds both.
 */
export function ifStands(found: EtcdKeyValue | undefined, lease: string, value: string): EtcdVersion | undefined {
  return found?.lease === lease && found.value.toString() === value ? versionOf(found.mod_revision, lease, value) : undefined;
}

export function checkVersion(version: Version): EtcdVersion {
  const { fence, lease, value } = version as Partial<EtcdVersion>;
  if (typeof fence === 'bigint' && typeof lease === 'string' && typeof value === 'string') return { fence, lease, value };
  throw new InvalidOptionError('version', version, 'a version that this store gave is needed');
}
