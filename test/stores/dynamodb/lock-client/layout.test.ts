import { type AttributeValue, type DynamoDBClient, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocker, type LockerOptions, type ResourceLocker } from '../../../../src/index.ts';
import { LockClient } from '../../../../src/leases/index.ts';
import { decodeRecord } from '../../../../src/lock/record/record.ts';
import { type DynamodbStore, type DynamodbStoreOptions, dynamodbStore } from '../../../../src/stores/dynamodb/index.ts';
import { fakeClock } from '../../../../src/testing/index.ts';
import { describeWith, uniqueName } from '../../../support/shared.ts';
import { type Front, startFront } from '../front.ts';
import { clientFor } from '../tables.ts';

const skip = { shouldSkipBlockingWait: true };
const minute = 60_000;

describeWith('dynamodb', (service) => {
  const tableName = uniqueName('locks');
  const sorted = { tableName: uniqueName('sorted'), sortKeyName: 'range' };
  let front: Front;
  let client: DynamoDBClient;
  let keys = 0;
  const freshKey = (): string => `Key:${keys++}`;
  const open = (options: Partial<DynamodbStoreOptions> = {}): DynamodbStore =>
    dynamodbStore({ client, tableName, layout: 'lock-client', timeoutMs: 10_000, ...options });
  const lockerOn = (store: DynamodbStore, options: Partial<LockerOptions> = {}): ResourceLocker =>
    createLocker({ store, host: 'etl-1', ...options });

  beforeAll(async () => {
    front = await startFront(service.url);
    client = clientFor(front.url);
    await Promise.all([open().createTable(), open(sorted).createTable()]);
  });
  afterAll(async () => {
    client.destroy();
    await front.close();
  });

  const itemUnder = async (key: string): Promise<Record<string, AttributeValue> | undefined> =>
    (await client.send(new GetItemCommand({ TableName: tableName, Key: { key: { S: key } }, ConsistentRead: true }))).Item;

  /** An item as the Java client writes it. */
  async function putJava(key: string, more: Record<string, AttributeValue> = {}): Promise<void> {
    const item = {
      key: { S: key },
      ownerName: { S: 'warehouse-7' },
      leaseDuration: { S: '20000' },
      recordVersionNumber: { S: crypto.randomUUID() },
      ...more,
    };
    await client.send(new PutItemCommand({ TableName: tableName, Item: item }));
  }

  /** What the Java client's heartbeat changes. */
  async function beatAsJava(key: string): Promise<void> {
    await client.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key: { key: { S: key } },
        UpdateExpression: 'SET recordVersionNumber = :next',
        ExpressionAttributeValues: { ':next': { S: crypto.randomUUID() } },
      }),
    );
  }

  describe('the item', () => {
    test('of a lease: its bytes, owner and attributes as Java has them, and one attribute that holds no token', async () => {
      const key = freshKey();
      const leases = new LockClient({ store: open(), ownerName: 'node-1' });
      const item = await leases.acquireLock({ partitionKey: key, data: 'naïve', additionalAttributes: { shift: 'late' } });
      const stored = await itemUnder(key);
      expect(stored).toEqual({
        key: { S: key },
        ownerName: { S: 'node-1' },
        leaseDuration: { S: '20000' },
        recordVersionNumber: { S: item.recordVersionNumber },
        data: { B: new Uint8Array(Buffer.from('naïve')) },
        shift: { S: 'late' },
        giveway: { S: expect.stringContaining(item.recordVersionNumber) },
      });
      const { record } = JSON.parse(stored?.giveway?.S ?? '') as { record: { holders: { token: string }[] } };
      expect(record.holders[0]?.token).toMatch(/^#[0-9a-f]{32}$/);
      await leases.close();
    });

    test('of a locker: its job and host, no data; two requests in all', async () => {
      const key = freshKey();
      const locker = lockerOn(open(), { job: 'rollup' });
      front.forget();
      const lock = await locker.lock({ appends: key });
      const stored = await itemUnder(key);
      expect(stored).toMatchObject({ ownerName: { S: `rollup on etl-1 (${process.pid})` }, leaseDuration: { S: '30000' } });
      expect(Object.keys(stored ?? {}).sort()).toEqual(['giveway', 'key', 'leaseDuration', 'ownerName', 'recordVersionNumber']);
      expect(JSON.stringify(stored)).not.toContain(lock.token);
      await lock.unlock();
      expect(front.operations.filter((each) => each !== 'GetItem')).toEqual(['PutItem', 'DeleteItem']);
      expect(await itemUnder(key)).toBeUndefined();
    });

    test('sharers of several processes are in it together, and shown with job, host, mode and times', async () => {
      const key = freshKey();
      const [one, two, three] = [lockerOn(open(), { job: 'a' }), lockerOn(open(), { job: 'b' }), lockerOn(open())];
      const [first, second] = [await one.lock({ appends: key }), await two.lock({ appends: key })];
      expect((await itemUnder(key))?.ownerName?.S).toBe(`a on etl-1 (${process.pid}) and 1 more`);
      expect(await three.tryLock(key)).toBeUndefined();
      const holders = await three.inspect(key);
      expect(holders).toMatchObject([
        { job: 'a', host: 'etl-1', pid: process.pid, mode: 'append', state: 'holding', since: first.acquiredAt },
        { job: 'b', mode: 'append' },
      ]);
      expect(holders.some(({ token }) => [first.token, second.token].includes(token))).toBe(false);
      await first.unlock();
      expect(await second.extend(5_000)).toBe(true);
      await second.unlock();
      expect(await itemUnder(key)).toBeUndefined();
    });

    test('what a Java write makes void is a lock of Java: our holder has lost it', async () => {
      const key = freshKey();
      const leases = new LockClient({ store: open() });
      const item = await leases.acquireLock({ partitionKey: key });
      await beatAsJava(key);
      await expect(leases.sendHeartbeat(item)).rejects.toMatchObject({ name: 'LockNotGrantedError' });
      expect(item.signal?.reason).toMatchObject({ reason: 'stolen' });
      expect(await item.close()).toBe(false);
      expect(await itemUnder(key)).toBeDefined();
    });

    test.each(['giveway', 'lock-client'] as const)('without a version or a lease it never dies (layout %s)', async (layout) => {
      for (const [name, value] of [
        ['recordVersionNumber', { NULL: true }],
        ['leaseDuration', { S: 'soon' }],
      ] as const) {
        const key = freshKey();
        await putJava(key, { [name]: value as AttributeValue });
        const clock = fakeClock();
        const store = open({ clock, layout });
        expect(await store.read(key)).toBeDefined();
        clock.block(minute);
        expect(await store.read(key)).toBeDefined();
        expect(await store.create(key, 'value', minute)).toBeUndefined();
        expect(decodeRecord((await store.read(key))?.value ?? '')).toBeUndefined();
      }
    });
  });

  describe('a holder in Java', () => {
    test('is one holder through its heartbeats, seen since the first look, and can be unlocked by hand', async () => {
      const key = freshKey();
      const clock = fakeClock();
      const store = open({ clock });
      const locker = lockerOn(store, { clock });
      await putJava(key);
      const [first] = await locker.inspect(key);
      clock.block(15_000);
      await beatAsJava(key);
      const [second] = await locker.inspect(key);
      expect(second).toEqual(first);
      expect(second).toMatchObject({ host: 'warehouse-7', mode: 'write', state: 'holding' });
      clock.block(15_000);
      expect(await locker.inspect(key)).toHaveLength(1);
    });

    test('that died: what it carried is kept for a lease that asks for it, and given back by a locker', async () => {
      const key = freshKey();
      const clock = fakeClock();
      const store = open({ clock });
      await putJava(key, { data: { B: Buffer.from('work') }, tags: { SS: ['a'] } });
      const [locker, leases] = [lockerOn(store, { clock }), new LockClient({ store, clock })];
      expect(await locker.tryLock(key)).toBeUndefined();
      clock.block(20_001);
      const lock = await locker.lock(key);
      expect(await lock.unlock()).toBe(true);
      expect(await itemUnder(key)).toMatchObject({
        isReleased: { S: '1' },
        data: { B: new Uint8Array(Buffer.from('work')) },
        tags: { SS: ['a'] },
      });
      const item = await leases.acquireLock({ partitionKey: key, replaceData: false, updateExistingLockRecord: true, ...skip });
      expect([item.data, item.additionalAttributes]).toEqual([Buffer.from('work'), { tags: ['a'] }]);
      expect(await itemUnder(key)).toMatchObject({ tags: { SS: ['a'] } });
      await leases.close();
      await locker.close();
    });
  });

  test('a lock that is handed over comes by its token, and not by what the table shows for it', async () => {
    const key = freshKey();
    const [one, two] = [lockerOn(open()), lockerOn(open())];
    const lock = await one.lock(key);
    const masked = (await two.inspect(key)).map(({ token }) => token);
    const handed = await lock.handOver();
    const forged = { ...handed, entries: handed.entries.map((entry, index) => ({ ...entry, token: masked[index] ?? '' })) };
    await expect(two.restore(forged)).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'token' });
    const restored = await two.restore(handed);
    expect(await restored.unlock()).toBe(true);
  });

  test('a locker waits longer than the longest lease that is usual there, unless it is told otherwise', () => {
    expect(open().traits).toMatchObject({ exactNames: true, usualWaitMs: 31_000 });
    expect(open().append).toBeUndefined();
  });

  test.each([
    ['90000', 91_000],
    ['1000', 31_000],
    ['86400000', 601_000],
  ])('once it has met a lease of %s ms, it waits that and a second more, within reason: %i', async (leaseDuration, waitMs) => {
    const [key, store] = [freshKey(), open()];
    await putJava(key, { leaseDuration: { S: leaseDuration } });
    expect(await lockerOn(store).tryLock(key)).toBeUndefined();
    expect(store.traits.usualWaitMs).toBe(waitMs);
  });

  test('leases of a table with sort keys: each its own, and those of lockers are listed by their keys', async () => {
    const store = open({ ...sorted, keyOf: (name) => ({ partitionKey: 'tables', sortKey: name }) });
    const [locker, leases] = [lockerOn(store), new LockClient({ store })];
    await locker.lock('events');
    expect(await leases.tryAcquireLock({ partitionKey: 'tables', sortKey: 'events', ...skip })).toBeUndefined();
    await leases.acquireLock({ partitionKey: 'tables', sortKey: 'visits', data: 'x' });
    const listed = [];
    for await (const { partitionKey, sortKey, data } of leases.getLocksByPartitionKey('tables')) listed.push([partitionKey, sortKey, data]);
    expect(listed.sort()).toEqual([
      ['tables', 'events', undefined],
      ['tables', 'visits', 'x'],
    ]);
    await Promise.all([locker.close(), leases.close()]);
  });

  describe('bad input: a named error, and nothing is written', () => {
    test.each<[string, object, object]>([
      ['an empty partition key', { partitionKey: '' }, { path: 'partitionKey' }],
      ['a partition key that is no text', { partitionKey: 42 }, { path: 'partitionKey' }],
      [
        'a partition key over the limit',
        { partitionKey: 'é'.repeat(1_025) },
        { path: 'partitionKey', message: expect.stringMatching(/2048 bytes/) },
      ],
      ['a sort key that the table does not have', { partitionKey: 'a', sortKey: 'b' }, { path: 'sortKey' }],
      ["our own attribute's name", { partitionKey: 'a', additionalAttributes: { giveway: 1 } }, { path: 'additionalAttributes.giveway' }],
      ['a number that DynamoDB cannot keep', { partitionKey: 'a', additionalAttributes: { n: 1e200 } }, { path: 'additionalAttributes.n' }],
    ])('%s', async (_name, options, error) => {
      front.forget();
      const leases = new LockClient({ store: open() });
      await expect(leases.acquireLock(options as never)).rejects.toMatchObject({ name: 'InvalidOptionError', ...error });
      expect(front.operations).toEqual([]);
    });

    test('a sort key that is missing, or over the limit', async () => {
      front.forget();
      const leases = new LockClient({ store: open(sorted) });
      for (const sortKey of [undefined, 'x'.repeat(1_025)])
        await expect(leases.acquireLock({ partitionKey: 'a', ...(sortKey && { sortKey }) })).rejects.toMatchObject({ path: 'sortKey' });
      await expect(lockerOn(open(sorted)).lock('a')).rejects.toMatchObject({ path: 'sortKey' });
      expect(front.operations).toEqual([]);
    });

    test("a locker's name over the limit is refused whatever onStoreDown says", async () => {
      await expect(lockerOn(open()).lock('x'.repeat(2_049))).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'partitionKey' });
    });

    test.each(['namespace', 'environment'])('%s of a lock client', (path) => {
      expect(() => new LockClient({ store: open(), [path]: 'staging' })).toThrow(
        expect.objectContaining({ name: 'InvalidOptionError', path }),
      );
    });

    test('a table with a sort key, and a store without: refused with the keys of the table, never unprotected', async () => {
      for (const layout of ['giveway', 'lock-client'] as const) {
        const store = open({ tableName: sorted.tableName, layout });
        const error = {
          code: 'ERR_GIVEWAY_STORE_SETUP',
          message: expect.stringMatching(/keys: partition key "key" of type S, sort key "range" of type S/),
        };
        await expect(lockerOn(store, { onStoreDown: 'run' }).lock('events')).rejects.toMatchObject(error);
        await expect(new LockClient({ store }).acquireLock({ partitionKey: 'events' })).rejects.toMatchObject(error);
        expect(await lockerOn(store).health()).toMatchObject({ ok: false, error });
      }
    });
  });
});
