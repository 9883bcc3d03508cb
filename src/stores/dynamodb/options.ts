import { type Clock, systemClock } from '../../lock/clock.ts';
import { InvalidOptionError } from '../../lock/errors.ts';
import { flag, oneOf, type Rule } from '../../lock/plan/options.ts';
import type { BreakerOptions } from '../breaker.ts';
import { checkOptions, commonRules, judgedElsewhere, type OptionRules } from '../check-options.ts';
import { attribute } from './item.ts';

/** The part of `DynamoDBClient` (AWS SDK for JavaScript v3) that the store uses. */
export interface DynamoClient {
  send(command: never, options?: { abortSignal?: AbortSignal }): Promise<unknown>;
}

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
  /**
   * The sort key of every item of this store; only with `sortKeyName`. Default: `giveway`. With the layout `lock-client`: the sort key of
   * what names none; default: none, and a lock without one is refused.
   */
  readonly sortKeyValue?: string;
  /**
   * `'giveway'` (default): records of giveway under keys of giveway. `'lock-client'`: the items of Amazon's DynamoDB Lock Client for Java under
   * its keys, names as they are given, so that both lock the same things. The two layouts do not see each other's locks.
   */
  readonly layout?: 'giveway' | 'lock-client';
  /**
   * The keys of a locker's resource; only with the layout `lock-client`. Also asked for `:health`, which is only read. Default: the name is
   * the partition key, and the sort key, if the table has one, is `sortKeyValue`.
   */
  readonly keyOf?: (resource: string) => KeyPair;
  /**
   * The longest that one operation may take, in milliseconds, with the SDK's retries. Default: 1000; at most 60 000.
   * Half of it goes to a write, the rest to looking what became of it if the answer was lost.
   */
  readonly timeoutMs?: number;
  /** Written to `ownerName`, for people and Java clients to read. Default: `<host>:<pid>`, by `GIVEWAY_HOST` or the machine; with the layout `lock-client` the job and host of a lock, and a lease's own. */
  readonly ownerName?: string;
  /** Marks a released item with `isReleased` as the Java client does with `deleteLockOnRelease(false)`. Default: false, it is deleted. */
  readonly keepReleased?: boolean;
  /** When calls to a failing table are refused at once, see `withBreaker`; `false`: never. */
  readonly breaker?: Omit<BreakerOptions, 'serverOf'> | false;
  /** Measures how long a version stands unchanged, with `monotonicMs()`. Default: the machine's own. */
  readonly clock?: Clock;
}

/** The keys of one item. */
export interface KeyPair {
  /** Of 1 to 2 048 bytes. */
  readonly partitionKey: string;
  /** Of 1 to 1 024 bytes; only where the store has a `sortKeyName`. */
  readonly sortKey?: string;
}

type Defaulted = 'partitionKeyName' | 'timeoutMs' | 'keepReleased' | 'layout' | 'breaker' | 'clock';

/** Options, checked. */
export type DynamodbSettings = DynamodbStoreOptions & Required<Pick<DynamodbStoreOptions, Defaulted>>;

const others: readonly unknown[] = Object.values(attribute);
const keyName: Rule = [
  (value) => isTextUpTo(255, value) && !others.includes(value),
  `a text of 1 to 255 bytes is allowed, and none of the item's other attributes: ${others.join(', ')}`,
];
const shortText: Rule = [(value) => isTextUpTo(1_024, value), 'a text of 1 to 1024 bytes is allowed'];

const rules: OptionRules<DynamodbStoreOptions> = {
  client: [
    (value) => typeof (value as Partial<DynamoClient> | null)?.send === 'function',
    'a DynamoDBClient of @aws-sdk/client-dynamodb v3 is allowed',
  ],
  tableName: [
    (value) => typeof value === 'string' && /^([\w.-]{3,255}|arn:[\w:/.-]+)$/.test(value),
    '3 to 255 letters, digits, "_", "-" and ".", or the ARN of a table, are allowed',
  ],
  partitionKeyName: keyName,
  sortKeyName: keyName,
  sortKeyValue: shortText,
  layout: [oneOf('giveway', 'lock-client'), "'giveway' or 'lock-client' is allowed"],
  keyOf: [(value) => typeof value === 'function', 'a function from a name to { partitionKey, sortKey } is allowed'],
  ownerName: shortText,
  keepReleased: flag,
  clock: judgedElsewhere,
  ...commonRules,
};

export function resolveOptions(options: DynamodbStoreOptions): DynamodbSettings {
  const defaults = { partitionKeyName: 'key', layout: 'giveway', keepReleased: false, clock: systemClock } as const;
  const settings = checkOptions(options, rules, defaults, ['client', 'tableName']);
  const { partitionKeyName, sortKeyName, sortKeyValue, layout, keyOf } = settings;
  if (sortKeyName === partitionKeyName)
    throw new InvalidOptionError('sortKeyName', sortKeyName, 'a name other than partitionKeyName is allowed');
  if (sortKeyName === undefined && sortKeyValue !== undefined)
    throw new InvalidOptionError('sortKeyValue', sortKeyValue, 'it goes with sortKeyName only');
  if (keyOf !== undefined && layout === 'giveway') throw new InvalidOptionError('keyOf', keyOf, "it goes with layout: 'lock-client' only");
  return settings;
}

function isTextUpTo(longestBytes: number, value: unknown): boolean {
  return typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= longestBytes;
}

export function checkText(path: string, text: unknown, longestBytes: number): void {
  if (!isTextUpTo(longestBytes, text)) throw new InvalidOptionError(path, text, `a text of 1 to ${longestBytes} bytes is allowed`);
}

/** DynamoDB's limit for a partition key, in bytes. */
export const longestKeyBytes = 2_048;

/** A lone surrogate has no UTF-8 form of its own, so two such keys would become one: refused. */
export function checkKey(key: string): void {
  checkText('key', key, longestKeyBytes);
  if (Buffer.from(key).toString() !== key)
    throw new InvalidOptionError('key', key, 'well-formed Unicode is allowed, without lone surrogates');
}
