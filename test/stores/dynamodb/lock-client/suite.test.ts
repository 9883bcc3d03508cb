import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { dynamodbStore } from '../../../../src/stores/dynamodb/index.ts';
import { storeSuite } from '../../../../src/testing/index.ts';
import { describeWith, uniqueName } from '../../../support/shared.ts';
import { clientFor } from '../tables.ts';

describeWith('dynamodb', (service) => {
  const tableName = uniqueName('locks');
  let client: DynamoDBClient;
  const open = () => dynamodbStore({ client, tableName, layout: 'lock-client', timeoutMs: 20_000 });
  beforeAll(async () => {
    client = clientFor(service.url);
    await open().createTable();
  });
  afterAll(() => client.destroy());
  storeSuite({
    name: 'dynamodb, the layout of the lock client (dynalite)',
    test: { describe, test, beforeAll, afterAll },
    create: open,
    relaxations: {
      fence: 'record versions are random',
      'lock-fence': 'as fence',
      'list-expired': 'a connection must have seen an entry for its TTL before it counts as expired',
      D20: 'a name may be as long as a partition key of DynamoDB; layout.test.ts tries one that is longer',
      D1: 'tokens of others are masked; layout.test.ts has the rest',
      D21: 'as D1',
      stolen: 'as D1',
      D39: 'as D1',
    },
  });
});
