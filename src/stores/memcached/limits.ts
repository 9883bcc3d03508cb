import { InvalidOptionError } from '../../lock/errors.ts';

/** KEY_MAX_LENGTH in memcached's source. */
const longestKey = 250;

/** Under memcached's default item size of 1 MiB, with room for the key and its own header. */
const longestValueBytes = 1_000_000;

/**
 * Refuses a key that memcached would refuse. It also closes the connection over such a key, so whatever else was in
 * flight would be lost with it; and a key with a line break would be a second command on the text protocol.
 */
export function checkKey(key: string): void {
  if (typeof key === 'string' && key.length > 0 && key.length <= longestKey && !/[^!-~]/.test(key)) return;
  throw new InvalidOptionError('key', key, '1 to 250 printable ASCII characters without spaces are allowed');
}

/** Refuses a value that memcached would answer with "too large". */
export function checkValue(value: string, path = 'value'): void {
  if (typeof value !== 'string') throw new InvalidOptionError(path, value, 'a string is allowed');
  const bytes = value.length > longestValueBytes / 3 ? Buffer.byteLength(value) : 0;
  if (bytes > longestValueBytes)
    throw new InvalidOptionError(path, `${bytes} bytes`, `at most ${longestValueBytes} bytes of UTF-8 are allowed`);
}
