import { createHash } from 'node:crypto';
import { InvalidOptionError } from '../errors.ts';
import type { StoreTraits } from '../store.ts';

const longestReadable = 200;

/**
 * The key of a resource's record, the same for every store and every language:
 * `<namespace>:<environment>:<name>`, with `%`, `:`, spaces and all that is not printable ASCII as `%XX`.
 * Over 200 characters, or spelled like one that was, the tail becomes the SHA-256 of the whole.
 */
export function recordKey(namespace: string, environment: string | undefined, resource: string): string {
  const escaped = resource.replace(/[^!-~]+|[%:]/gu, (text) =>
    [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  );
  const key = `${keyPrefix(namespace, environment)}${escaped}`;
  if (key.length <= longestReadable && key.at(-65) !== '~') return key;
  return `${key.slice(0, longestReadable - 65)}~${createHash('sha256').update(key).digest('hex')}`;
}

/** The key of a resource's record on a store: mostly `recordKey`, with `exactNames` the name itself. */
export function keyOn(
  { exactNames }: Pick<StoreTraits, 'exactNames'>,
  namespace: string,
  environment: string | undefined,
  resource: string,
): string {
  return exactNames ? resource : recordKey(namespace, environment, resource);
}

/** Where the records of a namespace are in a store. */
export interface Keys {
  /** What all of them begin with. */
  readonly prefix: string;
  of(resource: string): string;
}

export function keysOn(traits: Pick<StoreTraits, 'exactNames'>, namespace: string, environment: string | undefined): Keys {
  return {
    prefix: traits.exactNames ? '' : keyPrefix(namespace, environment),
    of: (resource) => keyOn(traits, namespace, environment, resource),
  };
}

/** What all keys of one namespace and environment begin with. */
export function keyPrefix(namespace: string, environment: string | undefined): string {
  return environment === undefined ? `${namespace}:` : `${namespace}:${environment}:`;
}

/** The resource a key was made for, or `undefined` for hashed and foreign keys. */
export function resourceOfKey(prefix: string, key: string): string | undefined {
  const escaped = key.slice(prefix.length);
  if (!key.startsWith(prefix) || escaped.includes(':') || key.length > longestReadable || key.at(-65) === '~') return undefined;
  return Buffer.from(
    escaped.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString();
}

/** Refuses a namespace or environment that would not be readable, or could be mistaken for another. */
export function checkNamespace(value: unknown, path: string): string {
  if (typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/.test(value)) return value;
  throw new InvalidOptionError(path, value, 'letters, digits, ".", "_" and "-" are allowed, 40 characters at most');
}

/** Refuses what would keep nothing apart where names are exact. */
export function checkApart(
  { name, exactNames }: Pick<StoreTraits, 'name' | 'exactNames'>,
  given: { readonly namespace?: unknown; readonly environment?: unknown },
): void {
  const field = exactNames ? (['namespace', 'environment'] as const).find((each) => given[each] !== undefined) : undefined;
  if (field !== undefined)
    throw new InvalidOptionError(
      field,
      given[field],
      `leave it out: the ${name} store takes names as they are; what keeps them apart is another table, server or cache, or what the store itself has for it`,
    );
}
