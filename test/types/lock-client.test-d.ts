/** The layout of Amazon's lock client, compiled and not run. A line that should not compile says so. */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { LockStore, StoreTraits } from 'giveway';
import { type DynamodbStoreOptions, dynamodbStore, type KeyPair } from 'giveway/dynamodb';

const base = { client: new DynamoDBClient({}), tableName: 'locks' };
const layout: DynamodbStoreOptions['layout'] = 'lock-client';
dynamodbStore({ ...base, layout });
dynamodbStore({ ...base, layout: 'giveway' });
dynamodbStore({ ...base, layout, sortKeyName: 'range', keyOf: (name): KeyPair => ({ partitionKey: 'tables', sortKey: name }) });
// @ts-expect-error there is no such layout
dynamodbStore({ ...base, layout: 'java' });
// @ts-expect-error a partition key is needed
dynamodbStore({ ...base, layout, keyOf: (name) => ({ sortKey: name }) });

const traits: Pick<StoreTraits, 'exactNames' | 'usualWaitMs'> = { exactNames: true, usualWaitMs: 31_000 };
const recognize: LockStore['recognize'] = (token: string): void => void token;

export { recognize, traits };
