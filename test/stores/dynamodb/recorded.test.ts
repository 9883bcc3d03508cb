import { type AttributeValue, type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocker } from '../../../src/index.ts';
import { LockClient } from '../../../src/leases/index.ts';
import type { DynamodbStore } from '../../../src/stores/dynamodb/index.ts';
import { describeWith } from '../../support/shared.ts';
import { clientFor, storeWithTable } from './tables.ts';

type Item = Record<string, AttributeValue>;

/** Items as giveway wrote them before it had the layout `lock-client` (commit 1c2f56e, 28 November 2026), under the keys it gave them. */
const recorded = {
  write: item(
    'giveway:analytics.visits/acme',
    '30000',
    'f0da65b8-c9e0-41cd-86e5-6be325a62820',
    '{"v":1,"at":1795893807272,"holders":[{"token":"fcd1c1d9bf962cc321ec0a08bfc95d51","mode":"write","job":"nightly rollup","host":"etl-1","pid":522,"since":1795893807272,"latestEnd":1795894107272,"ttlMs":30000,"until":1795893837272,"beat":1,"line":true}]}',
    '1795980238',
  ),
  append: item(
    'giveway:events',
    '30000',
    'f46afb98-311d-414b-ad78-920cbcff56f7',
    '{"v":1,"at":1795893811991,"holders":[{"token":"f8cfbc8c46a5bcea857e8bb503155be2","mode":"append","job":"nightly rollup","host":"etl-1","pid":522,"since":1795893811991,"latestEnd":1795894111991,"ttlMs":30000,"until":1795893841991,"beat":1,"line":true}]}',
    '1795980242',
  ),
  lease: item(
    'giveway:Customer%3a42%00A5',
    '20000',
    '3873fe31-6a33-46ad-9c2c-ec36aa8e3e47',
    '{"v":1,"holders":[{"token":"6616abe4b3e6cfd48351ecd6b6534ddc","mode":"write","job":"node-1","host":"etl-1","pid":522,"since":1795893812102,"ttlMs":20000,"until":1795893832102,"beat":1}],"lease":{"partitionKey":"Customer:42","sortKey":"A5","ownerName":"node-1","leaseDurationMs":20000,"recordVersionNumber":"0c8cfbc2-d874-48e2-bcf2-99958747cc94","data":"seat plan","attributes":{}}}',
    '1795980233',
  ),
  kept: item(
    'giveway:Customer%3a42%00A6',
    '86400000',
    '6bf47731-2acc-4d1e-ab25-37718d82b0d7',
    '{"v":1,"holders":[],"lease":{"partitionKey":"Customer:42","sortKey":"A6","ownerName":"node-1","leaseDurationMs":20000,"recordVersionNumber":"11521fce-0078-4268-9359-9bdbac081b30","attributes":{},"data":"seat plan"}}',
    '1796066613',
  ),
};

function item(key: string, leaseDuration: string, version: string, data: string, expiresAtSeconds: string): Item {
  return {
    key: { S: key },
    ownerName: { S: 'etl-1:4711' },
    leaseDuration: { S: leaseDuration },
    recordVersionNumber: { S: version },
    data: { B: Buffer.from(data) },
    givewayVersion: { S: version },
    expiresAtSeconds: { N: expiresAtSeconds },
  };
}

/** The names in an item, and in the record in it, in their order: all that does not change from one lock to the next. */
function formOf({ data, ...others }: Item): unknown {
  const { holders, ...record } = JSON.parse(Buffer.from(data?.B ?? []).toString()) as { holders: object[]; lease?: object };
  return {
    key: others.key,
    leaseDuration: others.leaseDuration,
    attributes: Object.entries(others)
      .map(([name, value]) => `${name} ${Object.keys(value)}`)
      .sort(),
    record: Object.keys(record),
    holders: holders.map((holder) => Object.keys(holder)),
    lease: Object.keys(record.lease ?? {}),
  };
}

describeWith('dynamodb', (service) => {
  let client: DynamoDBClient;
  let store: DynamodbStore;
  beforeAll(async () => {
    client = clientFor(service.url);
    store = await storeWithTable(client, { ownerName: 'etl-1:4711', tableName: `recorded_${service.prefix}`, timeoutMs: 10_000 });
  });
  afterAll(() => client.destroy());
  const tableName = (): string => `recorded_${service.prefix}`;
  const put = (each: Item) => client.send(new PutItemCommand({ TableName: tableName(), Item: each }));
  const itemUnder = async (key: string): Promise<Item> =>
    (await client.send(new GetItemCommand({ TableName: tableName(), Key: { key: { S: key } }, ConsistentRead: true }))).Item ?? {};

  describe('what an earlier giveway holds', () => {
    test('is respected: by lockers in each mode, and by leases', async () => {
      await Promise.all(Object.values(recorded).map(put));
      const locker = createLocker({ store });
      expect(await locker.tryLock('analytics.visits/acme')).toBeUndefined();
      expect(await locker.inspect('analytics.visits/acme')).toMatchObject([{ job: 'nightly rollup', host: 'etl-1', mode: 'write' }]);
      expect(await locker.tryLock('events')).toBeUndefined();
      const shared = await locker.tryLock({ appends: 'events' });
      expect(shared).toBeDefined();
      expect(await locker.inspect('events')).toHaveLength(2);
      await shared?.unlock();
      const leases = new LockClient({ store });
      const at = (sortKey: string) => ({ partitionKey: 'Customer:42', sortKey, shouldSkipBlockingWait: true });
      expect(await leases.tryAcquireLock(at('A5'))).toBeUndefined();
      expect(await leases.getLock('Customer:42', 'A5')).toMatchObject({ ownerName: 'node-1', data: 'seat plan' });
      expect(await leases.acquireLock({ ...at('A6'), replaceData: false })).toMatchObject({ data: 'seat plan' });
      await leases.close();
    });
  });

  test('what this giveway holds has the same form under the same key, so an earlier one respects it', async () => {
    const locker = createLocker({ store, host: 'etl-1', job: 'nightly rollup' });
    const leases = new LockClient({ store, ownerName: 'node-1', namespace: 'now' });
    const [write, append] = [await locker.lock('public.Analytics_2/acme'), await locker.lock({ appends: 'events_2' })];
    const held = await leases.acquireLock({ partitionKey: 'Customer:42', sortKey: 'A5', data: 'seat plan', deleteLockOnRelease: false });
    const lease = await itemUnder('now:Customer%3a42%00A5');
    await leases.releaseLock(held);
    const now = {
      write: await itemUnder('giveway:analytics_2/acme'),
      append: await itemUnder('giveway:events_2'),
      lease,
      kept: await itemUnder('now:Customer%3a42%00A5'),
    };
    for (const kind of ['write', 'append', 'lease', 'kept'] as const) {
      const { key } = recorded[kind];
      expect(formOf({ ...now[kind], ...(key && { key }) })).toEqual(formOf(recorded[kind]));
    }
    await Promise.all([write.unlock(), append.unlock()]);
  });
});
