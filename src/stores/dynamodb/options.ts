import { hostname } from 'node:os';
import { type Clock, systemClock } from '../../lock/clock.ts';
import { InvalidOptionError } from '../../lock/errors.ts';
import type { BreakerOptions } from '../breaker.ts';
import { attribute } from './item.ts';
import type { DynamoClient } from './requests.ts';

/** Options of `dynamodbStore`. Refused with `InvalidOptionError` before anything is sent. */
export interface DynamodbStoreOptions {
  /** A `DynamoDBClient` of `@aws-sdk/client-dynamodb` v3. It stays yours: `close` leaves it open. */
  readonly client: DynamoClient;
  /** The table, 3 to 255 letters, digits, `_`, `-` and `.`; or its ARN. */
  readonly tableName: string;
  /** The table's partition key, a string attribute. Default: `key`, as in the Java DynamoDB Lock Client. */
  readonly partitionKeyName?: string;
  /** The table's sort key, a string attribute, if it has one. Default: none. */
  readonly sortKeyName?: string;
  /** The sort key of every item of this store; only with `sortKeyName`. Default: `giveway`. */
  readonly sortKeyValue?: string;
  /**
   * The longest that one operation may take, in milliseconds, with the SDK's retries. Default: 1000; at most 60 000.
   * Half of it goes to a write, the rest to looking what became of it if the answer was lost.
   */
  readonly timeoutMs?: number;
  /** Written to `ownerName`, for people and Java clients to read. Default: `<hostname>:<pid>`. */
  readonly ownerName?: string;
  /** Marks a released item with `isReleased` as the Java client does with `deleteLockOnRelease(false)`. Default: false, it is deleted. */
  readonly keepReleased?: boolean;
  /** When calls to a failing table are refused at once, see `withBreaker`; `false`: never. */
  readonly breaker?: Omit<BreakerOptions, 'serverOf'> | false;
  /** Measures how long a version stands unchanged, with `monotonicMs()`. Default: the machine's own. */
  readonly clock?: Clock;
}

export type DynamodbSettings = Required<Omit<DynamodbStoreOptions, 'sortKeyName' | 'sortKeyValue'>> & {
  /** The sort key's name and value as one attribute; empty for a table without. */
  readonly sortKey: { readonly [name: string]: { readonly S: string } };
};

const known: readonly string[] = [
  'client',
  'tableName',
  'partitionKeyName',
  'sortKeyName',
  'sortKeyValue',
  'timeoutMs',
  'ownerName',
  'keepReleased',
  'breaker',
  'clock',
];

export function resolveOptions(options: DynamodbStoreOptions): DynamodbSettings {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new InvalidOptionError(unknown, 'an unknown option', `${known.join(', ')} are allowed`);
  const { client, tableName, partitionKeyName = 'key', sortKeyName, sortKeyValue = 'giveway', timeoutMs = 1_000 } = options;
  const { ownerName = `${hostname()}:${process.pid}`, keepReleased = false, breaker = {}, clock = systemClock } = options;
  if (typeof client?.send !== 'function')
    throw new InvalidOptionError('client', client, 'a DynamoDBClient of @aws-sdk/client-dynamodb v3 is allowed');
  if (typeof tableName !== 'string' || !/^([\w.-]{3,255}|arn:[\w:/.-]+)$/.test(tableName))
    throw new InvalidOptionError('tableName', tableName, '3 to 255 letters, digits, "_", "-" and ".", or the ARN of a table, are allowed');
  checkAttributeName('partitionKeyName', partitionKeyName);
  if (sortKeyName !== undefined) checkAttributeName('sortKeyName', sortKeyName);
  if (sortKeyName === partitionKeyName)
    throw new InvalidOptionError('sortKeyName', sortKeyName, 'a name other than partitionKeyName is allowed');
  if (sortKeyName === undefined && options.sortKeyValue !== undefined)
    throw new InvalidOptionError('sortKeyValue', sortKeyValue, 'it goes with sortKeyName only');
  checkText('sortKeyValue', sortKeyValue, 1_024);
  checkText('ownerName', ownerName, 1_024);
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 60_000)
    throw new InvalidOptionError('timeoutMs', timeoutMs, 'an integer from 1 to 60000 is allowed');
  if (typeof keepReleased !== 'boolean') throw new InvalidOptionError('keepReleased', keepReleased, 'true or false is allowed');
  const sortKey = sortKeyName === undefined ? {} : { [sortKeyName]: { S: sortKeyValue } };
  return { client, tableName, partitionKeyName, sortKey, timeoutMs, ownerName, keepReleased, breaker, clock };
}

function checkAttributeName(path: string, name: unknown): void {
  checkText(path, name, 255);
  if (Object.values<unknown>(attribute).includes(name))
    throw new InvalidOptionError(
      path,
      name,
      `any name but those of the item's other attributes is allowed: ${Object.values(attribute).join(', ')}`,
    );
}

function checkText(path: string, text: unknown, longestBytes: number): void {
  if (typeof text === 'string' && text !== '' && Buffer.byteLength(text) <= longestBytes) return;
  throw new InvalidOptionError(path, text, `a text of 1 to ${longestBytes} bytes is allowed`);
}

/** DynamoDB's limit for a partition key, in bytes. */
const longestKeyBytes = 2_048;

/** A lone surrogate has no UTF-8 form of its own, so two such keys would become one: refused. */
export function checkKey(key: string): void {
  checkText('key', key, longestKeyBytes);
  if (Buffer.from(key).toString() !== key)
    throw new InvalidOptionError('key', key, 'well-formed Unicode is allowed, without lone surrogates');
}
