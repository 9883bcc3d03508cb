import type { ConditionalCheckFailedException, DescribeTableOutput, GetItemOutput, ScanOutput } from '@aws-sdk/client-dynamodb';
import { StoreUnavailableError } from '../../lock/errors.ts';
import { withDeadline } from '../deadlines.ts';
import { type Attempts, watchAttempts } from './attempts.ts';
import type { Condition, Expression } from './conditions.ts';
import { isRefusal, mayBeOtherKeys, unavailable } from './errors.ts';
import type { Item } from './item.ts';
import type { DynamodbSettings } from './options.ts';

type Written = { readonly done: true } | { readonly done: false; readonly found: Item | undefined };

interface ConditionalWrite {
  readonly key: Item;
  readonly condition: Condition;
  /** Does an item found later show that the write took effect? */
  isApplied(found: Item | undefined): boolean;
  /** Must a refusal show the item in the way? Emulations that do not know ALL_OLD leave it out; then it is read. */
  readonly showFound?: boolean;
}

export interface Requests {
  get(key: Item): Promise<Item | undefined>;
  put(write: ConditionalWrite & { readonly item: Item }): Promise<Written>;
  delete(write: ConditionalWrite): Promise<Written>;
  /** `update` is an expression in the names and values of the condition. */
  update(write: ConditionalWrite & { readonly update: string }): Promise<Written>;
  /** One page of the items that fulfil `filter`, a consistent read. */
  scan(filter: Expression, startAt: Item | undefined): Promise<{ items: Item[]; next: Item | undefined }>;
}

type Sdk = typeof import('@aws-sdk/client-dynamodb');

/** Loaded at the first use, and outside the deadline: it comes from the disk. */
export async function loadSdk(): Promise<Sdk> {
  try {
    return await import('@aws-sdk/client-dynamodb');
  } catch (cause) {
    const code = 'ERR_GIVEWAY_PEER_MISSING';
    throw new StoreUnavailableError('giveway/dynamodb needs the package @aws-sdk/client-dynamodb: npm install it', { cause, code });
  }
}

