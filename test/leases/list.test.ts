import { describe, expect, test } from '@jest/globals';
import { createLocker } from '../../src/index.ts';
import { LockClient, type LockItem } from '../../src/leases/index.ts';
import { nullStore } from '../../src/stores/memory.ts';
import { evil, unprintable } from '../support/names-of-others.ts';
import { stage } from './stage.ts';

async function namesOf(items: AsyncIterable<LockItem>): Promise<string[]> {
  const names: string[] = [];
  for await (const { partitionKey, sortKey } of items) names.push(sortKey === undefined ? partitionKey : `${partitionKey}|${sortKey}`);
  return names.sort();
}

describe('listing', () => {
  test('77: none, one, many, released ones too; none after the close', async () => {
    const { client } = stage();
    const reader = client();
    expect(await namesOf(reader.getAllLocks())).toEqual([]);
    const mine = client();
    await mine.acquireLock({ partitionKey: 'seat', sortKey: 'A5' });
    expect(await namesOf(reader.getAllLocks())).toEqual(['seat|A5']);
    await mine.acquireLock({ partitionKey: 'seat', sortKey: 'x'.repeat(300) });
    await mine.acquireLock({ partitionKey: 'seat' });
    const kept = await mine.acquireLock({ partitionKey: 'kept', deleteLockOnRelease: false });
    await kept.close();
    expect(await namesOf(reader.getAllLocks())).toEqual(['kept', 'seat', 'seat|A5', `seat|${'x'.repeat(300)}`]);
    for await (const item of reader.getAllLocks())
      expect([item.isReleased, item.isExpired()]).toEqual([item.partitionKey === 'kept', true]);
    await mine.close();
    expect(await namesOf(reader.getAllLocks())).toEqual(['kept']);
  });

  test('in words an item is short and printable, whatever its owner calls itself', async () => {
    const { client } = stage();
    await client({ ownerName: evil.replaceAll('\0', '') }).acquireLock({ partitionKey: 'seat', sortKey: '\u202e' });
    for await (const item of client().getAllLocks()) {
      expect(String(item)).not.toMatch(unprintable);
      expect(String(item).length).toBeLessThan(1_000);
    }
    await expect(client().acquireLock({ partitionKey: 'seat', sortKey: '\u202e', shouldSkipBlockingWait: true })).rejects.toMatchObject({
      message: expect.not.stringMatching(unprintable),
    });
  });

  test('77: by partition key: none, one, another’s, many', async () => {
    const { client } = stage();
    const mine = client();
    expect(await namesOf(mine.getLocksByPartitionKey('seat'))).toEqual([]);
    await mine.acquireLock({ partitionKey: 'seats', sortKey: 'A5' });
    expect(await namesOf(mine.getLocksByPartitionKey('seat'))).toEqual([]);
    for (let number = 10; number < 60; number++) await mine.acquireLock({ partitionKey: 'seat', sortKey: String(number) });
    expect(await namesOf(mine.getLocksByPartitionKey('seat'))).toHaveLength(50);
  });

  test('mine are the items I hold; others can only be looked at', async () => {
    const { client } = stage();
    const mine = client();
    const item = await mine.acquireLock({ partitionKey: 'a' });
    await client().acquireLock({ partitionKey: 'b', data: 'theirs' });
    const listed: LockItem[] = [];
    for await (const each of mine.getAllLocks({ deleteLockOnRelease: true })) listed.push(each);
    const [a, b] = listed.sort((one, other) => one.partitionKey.localeCompare(other.partitionKey));
    expect(a).toBe(item);
    expect(b).toMatchObject({ data: 'theirs', deleteLockOnRelease: true, signal: undefined });
    expect(await b?.close()).toBe(false);
    await expect(b?.sendHeartBeat()).rejects.toMatchObject({ name: 'LockNotGrantedError' });
    await expect(b?.ensure(2_000)).rejects.toMatchObject({ name: 'LockNotGrantedError' });
    expect(() => b?.amIAboutToExpire()).toThrow(expect.objectContaining({ name: 'SessionMonitorNotSetError' }));
  });

  test('other environments and lockers’ locks are not listed', async () => {
    const { client, memory, clock } = stage();
    await client({ environment: 'staging' }).acquireLock({ partitionKey: 'a' });
    const locker = createLocker({ store: memory.connect(), clock });
    await locker.lock('visits');
    expect(await namesOf(client().getAllLocks())).toEqual([]);
    expect(await namesOf(client({ environment: 'staging' }).getAllLocks())).toEqual(['a']);
    await locker.close();
  });

  test('a store that cannot list says so', async () => {
    const client = new LockClient({ store: nullStore() });
    await expect(client.getAllLocks().next()).rejects.toMatchObject({ code: 'ERR_GIVEWAY_CANNOT_LIST' });
    await expect(client.getLocksByPartitionKey('a').next()).rejects.toMatchObject({ message: expect.stringContaining('null store') });
  });

  test('80: an item in words says whose it is, not what it carries, and never the token', async () => {
    const { client, record } = stage();
    const item = await client({ ownerName: 'me' }).acquireLock({ partitionKey: 'a', sortKey: 'b', data: 'secret' });
    expect(String(item)).toBe(
      `LockItem {"partitionKey":"a","sortKey":"b","ownerName":"me","leaseDurationMs":3000,"recordVersionNumber":"${item.recordVersionNumber}","isReleased":false}`,
    );
    const token = (await record('giveway:a%00b'))?.holders[0]?.token ?? '';
    expect(token).toMatch(/^[0-9a-f]{32}$/);
    expect(`${JSON.stringify(item)} ${item}`).not.toContain(token);
  });
});
