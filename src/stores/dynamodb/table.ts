import type { DescribeTimeToLiveOutput } from '@aws-sdk/client-dynamodb';
import { withDeadline } from '../deadlines.ts';
import { unavailable } from './errors.ts';
import { attribute } from './item.ts';
import type { DynamodbSettings } from './options.ts';
import { loadSdk } from './requests.ts';

/** How `createTable` creates. */
export interface CreateTableOptions {
  /**
   * Lets the table's own TTL delete what crashed holders left behind, a day after it ended. Default: true, with the layout
   * `lock-client` false. `false` for a table shared with Java clients that set `updateExistingLockRecord`: they would carry our time into their items.
   */
  readonly timeToLive?: boolean;
}

const longestMs = 60_000;
/** Before the whole is given up, so that the error says what was waited for. */
const waitSeconds = 55;

/** Creates the table, on-demand, unless it is there, and waits until it is active: seconds, `longestMs` at most. */
export function createTable(settings: DynamodbSettings, options: CreateTableOptions): Promise<void> {
  const controller = new AbortController();
  const created = createWithin(controller.signal, settings, options);
  return withDeadline(created, longestMs, `DynamoDB, createTable on table "${settings.tableName}"`, () => controller.abort());
}

async function createWithin(abortSignal: AbortSignal, settings: DynamodbSettings, { timeToLive }: CreateTableOptions): Promise<void> {
  const { client, tableName, partitionKeyName, sortKeyName, layout } = settings;
  const sdk = await loadSdk();
  const send = <T>(command: object): Promise<T> => client.send(command as never, { abortSignal }) as Promise<T>;
  const keyNames = [partitionKeyName, ...(sortKeyName === undefined ? [] : [sortKeyName])];
  const create = new sdk.CreateTableCommand({
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: keyNames.map((name) => ({ AttributeName: name, AttributeType: 'S' })),
    KeySchema: keyNames.map((name, index) => ({ AttributeName: name, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
  });
  await send(create).catch(unlessNamed('ResourceInUseException', 'CreateTable', tableName));
  // The waiter would send without the signal.
  const own = { send } as unknown as InstanceType<typeof sdk.DynamoDBClient>;
  const waiter = { client: own, abortSignal, minDelay: 1, maxDelay: 2, maxWaitTime: waitSeconds };
  await sdk.waitUntilTableExists(waiter, { TableName: tableName }).catch(unlessNamed('', 'DescribeTable', tableName));
  if (!(timeToLive ?? layout === 'giveway')) return;
  const isOn = async (): Promise<boolean> => {
    const now = await send<DescribeTimeToLiveOutput>(new sdk.DescribeTimeToLiveCommand({ TableName: tableName })).catch(
      unlessNamed('UnknownOperationException', 'DescribeTimeToLive', tableName),
    );
    return now?.TimeToLiveDescription?.TimeToLiveStatus?.startsWith('ENABL') ?? false;
  };
  if (await isOn()) return;
  const enable = new sdk.UpdateTimeToLiveCommand({
    TableName: tableName,
    TimeToLiveSpecification: { Enabled: true, AttributeName: attribute.expiresAtSeconds },
  });
  await send(enable).catch(async (error: Error) => {
    // Emulations without a TTL only keep the litter.
    if (error.name === 'UnknownOperationException') return;
    // Refused if another process was quicker.
    if (error.name !== 'ValidationException' || !(await isOn())) throw unavailable(error, 'UpdateTimeToLive', tableName);
  });
}

function unlessNamed(fine: string, operation: string, tableName: string): (error: Error) => undefined {
  return (error) => {
    if (error.name !== fine) throw unavailable(error, operation, tableName);
    return undefined;
  };
}
