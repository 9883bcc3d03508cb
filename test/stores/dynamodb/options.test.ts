import { describe, expect, test } from '@jest/globals';
import { type DynamoClient, type DynamodbStoreOptions, dynamodbStore } from '../../../src/stores/dynamodb/index.ts';

const client: DynamoClient = { send: () => Promise.reject(new Error('nothing may be sent')) };

describe('options of dynamodbStore', () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ['client', { client: {} }, /client: received an object; a DynamoDBClient of @aws-sdk\/client-dynamodb v3 is allowed/],
    ['tableName', { tableName: 'no' }, /tableName: received "no"; 3 to 255/],
    ['tableName', { tableName: 'a table' }, /tableName/],
    ['partitionKeyName', { partitionKeyName: '' }, /1 to 255 bytes/],
    ['partitionKeyName', { partitionKeyName: 'ownerName' }, /other attributes/],
    ['sortKeyName', { sortKeyName: 'data' }, /other attributes/],
    ['sortKeyName', { sortKeyName: 'key' }, /other than partitionKeyName/],
    ['sortKeyValue', { sortKeyValue: 'a' }, /goes with sortKeyName only/],
    ['sortKeyValue', { sortKeyName: 'range', sortKeyValue: '' }, /1 to 1024 bytes/],
    ['timeoutMs', { timeoutMs: 0 }, /integer from 1 to 60000/],
    ['timeoutMs', { timeoutMs: 1.5 }, /integer from 1 to 60000/],
    ['ownerName', { ownerName: '' }, /1 to 1024 bytes/],
    ['keepReleased', { keepReleased: 'yes' }, /true or false/],
    ['breaker.failures', { breaker: { failures: 0 } }, /whole number/],
  ])('%s is refused with its name, what was received and what is allowed: %j', (path, wrong, message) => {
    const options = { client, tableName: 'locks', ...wrong } as DynamodbStoreOptions;
    expect(() => dynamodbStore(options)).toThrow(
      expect.objectContaining({ name: 'InvalidOptionError', path, message: expect.stringMatching(message) }),
    );
  });

  test('a name and the ARN of a table are both good', () => {
    for (const tableName of ['locks', 'my_locks-1.prod', 'arn:aws:dynamodb:eu-west-1:123456789012:table/locks']) {
      expect(dynamodbStore({ client, tableName }).traits).toEqual({
        name: 'dynamodb',
        ttlGrainMs: 1,
        mayForget: false,
        durable: true,
        pushes: false,
        appends: true,
        expiry: 'observation',
      });
    }
  });

  test('after three failures in a row reads and creates are refused at once, renewals and releases are not', async () => {
    let sent = 0;
    const dead: DynamoClient = {
      send: () => {
        sent += 1;
        return Promise.reject(Object.assign(new Error('no'), { name: 'ThrottlingException', $fault: 'client' }));
      },
    };
    const store = dynamodbStore({ client: dead, tableName: 'locks' });
    for (let failure = 0; failure < 3; failure += 1) await expect(store.read('k')).rejects.toThrow(/throttled/);
    expect(sent).toBe(3);
    await expect(store.create('k', 'v', 1_000)).rejects.toThrow(/Not asked for another/);
    expect(sent).toBe(3);
    await expect(store.remove('k', {})).rejects.toThrow(/throttled/);
    expect(sent).toBe(4);
  });
});
