import { randomBytes } from 'node:crypto';

/**
 * What stands under a released key. Momento has no conditional delete, so a release writes this for a second, and
 * everybody takes it for nothing. One and the same text for all, so that taking a free key is a single request.
 */
export const tombstone = 'released';

/** The value behind an id of its own: no two writes are equal, so comparing texts is comparing versions. */
export function newText(value: string): string {
  return `${randomBytes(16).toString('base64url')} ${value}`;
}

/** A text without an id is not ours. It is shown as it is, so that the locker takes the key for busy. */
export function valueIn(text: string): string {
  return /^[\w-]{22} /.test(text) ? text.slice(23) : text;
}