/** Requests to one table. Each settles within `timeoutMs`, with the SDK's own retries inside. */
export function createRequests({
  client,
  tableName,
  timeoutMs,
  clock,
}: Pick<DynamodbSettings, 'client' | 'tableName' | 'timeoutMs' | 'clock'>): Requests {
  async function send<T>(operation: string, command: object, attempts: Attempts, withinMs: number): Promise<T> {
    const controller = new AbortController();
    const answer = client.send(command as never, { abortSignal: controller.signal }) as Promise<T>;
    const what = `DynamoDB, ${operation} on table "${tableName}"`;
    /** What says more than "no answer". */
    let reason: unknown;
    const onTimeout = (): void => {
      // The SDK may only be waiting to send again, after this error; or not have sent anything yet.
      reason = attempts.sent === 0 ? nothingSent(what, withinMs) : attempts.lastError;
      controller.abort();
    };
    try {
      return await withDeadline(answer, withinMs, what, onTimeout);
    } catch (error) {
      throw reason ?? error;
    }
  }

  async function getWithin(key: Item, withinMs: number): Promise<Item | undefined> {
    const { GetItemCommand } = await loadSdk();
    const command = new GetItemCommand({ TableName: tableName, Key: key, ConsistentRead: true });
    return (await send<GetItemOutput>('GetItem', command, watchAttempts(command), withinMs)).Item;
  }

  /**
   * Half of the time goes to the write and the SDK's resends, the rest is for looking what became of it. A write that
   * may still be under way is nobody's success: then the answer is the error.
   */
  async function write(operation: string, { key, condition, isApplied, showFound }: ConditionalWrite, command: object): Promise<Written> {
    const endMs = clock.monotonicMs() + timeoutMs;
    const look = (): Promise<Item | undefined> => getWithin(key, Math.max(endMs - clock.monotonicMs(), 1));
    const attempts = watchAttempts(command);
    try {
      await send(operation, command, attempts, timeoutMs / 2);
      return { done: true };
    } catch (error) {
      if (isRefusal(error)) {
        // Sent again after a lost answer, it may have been refused because the first one succeeded.
        const { ambiguous } = attempts;
        const found = (error as ConditionalCheckFailedException).Item ?? (ambiguous || showFound ? await look() : undefined);
        return ambiguous && isApplied(found) ? { done: true } : { done: false, found };
      }
      if (!attempts.ambiguous) throw error;
      const found = await look().catch(() => {
        throw error;
      });
      if (isApplied(found)) return { done: true };
      if (condition.holds(found)) throw error;
      return { done: false, found };
    }
  }

  async function explained<T>(operation: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw unavailable(error, operation, tableName, mayBeOtherKeys(error) ? await keySchema() : undefined);
    }
  }

  /** The table's keys in words; `undefined` if the role may not ask, or nobody answers. */
  async function keySchema(): Promise<string | undefined> {
    const { DescribeTableCommand } = await loadSdk();
    const command = new DescribeTableCommand({ TableName: tableName });
    const answer = send<DescribeTableOutput>('DescribeTable', command, watchAttempts(command), timeoutMs);
    const { Table: table } = await answer.catch((): DescribeTableOutput => ({}));
    const typeOf = (name: string | undefined) =>
      table?.AttributeDefinitions?.find(({ AttributeName }) => AttributeName === name)?.AttributeType;
    return table?.KeySchema?.map(
      ({ KeyType, AttributeName }) =>
        `${KeyType === 'HASH' ? 'partition' : 'sort'} key "${AttributeName}" of type ${typeOf(AttributeName) ?? 'unknown'}`,
    ).join(', ');
  }

  return {
    get: (key) => explained('GetItem', getWithin(key, timeoutMs)),
    async put(wanted) {
      const { PutItemCommand } = await loadSdk();
      const command = new PutItemCommand({
        TableName: tableName,
        Item: { ...wanted.key, ...wanted.item },
        ...conditionally(wanted.condition),
      });
      return explained('PutItem', write('PutItem', wanted, command));
    },
    async delete(wanted) {
      const { DeleteItemCommand } = await loadSdk();
      const command = new DeleteItemCommand({ TableName: tableName, Key: wanted.key, ...conditionally(wanted.condition) });
      return explained('DeleteItem', write('DeleteItem', wanted, command));
    },
    async update(wanted) {
      const { UpdateItemCommand } = await loadSdk();
      const command = new UpdateItemCommand({
        TableName: tableName,
        Key: wanted.key,
        UpdateExpression: wanted.update,
        ...conditionally(wanted.condition),
      });
      return explained('UpdateItem', write('UpdateItem', wanted, command));
    },
    async scan({ expression, names, values }, startAt) {
      const { ScanCommand } = await loadSdk();
      const command = new ScanCommand({
        TableName: tableName,
        ConsistentRead: true,
        FilterExpression: expression,
        ...parameters({ names, values }),
        ...(startAt === undefined ? {} : { ExclusiveStartKey: startAt }),
      });
      const page = await explained('Scan', send<ScanOutput>('Scan', command, watchAttempts(command), timeoutMs));
      return { items: page.Items ?? [], next: page.LastEvaluatedKey };
    },
  };
}

function nothingSent(what: string, withinMs: number): StoreUnavailableError {
  return new StoreUnavailableError(
    `${what}: nothing was sent within ${withinMs} ms; the client still looks for its credentials or region. Fetch them before the first lock (await client.config.credentials()), or raise timeoutMs.`,
    { code: 'ERR_GIVEWAY_STORE_TIMEOUT' },
  );
}

function conditionally({ expression, names, values }: Expression) {
  return {
    ConditionExpression: expression,
    ...parameters({ names, values }),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  };
}

/** DynamoDB refuses an empty list of values. */
function parameters({ names, values }: Pick<Expression, 'names' | 'values'>) {
  return { ExpressionAttributeNames: names, ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }) };
}
