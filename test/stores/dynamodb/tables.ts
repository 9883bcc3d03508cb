import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type DynamodbStore, type DynamodbStoreOptions, dynamodbStore } from '../../../src/stores/dynamodb/index.ts';
import { uniqueName } from '../../support/shared.ts';

/** A client as a user would make one, but for the endpoint and the credentials. */
export function clientFor(endpoint: string): DynamoDBClient {
  return new DynamoDBClient({ endpoint, region: 'eu-west-1', credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'very-secret' } });
}

/** A store over a new table. Slow machines get more than the default of a second. */
export async function storeWithTable(client: DynamoDBClient, options: Partial<DynamodbStoreOptions> = {}): Promise<DynamodbStore> {
  const store = dynamodbStore({ client, tableName: uniqueName('locks'), timeoutMs: 5_000, ...options });
  await store.createTable();
  return store;
}
