import { once } from 'node:events';
import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocker, type ResourceLocker } from '../../../src/index.ts';
import { LockClient, type LockClientOptions } from '../../../src/leases/index.ts';
import { type DynamodbStore, type DynamodbStoreOptions, dynamodbStore } from '../../../src/stores/dynamodb/index.ts';
import { until } from '../../../src/testing/waiting.ts';
import { clientFor } from '../../stores/dynamodb/tables.ts';
import { describeWith, uniqueName } from '../../support/shared.ts';
import { startHolder } from '../holder.ts';
import { build, type JavaOptions, type JavaPeer, javaPeer, type Key } from './peer.ts';

/** Maven fetches some forty artifacts the first time. */
const buildMs = 300_000;
/** For tests that start a JVM of their own, which a busy machine does in half a minute. */
const withJvmMs = 120_000;
const unavailable = expect.stringMatching(/^LockCurrentlyUnavailableException/);
const skip = { shouldSkipBlockingWait: true };

describeWith('maven', (maven) => {
  describeWith('dynamodb', (service) => {
    const tables = { plain: uniqueName('locks'), sorted: uniqueName('sorted') };
    let client: DynamoDBClient;
    let java: JavaPeer;
    let sortedJava: JavaPeer;
    const lockers: ResourceLocker[] = [];
    const clients: LockClient[] = [];
    const peers: JavaPeer[] = [];

    const open = (options: Partial<DynamodbStoreOptions> = {}): DynamodbStore =>
      dynamodbStore({ client, tableName: tables.plain, layout: 'lock-client', timeoutMs: 10_000, ...options });
    const openSorted = (options: Partial<DynamodbStoreOptions> = {}): DynamodbStore =>
      open({ tableName: tables.sorted, sortKeyName: 'range', ...options });
    const lockerOn = (store: DynamodbStore): ResourceLocker => {
      const locker = createLocker({ store, host: 'etl-1', job: 'nightly rollup', onStoreDown: 'throw' });
      lockers.push(locker);
      return locker;
    };
    const leasesOn = (store: DynamodbStore, options: Partial<LockClientOptions> = {}): LockClient => {
      const leases = new LockClient({ store, ownerName: 'node-1', ...options });
      clients.push(leases);
      return leases;
    };
    const startPeer = async (options: Partial<JavaOptions> = {}): Promise<JavaPeer> => {
      const peer = await javaPeer({ endpoint: service.url, tableName: tables.plain, ownerName: 'java-1', ...options });
      peers.push(peer);
      return peer;
    };
    const itemUnder = async (key: string) =>
      (await client.send(new GetItemCommand({ TableName: tables.plain, Key: { key: { S: key } }, ConsistentRead: true }))).Item;

    beforeAll(async () => {
      client = clientFor(service.url);
      await build(maven.url);
      await Promise.all([open().createTable(), openSorted().createTable()]);
      java = await startPeer();
      sortedJava = await startPeer({ tableName: tables.sorted, sortKeyName: 'range' });
    }, buildMs);
    afterEach(async () => {
      await Promise.all([...lockers.splice(0).map((each) => each.close()), ...clients.splice(0).map((each) => each.close())]);
    });
    afterAll(async () => {
      await Promise.all(peers.map((peer) => peer.end()));
      client.destroy();
    });

    const cases: [string, Key][] = [
      ['events', 'events'],
      ['Customer:42', 'Customer:42'],
      ['a key of 1,000 characters', 'k'.repeat(1_000)],
      ['seat, A5', ['seat', 'A5']],
    ];
    describe.each(cases)('%s', (_name, key) => {
      const isSorted = typeof key !== 'string';
      const [partitionKey, sortKey] = isSorted ? key : [key];
      const name = { partitionKey, ...(sortKey === undefined ? {} : { sortKey }) };
      const resource = isSorted ? `${partitionKey} ${sortKey}` : partitionKey;
      const store = (): DynamodbStore => (isSorted ? openSorted({ keyOf: () => name }) : open());
      // Java shows its own sort key among the attributes, too.
      const ours = isSorted ? 'giveway,range' : 'giveway';
      const peer = (): JavaPeer => (isSorted ? sortedJava : java);

      test('what Java holds is busy here, and shown with its owner, data and lease', async () => {
        const [locker, leases] = [lockerOn(store()), leasesOn(store())];
        expect(await peer().acquire(key, { data: 'from Java' })).toBe('java-1\tfrom Java\t20000\t');
        expect(await leases.tryAcquireLock({ ...name, ...skip })).toBeUndefined();
        const seen = await leases.getLock(partitionKey, sortKey);
        expect(seen).toMatchObject({ ...name, ownerName: 'java-1', data: Buffer.from('from Java'), leaseDurationMs: 20_000 });
        expect(seen?.isReleased).toBe(false);
        expect(await locker.tryLock(resource)).toBeUndefined();
        expect(await locker.inspect(resource)).toMatchObject([{ host: 'java-1', mode: 'write', state: 'holding' }]);
        expect(await peer().release(key)).toBe('true');
        expect(await leases.getLock(partitionKey, sortKey)).toBeUndefined();
      });

      test('what a lease holds is busy in Java, and shown there with its owner, data and lease', async () => {
        const item = await leasesOn(store()).acquireLock({ ...name, data: 'from Node' });
        expect(await peer().acquire(key)).toEqual(unavailable);
        expect(await peer().get(key)).toBe(`node-1\tfrom Node\t20000\t${ours}`);
        await item.sendHeartBeat();
        expect(await peer().acquire(key)).toEqual(unavailable);
        expect(await item.close()).toBe(true);
        expect(await peer().get(key)).toBe('none');
        expect(await peer().acquire(key)).toMatch(/^java-1\t/);
        expect(await peer().release(key)).toBe('true');
      });

      test('what a locker holds is busy in Java, and shown there with job and host', async () => {
        const lock = await lockerOn(store()).lock(resource);
        expect(await peer().acquire(key)).toEqual(unavailable);
        expect(await peer().get(key)).toBe(`nightly rollup on etl-1 (${process.pid})\t-\t30000\t${ours}`);
        expect(await lock.unlock()).toBe(true);
        expect(await peer().raw(key)).toBe('none');
      });

      test('a lock that Java lets go comes to a locker that waits, and the other way round', async () => {
        const locker = lockerOn(store());
        await peer().acquire(key);
        const waiting = locker.lock(resource);
        expect(await peer().release(key)).toBe('true');
        const lock = await waiting;
        const theirs = peer().acquire(key, { flags: 'wait' });
        expect(await lock.unlock()).toBe(true);
        expect(await theirs).toMatch(/^java-1\t/);
        expect(await peer().release(key)).toBe('true');
      });

      test('released and kept, both ways: taken without a wait, with its data', async () => {
        const leases = leasesOn(store());
        await peer().acquire(key, { data: 'one', flags: 'skip,stay' });
        expect(await peer().release(key, { data: 'two', flags: 'stay' })).toBe('true');
        expect(await leases.getLock(partitionKey, sortKey)).toBeUndefined();
        expect(await leases.getLockFromStore(name)).toMatchObject({ isReleased: true, ownerName: 'java-1', data: Buffer.from('two') });
        const item = await leases.acquireLock({ ...name, replaceData: false, data: 'unused', deleteLockOnRelease: false, ...skip });
        expect(item.data).toEqual(Buffer.from('two'));
        expect(await peer().acquire(key)).toEqual(unavailable);
        await leases.releaseLock({ lockItem: item, data: 'three' });
        expect(await peer().get(key)).toBe('none');
        expect(await peer().raw(key)).toBe(`node-1\tthree\t20000\t${ours}`);
        expect(await peer().acquire(key, { data: 'unused', flags: 'skip,keep,exist' })).toMatch(/^java-1\tthree\t/);
        expect(await peer().release(key)).toBe('true');
      });

      test('a locker gives back what Java kept, with its data', async () => {
        const locker = lockerOn(store());
        await peer().acquire(key, { data: 'seat plan', flags: 'skip,stay', attribute: 'tags' });
        await peer().release(key, { flags: 'stay' });
        const lock = await locker.lock(resource);
        expect(await peer().acquire(key)).toEqual(unavailable);
        expect(await lock.extend(5_000)).toBe(true);
        expect(await lock.unlock()).toBe(true);
        expect(await peer().raw(key)).toBe(`nightly rollup on etl-1 (${process.pid})\tseat plan\t5000\t${ours},tags`);
        expect(await peer().acquire(key, { flags: 'skip,keep' })).toMatch(/^java-1\tseat plan\t/);
        expect(await peer().release(key)).toBe('true');
      });
    });

    test('updateExistingLockRecord, both ways: attributes that only the other side knows stay as they are', async () => {
      const leases = leasesOn(open());
      await java.acquire('attributes', { data: 'x', flags: 'skip,stay', attribute: 'tags' });
      await java.release('attributes', { flags: 'stay' });
      const item = await leases.acquireLock({
        partitionKey: 'attributes',
        updateExistingLockRecord: true,
        additionalAttributes: { shift: { late: true, hours: [1, 2.5] } },
        deleteLockOnRelease: false,
      });
      expect(item.additionalAttributes).toEqual({ tags: ['a', 'b'], shift: { late: true, hours: [1, 2.5] } });
      expect(await itemUnder('attributes')).toMatchObject({
        tags: { SS: ['a', 'b'] },
        shift: { M: { late: { BOOL: true }, hours: { L: [{ N: '1' }, { N: '2.5' }] } } },
      });
      await leases.releaseLock(item);
      expect(await java.acquire('attributes', { flags: 'skip,update', attribute: 'more' })).toBe('java-1\t-\t20000\tmore');
      expect(await java.raw('attributes')).toMatch(/\tgiveway,more,shift,tags$/);
      expect(await leases.getLock('attributes')).toMatchObject({ ownerName: 'java-1' });
      expect(await java.release('attributes')).toBe('true');
    });

    test('Java lists our locks, and nothing beside them, while many wait', async () => {
      const [locker, other] = [lockerOn(open()), lockerOn(open())];
      const held = await locker.lock({ appends: ['listed'] });
      const giveUp = new AbortController();
      const waiting = [other.lock('listed', { signal: giveUp.signal }), other.lock('listed', { signal: giveUp.signal })];
      const ended = Promise.allSettled(waiting);
      await until('they wait', () => other.inspect('listed').then((holders) => holders.length === 1));
      expect((await java.list()).filter((key) => key.startsWith('listed'))).toEqual(['listed']);
      giveUp.abort();
      await ended;
      await held.unlock();
    });

    test(
      'a Java process that is killed: a lease takes over after its lease, with its data',
      async () => {
        const dying = await startPeer({ ownerName: 'java-dying', leaseMs: 2_000 });
        await dying.acquire('killed', { data: 'its work', flags: 'skip,stay' });
        const leases = leasesOn(open());
        expect(await leases.tryAcquireLock({ partitionKey: 'killed', ...skip })).toBeUndefined();
        await dying.end();
        const item = await leases.acquireLock({ partitionKey: 'killed', replaceData: false, refreshPeriodMs: 50 });
        expect(item.data).toEqual(Buffer.from('its work'));
        await item.close();
      },
      withJvmMs,
    );

    test(
      'a Java process that is stopped for longer than its lease: taken over, and its late release is none',
      async () => {
        const stopped = await startPeer({ ownerName: 'java-stopped', leaseMs: 2_000 });
        await stopped.acquire('stopped');
        stopped.process.kill('SIGSTOP');
        const lock = await lockerOn(open()).lock('stopped');
        stopped.process.kill('SIGCONT');
        expect(await stopped.release('stopped')).toBe('false');
        expect(await java.get('stopped')).toMatch(/^nightly rollup/);
        expect(await lock.unlock()).toBe(true);
      },
      withJvmMs,
    );

    test.each(['SIGKILL', 'SIGSTOP'] as const)(
      'a process of ours that gets %s: Java takes over a lease after it looked first, not before; who was stopped knows of it',
      async (signal) => {
        const [key, ttlMs] = [`node ${signal}`.replace(' ', '-'), 2_000];
        const holder = await startHolder('dynamodb', service.url, tables.plain);
        expect(await holder.ask('hold', key, ttlMs)).toBe('lost false');
        expect(await java.acquire(key)).toEqual(unavailable);
        holder.process.kill(signal);
        if (signal === 'SIGKILL') await once(holder.process, 'exit');
        const askedMs = performance.now();
        expect(await java.acquire(key, { flags: 'wait' })).toMatch(/^java-1\t/);
        expect(performance.now() - askedMs).toBeGreaterThanOrEqual(ttlMs);
        if (signal === 'SIGSTOP') {
          holder.process.kill('SIGCONT');
          expect(await holder.ask('lost')).toBe('lost true');
          expect(await holder.ask('unlock')).toBe('false');
          expect(await java.get(key)).toMatch(/^java-1\t/);
          await holder.end();
        }
        expect(await java.release(key)).toBe('true');
      },
      withJvmMs,
    );

    test('a lease whose heartbeats have ended: Java takes over, and its late release is none', async () => {
      const leases = leasesOn(open(), { leaseDurationMs: 1_500, createHeartbeatBackgroundThread: false });
      const item = await leases.acquireLock({ partitionKey: 'late' });
      expect(await java.acquire('late', { flags: 'wait' })).toMatch(/^java-1\t/);
      expect(await item.close()).toBe(false);
      expect(await leases.getLock('late')).toMatchObject({ ownerName: 'java-1' });
      expect(await java.release('late')).toBe('true');
    });
  });
});
