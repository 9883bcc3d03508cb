import type { DescribeTimeToLiveOutput } from '@aws-sdk/client-dynamodb';
import { unavailable } from './errors.ts';
import { attribute } from './item.ts';
import type { DynamodbSettings } from './options.ts';
import { loadSdk } from './requests.ts';

/** How `createTable` creates. */
export interface CreateTableOptions {
  /**
   * Lets the table's own TTL delete what crashed holders left behind, a day after it ended. Default: true. `false` for a
   * table shared with Java clients that set `updateExistingLockRecord`: they would carry our time into their items.
   */
  readonly timeToLive?: boolean;
}

const waitSeconds = 60;

/** Creates the table, on-demand, unless it is there, and waits until it is active: seconds, `waitSeconds` at most. */
export async function createTable(settings: DynamodbSettings, { timeToLive = true }: CreateTableOptions): Promise<void> {
  const { client, tableName, partitionKeyName, sortKey } = settings;
  const sdk = await loadSdk();
  const send = <T>(command: object): Promise<T> => client.send(command as never) as Promise<T>;
  const keyNames = [partitionKeyName, ...Object.keys(sortKey)];
  const create = new sdk.CreateTableCommand({
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: keyNames.map((name) => ({ AttributeName: name, AttributeType: 'S' })),
    KeySchema: keyNames.map((name, index) => ({ AttributeName: name, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
  });
  await send(create).catch(unlessNamed('ResourceInUseException', 'CreateTable', tableName));
  const waiter = { client: client as InstanceType<typeof sdk.DynamoDBClient>, minDelay: 1, maxDelay: 2, maxWaitTime: waitSeconds };
  await sdk.waitUntilTableExists(waiter, { TableName: tableName }).catch(unlessNamed('', 'DescribeTable', tableName));
  if (!timeToLive) return;
  const now = await send<DescribeTimeToLiveOutput>(new sdk.DescribeTimeToLiveCommand({ TableName: tableName })).catch(
    unlessNamed('UnknownOperationException', 'DescribeTimeToLive', tableName),
  );
  if (now?.TimeToLiveDescription?.TimeToLiveStatus?.startsWith('ENABL')) return;
  const enable = new sdk.UpdateTimeToLiveCommand({
    TableName: tableName,
    TimeToLiveSpecification: { Enabled: true, AttributeName: attribute.expiresAtSeconds },
  });
  // Emulations without a TTL only keep the litter.
  await send(enable).catch(unlessNamed('UnknownOperationException', 'UpdateTimeToLive', tableName));
}

function unlessNamed(fine: string, operation: string, tableName: string): (error: Error) => undefined {
  return (error) => {
    if (error.name !== fine) throw unavailable(error, operation, tableName);
    return undefined;
  };
}
