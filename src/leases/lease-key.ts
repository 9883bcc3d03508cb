import { InvalidOptionError } from '../lock/errors.ts';
import { printable } from '../lock/holder.ts';
import type { Keys } from '../lock/record/keys.ts';

/** The two parts of a lock's name. */
export interface LeaseName {
  readonly partitionKey: string;
  readonly sortKey?: string | undefined;
}

/** Stands between the two parts, so it may be in neither: `("ab", "c")` is not `("a", "bc")`, nor is `("a_b")` ever `("a", "b")`. */
const separator = '\u0000';

/** Where the lock's record is. Without a sort key it is the record of the resource of the same name, so a locker's lock is respected. */
export function leaseKey(keys: Keys, { partitionKey, sortKey }: LeaseName): string {
  return keys.of(sortKey === undefined ? partitionKey : `${partitionKey}${separator}${sortKey}`);
}

/** The name that such a key was made for; only where names are exact does a key tell. */
export function leaseName(key: string): LeaseName {
  const at = key.indexOf(separator);
  return at === -1 ? { partitionKey: key } : { partitionKey: key.slice(0, at), sortKey: key.slice(at + 1) };
}

/** Refuses what could be confused with another name, or what no store could keep. */
export function checkKeyPart(value: unknown, path: string): string {
  // A lone surrogate has no UTF-8 form of its own, so two such names would share a record.
  if (typeof value === 'string' && value !== '' && !value.includes(separator) && Buffer.from(value).toString() === value) return value;
  throw new InvalidOptionError(path, value, 'a non-empty string of well-formed Unicode without U+0000 is allowed');
}

/** The name in words, for messages. */
export function describeName({ partitionKey, sortKey }: LeaseName): string {
  const name = `"${printable(partitionKey)}"`;
  return sortKey === undefined ? name : `${name}, "${printable(sortKey)}"`;
}
