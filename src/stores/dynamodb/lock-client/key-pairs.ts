import { InvalidOptionError } from '../../../lock/errors.ts';
import type { Item } from '../item.ts';
import { checkText, type DynamodbSettings, type KeyPair, longestKeyBytes } from '../options.ts';

/** Stands in a key between the two parts of a lease's name, which have none; `giveway/leases` puts it there. */
const separator = '\u0000';
const longestSortKeyBytes = 1_024;

/** How the keys of the port and those of the table belong together. */
export interface KeyPairs {
  /** Throws `InvalidOptionError` for what the table cannot keep. */
  pairOf(key: string): KeyPair;
  itemKey(pair: KeyPair): Item;
  keyOf(item: Item): string;
  /** As a lease names it: without a sort key that needs no naming. */
  shownPair(item: Item): KeyPair;
}

export function keyPairs({
  partitionKeyName,
  sortKeyName,
  sortKeyValue,
  keyOf,
}: Pick<DynamodbSettings, 'partitionKeyName' | 'sortKeyName' | 'sortKeyValue' | 'keyOf'>): KeyPairs {
  function parts(key: string): KeyPair {
    const at = key.indexOf(separator);
    if (at !== -1) return { partitionKey: key.slice(0, at), sortKey: key.slice(at + 1) };
    return keyOf === undefined ? { partitionKey: key } : keyOf(key);
  }

  const shownPair = (item: Item): KeyPair => {
    const partitionKey = item[partitionKeyName]?.S ?? '';
    const sortKey = sortKeyName === undefined ? undefined : item[sortKeyName]?.S;
    return sortKey === undefined || sortKey === sortKeyValue ? { partitionKey } : { partitionKey, sortKey };
  };

  return {
    pairOf(key) {
      const { partitionKey, sortKey = sortKeyValue } = parts(key) ?? {};
      checkPart('partitionKey', partitionKey, longestKeyBytes);
      if (sortKeyName === undefined && sortKey !== undefined)
        throw new InvalidOptionError('sortKey', sortKey, 'none is allowed: dynamodbStore was made without sortKeyName');
      if (sortKeyName === undefined) return { partitionKey };
      if (sortKey === undefined)
        throw new InvalidOptionError(
          'sortKey',
          sortKey,
          `the table has a sort key, so a lock needs one: that of the lease, or dynamodbStore({ keyOf }) or { sortKeyValue } for a locker's names`,
        );
      checkPart('sortKey', sortKey, longestSortKeyBytes);
      return { partitionKey, sortKey };
    },
    itemKey: ({ partitionKey, sortKey }) => ({
      [partitionKeyName]: { S: partitionKey },
      ...(sortKeyName === undefined || sortKey === undefined ? {} : { [sortKeyName]: { S: sortKey } }),
    }),
    shownPair,
    keyOf(item) {
      const { partitionKey, sortKey } = shownPair(item);
      return sortKey === undefined ? partitionKey : partitionKey + separator + sortKey;
    },
  };
}

/** A lone surrogate has no UTF-8 form of its own, so two such keys would become one. */
function checkPart(path: string, text: unknown, longestBytes: number): asserts text is string {
  checkText(path, text, longestBytes);
  if (!(text as string).isWellFormed()) throw new InvalidOptionError(path, text, 'well-formed Unicode is allowed, without lone surrogates');
}
