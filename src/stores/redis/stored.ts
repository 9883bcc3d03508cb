import type { Entry, Version } from '../../lock/store.ts';
import { randomId } from '../random-id.ts';

/** Names one state of one key: how its text begins and how long it is. */
export interface RedisVersion extends Version {
  /** The id of the write; of a text that is not ours, all of it. */
  readonly mark: string;
  readonly bytes: number;
}

/** What is about to be stored, and the version it will have. */
export interface Write {
  readonly stored: string;
  readonly version: RedisVersion;
}

/** 128 random bits in front of the value: no two writes store the same text, whatever they write. */
export function newWrite(value: string): Write {
  const mark = randomId();
  const stored = `${mark} ${value}`;
  return { stored, version: { mark, bytes: Buffer.byteLength(stored) } };
}

const form = /^[\w-]{22} /;

/** A text without an id is not ours. It is shown as it is, so that the locker takes the key for busy. */
export function entryIn(stored: string): Entry {
  return announcedIn(stored) ?? { value: stored, version: versionOf(stored, stored) };
}

/** `undefined`: the text is not ours. */
export function announcedIn(stored: string): Entry | undefined {
  return form.test(stored) ? { value: stored.slice(23), version: versionOf(stored.slice(0, 22), stored) } : undefined;
}

function versionOf(mark: string, stored: string): RedisVersion {
  return { mark, bytes: Buffer.byteLength(stored) };
}

/** `text` was appended to what had `version`. */
export function lengthened({ mark, bytes }: RedisVersion, text: string): RedisVersion {
  return { mark, bytes: bytes + Buffer.byteLength(text) };
}

export function isRedisVersion(version: Version): version is RedisVersion {
  const { mark, bytes } = version as Partial<RedisVersion>;
  return typeof mark === 'string' && typeof bytes === 'number';
}
