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

/** The digits of microseconds since 1970, until 2286. With them, a dash and five characters an id is as long as any other. */
const fenceDigits = 16;

/** What stands behind the fence that the server draws. The five characters tell apart two writes of one microsecond after its clock was set back. */
export function newUnfenced(value: string): string {
  return `-${randomId().slice(0, 5)} ${value}`;
}

/** The version of a text that the server made of `fence` and `unfenced`. */
export function fencedVersion(fence: string, unfenced: string): RedisVersion {
  return versionOf(fence + unfenced.slice(0, 6), fence + unfenced);
}

/** Is it what the server would have made of `unfenced`? */
export function isFenced(stored: string, unfenced: string): boolean {
  return stored.slice(fenceDigits) === unfenced;
}

const form = /^[\w-]{22} /;
/** One in 10^14 random ids looks like this. */
const fencedForm = /^\d{16}-/;

/** A text without an id is not ours. It is shown as it is, so that the locker takes the key for busy. */
export function entryIn(stored: string): Entry {
  return announcedIn(stored) ?? { value: stored, version: versionOf(stored, stored) };
}

/** `undefined`: the text is not ours. */
export function announcedIn(stored: string): Entry | undefined {
  return form.test(stored) ? { value: stored.slice(23), version: versionOf(stored.slice(0, 22), stored) } : undefined;
}

function versionOf(mark: string, stored: string): RedisVersion {
  const bytes = Buffer.byteLength(stored);
  return fencedForm.test(mark) ? { mark, bytes, fence: BigInt(mark.slice(0, fenceDigits)) } : { mark, bytes };
}

/** `text` was appended to what had `version`. */
export function lengthened(version: RedisVersion, text: string): RedisVersion {
  return { ...version, bytes: version.bytes + Buffer.byteLength(text) };
}

export function isRedisVersion(version: Version): version is RedisVersion {
  const { mark, bytes } = version as Partial<RedisVersion>;
  return typeof mark === 'string' && typeof bytes === 'number';
}
