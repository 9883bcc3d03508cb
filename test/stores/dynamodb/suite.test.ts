import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { dynamodbStore } from '../../../src/stores/dynamodb/index.ts';
import { storeSuite } from '../../../src/testing/index.ts';
import { describeWith, uniqueName } from '../../support/shared.ts';
import { clientFor } from './tables.ts';

describeWith('dynamodb', (service) => {
  const tableName = uniqueName('locks');
  const client = beforeAllClient(() => service.url);
  beforeAll(() => dynamodbStore({ client: client(), tableName }).createTable());
  storeSuite({
    name: 'dynamodb (dynalite)',
    test: { describe, test, beforeAll, afterAll },
    create: () => dynamodbStore({ client: client(), tableName, timeoutMs: 20_000 }),
    relaxations: {
      fence: 'record versions are random; a counter over the whole table would be a second request for every write',
      'lock-fence': 'as fence',
      'list-expired': 'a connection must have seen an entry for its TTL before it counts as expired; store.test.ts looks twice',
    },
  });
});

function beforeAllClient(url: () => string): () => ReturnType<typeof clientFor> {
  let client: ReturnType<typeof clientFor> | undefined;
  afterAll(() => client?.destroy());
  return () => {
    client ??= clientFor(url());
    return client;
  };
}
