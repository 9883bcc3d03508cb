import { type AttributeValue, type DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { decodeRecord } from '../../../src/lock/record/record.ts';
import type { Entry, Version } from '../../../src/lock/store.ts';
import { type DynamodbStore, type DynamodbStoreOptions, dynamodbStore } from '../../../src/stores/dynamodb/index.ts';
import { fakeClock } from '../../../src/testing/index.ts';
import { describeWith, uniqueName } from '../../support/shared.ts';
import { type Front, startFront } from './front.ts';
import { clientFor } from './tables.ts';

const minute = 60_000;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describeWith('dynamodb', (service) => {
  const tableName = uniqueName('locks');
  let front: Front;
  let client: DynamoDBClient;
  let keys = 0;
  const freshKey = (): string => `key ${keys++}`;
  const open = (options: Partial<DynamodbStoreOptions> = {}): DynamodbStore =>
    dynamodbStore({ client, tableName, timeoutMs: 5_000, ...options });

  beforeAll(async () => {
    front = await startFront(service.url);
    client = clientFor(front.url);
    await open().createTable();
  });
  beforeEach(() => front.forget());
  afterAll(async () => {
    client.destroy();
    await front.close();
  });

  const itemUnder = async (key: string): Promise<Record<string, AttributeValue> | undefined> =>
    (await client.send(new GetItemCommand({ TableName: tableName, Key: { key: { S: key } }, ConsistentRead: true }))).Item;

  /** An item as the Java client would write it. */
  async function putJava(key: string, leaseMs: number, more: Record<string, AttributeValue> = {}): Promise<string> {
    const recordVersionNumber = crypto.randomUUID();
    const item = {
      key: { S: key },
      ownerName: { S: 'warehouse-7.example' },
      leaseDuration: { S: String(leaseMs) },
      recordVersionNumber: { S: recordVersionNumber },
      data: { B: Buffer.from('{"v":1,"holders":[]}') },
      ...more,
    };
    await client.send(new PutItemCommand({ TableName: tableName, Item: item }));
    return recordVersionNumber;
  }

  /** What the Java client does to a lock whose version it has seen for longer than its lease, with `updateExistingLockRecord`. */
  async function takeOverAsJava(key: string, seen: string | undefined): Promise<string> {
    const recordVersionNumber = crypto.randomUUID();
    await client.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key: { key: { S: key } },
        ConditionExpression: 'attribute_exists(#pk) AND #rvn = :seen',
        UpdateExpression: 'SET #rvn = :rvn, #on = :on, #ld = :ld REMOVE #ir',
        ExpressionAttributeNames: {
          '#pk': 'key',
          '#rvn': 'recordVersionNumber',
          '#on': 'ownerName',
          '#ld': 'leaseDuration',
          '#ir': 'isReleased',
        },
        ExpressionAttributeValues: {
          ':seen': { S: seen ?? '' },
          ':rvn': { S: recordVersionNumber },
          ':on': { S: 'warehouse-7.example' },
          ':ld': { S: '20000' },
        },
      }),
    );
    return recordVersionNumber;
  }

  describe('requests', () => {
    test('an uncontended create and its remove are two requests', async () => {
      const store = open();
      const key = freshKey();
      const version = await store.create(key, 'value', minute);
      expect(await store.remove(key, version as Version)).toBe(true);
      expect(front.operations).toEqual(['PutItem', 'DeleteItem']);
    });

    test('a refused create, replace or remove is one request', async () => {
      const [store, other] = [open(), open()];
      const key = freshKey();
      const stale = (await store.create(key, 'first', minute)) as Version;
      await store.replace(key, 'second', stale, minute);
      front.forget();
      expect(await other.create(key, 'other', minute)).toBeUndefined();
      expect(await store.replace(key, 'late', stale, minute)).toBeUndefined();
      expect(await store.remove(key, stale)).toBe(false);
      expect(front.operations).toEqual(['PutItem', 'PutItem', 'DeleteItem']);
    });

    test('every read is consistent, and every write has a condition', async () => {
      const sent = jest.spyOn(client, 'send');
      const store = open();
      const key = freshKey();
      const version = (await store.create(key, 'value', minute)) as Version;
      await store.read(key);
      await store.remove(key, (await store.replace(key, 'next', version, minute)) as Version);
      for await (const _ of store.list?.(key) ?? []);
      const inputs = sent.mock.calls.map(([command]) => command.input as { ConsistentRead?: boolean; ConditionExpression?: string });
      sent.mockRestore();
      expect(front.operations).toEqual(['PutItem', 'GetItem', 'PutItem', 'DeleteItem', 'Scan']);
      for (const [index, operation] of front.operations.entries()) {
        if (operation === 'GetItem' || operation === 'Scan') expect(inputs[index]?.ConsistentRead).toBe(true);
        else expect(inputs[index]?.ConditionExpression).toMatch(/./);
      }
    });

    test('nothing is sent for a key that DynamoDB could not keep apart from others, or not keep', async () => {
      const store = open();
      for (const key of ['', 'a\ud800', 'é'.repeat(1_025)]) {
        await expect(store.create(key, 'value', minute)).rejects.toMatchObject({ code: 'ERR_GIVEWAY_INVALID_OPTION', path: 'key' });
      }
      expect(front.operations).toEqual([]);
      const longest = 'é'.repeat(1_024);
      expect(await store.create(longest, 'value', minute)).toBeDefined();
      expect((await open().read(longest))?.value).toBe('value');
    });
  });

  describe('the item', () => {
    test('has the layout of the Java lock client, and a new random version at every write', async () => {
      const store = open({ ownerName: 'loader:17', clock: fakeClock({ wallMs: 1_800_000_000_500 }) });
      const key = freshKey();
      const version = (await store.create(key, 'naïve', 30_000)) as Version;
      const first = await itemUnder(key);
      expect(first).toEqual({
        key: { S: key },
        ownerName: { S: 'loader:17' },
        leaseDuration: { S: '30000' },
        recordVersionNumber: { S: expect.stringMatching(uuid) },
        data: { B: new Uint8Array(Buffer.from('naïve')) },
        givewayVersion: first?.recordVersionNumber,
        expiresAtSeconds: { N: '1800086431' },
      });
      await store.replace(key, 'naïve', version, 45_000);
      const second = await itemUnder(key);
      expect(second).toMatchObject({ leaseDuration: { S: '45000' }, recordVersionNumber: { S: expect.stringMatching(uuid) } });
      expect(second?.recordVersionNumber).not.toEqual(first?.recordVersionNumber);
    });

    test('carries its sort key where the table has one, and lists its own alone', async () => {
      const sorted = { tableName: uniqueName('sorted'), sortKeyName: 'range' };
      const [ours, theirs] = [open(sorted), open({ ...sorted, sortKeyValue: 'another' })];
      await ours.createTable();
      await ours.createTable();
      const key = freshKey();
      const version = await ours.create(key, 'ours', minute);
      expect(await theirs.create(key, 'theirs', minute)).toBeDefined();
      expect(await ours.replace(key, 'ours again', version as Version, minute)).toBeDefined();
      const listed = [];
      for await (const entry of ours.list?.('key') ?? []) listed.push([entry.key, entry.value]);
      expect(listed).toEqual([[key, 'ours again']]);
    });

    test('stays with keepReleased: released, without a time for the table to delete it, free for everybody', async () => {
      const store = open({ keepReleased: true });
      const key = freshKey();
      const version = (await store.create(key, 'value', minute)) as Version;
      front.forget();
      expect(await store.remove(key, version)).toBe(true);
      expect(front.operations).toEqual(['UpdateItem']);
      const kept = await itemUnder(key);
      expect(kept).toMatchObject({ isReleased: { S: '1' }, recordVersionNumber: { S: expect.any(String) } });
      expect(kept).not.toHaveProperty('expiresAtSeconds');
      expect(await store.read(key)).toBeUndefined();
      expect(await store.remove(key, version)).toBe(false);
      expect(await store.replace(key, 'late', version, minute)).toBeUndefined();
      expect(await open().create(key, 'next', minute)).toBeDefined();
      expect(await itemUnder(key)).not.toHaveProperty('isReleased');
    });
  });

  describe('expiry by observation', () => {
    test('what a dead holder left is taken over at the second look, by create alone, one request each', async () => {
      const clock = fakeClock();
      const key = freshKey();
      await open({ clock: fakeClock() }).create(key, 'dead', 30_000);
      front.forget();
      const job = open({ clock });
      expect(await job.create(key, 'mine', 30_000)).toBeUndefined();
      clock.block(30_000);
      expect(await job.create(key, 'mine', 30_000)).toBeUndefined();
      clock.block(1);
      expect(await job.create(key, 'mine', 30_000)).toBeDefined();
      expect((await itemUnder(key))?.data?.B).toEqual(new Uint8Array(Buffer.from('mine')));
      expect(front.operations.slice(0, 3)).toEqual(['PutItem', 'PutItem', 'PutItem']);
    });

    test('the observation starts when the answer has arrived, not when the question was sent', async () => {
      const clock = fakeClock();
      const key = freshKey();
      await open({ clock: fakeClock() }).create(key, 'value', 30_000);
      const slow = {
        send: async (...call: Parameters<DynamoDBClient['send']>) => {
          const answer = await client.send(...call);
          clock.block(10_000);
          return answer;
        },
      };
      const watcher = open({ client: slow as unknown as DynamoDBClient, clock });
      await watcher.read(key);
      clock.block(15_000);
      expect(await watcher.read(key)).toBeDefined();
      clock.block(5_001);
      expect(await watcher.read(key)).toBeUndefined();
    });

    test('a renewal restarts it; a suspended machine, whose monotonic clock stood still, buries nobody', async () => {
      const clock = fakeClock();
      const key = freshKey();
      const [holder, watcher] = [open({ clock: fakeClock() }), open({ clock })];
      let version = await holder.create(key, 'value', 30_000);
      for (let beat = 0; beat < 5; beat += 1) {
        expect(await watcher.read(key)).toBeDefined();
        clock.block(20_000);
        version = await holder.replace(key, 'value', version as Version, 30_000);
      }
      expect(await watcher.read(key)).toBeDefined();
      clock.suspend(3_600_000);
      expect(await watcher.read(key)).toBeDefined();
    });

    test('a holder that renews at the last moment wins against the one who thinks it dead', async () => {
      const clock = fakeClock();
      const key = freshKey();
      const [holder, watcher] = [open({ clock: fakeClock() }), open({ clock })];
      const version = await holder.create(key, 'value', 30_000);
      await watcher.read(key);
      clock.block(30_001);
      expect(await watcher.read(key)).toBeUndefined();
      expect(await holder.replace(key, 'renewed', version as Version, 30_000)).toBeDefined();
      expect(await watcher.create(key, 'mine', 30_000)).toBeUndefined();
      expect((await watcher.read(key))?.value).toBe('renewed');
    });

    test('a holder counts from its own write: after its lease its version is worth nothing, and remove clears up', async () => {
      const clock = fakeClock();
      const key = freshKey();
      const store = open({ clock });
      const version = (await store.create(key, 'value', 30_000)) as Version;
      clock.block(30_001);
      expect(await store.replace(key, 'late', version, 30_000)).toBeUndefined();
      expect(await store.remove(key, version)).toBe(false);
      expect(await itemUnder(key)).toBeUndefined();
    });

    test('list goes through every page, those with nothing of ours too', async () => {
      const store = open();
      const [ours, others] = [freshKey(), freshKey()];
      // A page is a megabyte.
      const heavy = 'x'.repeat(300_000);
      for (let each = 0; each < 8; each += 1) await store.create(`${others}:${each}`, heavy, minute);
      for (let each = 0; each < 3; each += 1) await store.create(`${ours}:${each}`, heavy, minute);
      front.forget();
      const listed = [];
      for await (const { key } of store.list?.(`${ours}:`) ?? []) listed.push(key);
      expect(listed.sort()).toEqual([`${ours}:0`, `${ours}:1`, `${ours}:2`]);
      expect(front.operations.length).toBeGreaterThanOrEqual(3);
    });

    test('list leaves out what is released, and what was seen for longer than its lease', async () => {
      const clock = fakeClock();
      const store = open({ clock });
      const prefix = freshKey();
      await putJava(`${prefix}:released`, 1_000, { isReleased: { S: '1' } });
      await putJava(`${prefix}:short`, 1_000);
      await putJava(`${prefix}:long`, 100_000);
      const list = async (): Promise<string[]> => {
        const listed = [];
        for await (const { key } of store.list?.(prefix) ?? []) listed.push(key);
        return listed.sort();
      };
      expect(await list()).toEqual([`${prefix}:long`, `${prefix}:short`]);
      clock.block(1_001);
      expect(await list()).toEqual([`${prefix}:long`]);
    });
  });

  describe('append', () => {
    test('leaves the version of the item, by which others judge whether its holder is dead', async () => {
      const clock = fakeClock();
      const key = freshKey();
      const [holder, waiter, watcher] = [open(), open(), open({ clock })];
      await holder.create(key, 'held', 30_000);
      const before = await itemUnder(key);
      expect(await watcher.read(key)).toBeDefined();
      for (let waiters = 1; waiters <= 3; waiters += 1) {
        clock.block(10_000);
        await waiter.append?.(key, `, ${waiters}`, (await waiter.read(key))?.version as Version);
        expect((await watcher.read(key))?.value).toMatch(new RegExp(`, ${waiters}$`));
      }
      const { givewayVersion, appended, ...rest } = (await itemUnder(key)) ?? {};
      expect({ ...rest, givewayVersion: before?.givewayVersion }).toEqual(before);
      expect(appended).toEqual({ L: [{ S: ', 1' }, { S: ', 2' }, { S: ', 3' }] });
      expect(givewayVersion?.S).toMatch(new RegExp(`^${before?.recordVersionNumber?.S}/[\\w-]{22}$`));
      clock.block(1);
      expect(await watcher.read(key)).toBeUndefined();
      expect(await watcher.create(key, 'next', 30_000)).toBeDefined();
      expect((await waiter.read(key))?.value).toBe('next');
    });

    test('to what another client wrote, or took over, is a no', async () => {
      const store = open();
      const [theirs, taken] = [freshKey(), freshKey()];
      await putJava(theirs, 20_000);
      expect(await store.append?.(theirs, ', mine', (await store.read(theirs))?.version as Version)).toBeUndefined();
      const first = (await store.create(taken, 'ours', minute)) as Version;
      const second = (await store.append?.(taken, ', more', first)) as Version;
      await takeOverAsJava(taken, (await itemUnder(taken))?.recordVersionNumber?.S);
      expect(await store.append?.(taken, ', mine', second)).toBeUndefined();
      expect(await store.append?.(taken, ', mine', (await store.read(taken))?.version as Version)).toBeUndefined();
      expect((await store.read(taken))?.value).not.toContain('more');
    });

    test('makes version 0.1.0 take the item for one of a stranger, which it leaves alone', async () => {
      const store = open();
      const key = freshKey();
      await store.append?.(key, ', more', (await store.create(key, 'held', minute)) as Version);
      const { givewayVersion, recordVersionNumber } = (await itemUnder(key)) ?? {};
      expect(givewayVersion).not.toEqual(recordVersionNumber); // what 0.1.0 asks
    });
  });

  describe('beside Java clients', () => {
    test('their lock is read as a record of one writer: its owner, its version, since we first saw it', async () => {
      const clock = fakeClock({ wallMs: 1_800_000_000_000 });
      const store = open({ clock });
      const key = freshKey();
      const recordVersionNumber = await putJava(key, 20_000);
      await store.read(key);
      clock.block(5_000);
      const entry = (await store.read(key)) as Entry;
      expect(decodeRecord(entry.value)?.holders).toEqual([
        {
          token: recordVersionNumber,
          mode: 'write',
          host: 'warehouse-7.example',
          pid: 0,
          since: 1_800_000_000_000,
          ttlMs: 20_000,
          until: 1_800_000_020_000,
          beat: 0,
        },
      ]);
      expect(await store.create(key, 'mine', minute)).toBeUndefined();
      clock.block(15_001);
      expect(await store.create(key, 'mine', minute)).toBeDefined();
    });

    test('a version of theirs is good for remove, so that an operator can unlock it', async () => {
      const store = open();
      const key = freshKey();
      await putJava(key, 20_000);
      expect(await store.remove(key, (await store.read(key))?.version as Version)).toBe(true);
      expect(await itemUnder(key)).toBeUndefined();
    });

    test('what they released and kept is free', async () => {
      const key = freshKey();
      await putJava(key, 20_000, { isReleased: { S: '1' } });
      const store = open();
      expect(await store.read(key)).toBeUndefined();
      expect(await store.create(key, 'mine', minute)).toBeDefined();
      expect((await open().read(key))?.value).toBe('mine');
    });

    test('a version is worth nothing once its item is marked released, which in their layout leaves the version', async () => {
      const store = open();
      const key = freshKey();
      const recordVersionNumber = await putJava(key, 20_000);
      const { version } = (await store.read(key)) as Entry;
      await putJava(key, 20_000, { recordVersionNumber: { S: recordVersionNumber }, isReleased: { S: '1' } });
      expect(await store.replace(key, 'late', version, minute)).toBeUndefined();
      expect(await store.remove(key, version)).toBe(false);
      expect(await itemUnder(key)).toBeDefined();
    });

    test('what they took over from us is theirs, although they leave our attributes in the item', async () => {
      const store = open();
      const key = freshKey();
      const version = (await store.create(key, 'ours', minute)) as Version;
      const theirs = await takeOverAsJava(key, (await itemUnder(key))?.recordVersionNumber?.S);
      expect(await itemUnder(key)).toHaveProperty('givewayVersion');
      expect(decodeRecord((await store.read(key))?.value ?? '')?.holders).toMatchObject([{ token: theirs, host: 'warehouse-7.example' }]);
      expect(await store.replace(key, 'late', version, minute)).toBeUndefined();
      expect(await store.remove(key, version)).toBe(false);
    });

    test('an item without lease or version, which no lock client wrote, never ends and is never overwritten', async () => {
      const clock = fakeClock();
      const store = open({ clock });
      const key = freshKey();
      await client.send(
        new PutItemCommand({ TableName: tableName, Item: { key: { S: key }, data: { B: Buffer.from('something else') } } }),
      );
      const entry = (await store.read(key)) as Entry;
      expect(entry.value).toBe('something else');
      clock.block(1e12);
      expect(await store.create(key, 'mine', minute)).toBeUndefined();
      expect(await store.replace(key, 'mine', entry.version, minute)).toBeUndefined();
      expect(await store.remove(key, entry.version)).toBe(false);
    });
  });
});
