import { describe, expect, jest, test } from '@jest/globals';
import { createLocker, LockLostError } from '../../src/index.ts';
import type { AcquireLockOptions } from '../../src/leases/index.ts';
import { present, stage } from './stage.ts';

const events: AcquireLockOptions = { partitionKey: 'events' };
const noHeartbeats = { createHeartbeatBackgroundThread: false };
const atOnce = { shouldSkipBlockingWait: true };

describe('heartbeats', () => {
  test('86: one starts the lease anew, with a new version', async () => {
    const { client, clock } = stage();
    const item = await client(noHeartbeats).acquireLock(events);
    const { lookupTimeMs, recordVersionNumber } = item;
    await clock.advance(2_000);
    await item.sendHeartBeat();
    expect(item.lookupTimeMs).toBe(lookupTimeMs + 2_000);
    expect(item.recordVersionNumber).not.toBe(recordVersionNumber);
    await clock.advance(2_000);
    expect(item.isExpired()).toBe(false);
    expect(await client().tryAcquireLock({ ...events, ...atOnce })).toBeUndefined();
  });

  test('the lease counts from before the request, on the clock that is further ahead', async () => {
    const { faultyClient, clock } = stage();
    const { client, store } = faultyClient(noHeartbeats);
    const item = await client.acquireLock(events);
    store.arm('replace', { delayMs: 800 });
    const beating = item.sendHeartBeat();
    await clock.advance(800);
    await beating;
    await clock.advance(2_199);
    expect(item.isExpired()).toBe(false);
    clock.suspend(1);
    expect(item.isExpired()).toBe(true);
  });

  test('54: it keeps, changes or removes the data, and the item follows', async () => {
    const { client } = stage();
    const mine = client();
    const item = await mine.acquireLock({ ...events, data: 'first', additionalAttributes: { kept: 1 } });
    const seen = async () => present(await client().getLock('events'));
    await mine.sendHeartbeat(item);
    expect([item.data, (await seen()).data]).toEqual(['first', 'first']);
    await mine.sendHeartbeat({ lockItem: item, data: 'second' });
    expect([item.data, (await seen()).data]).toEqual(['second', 'second']);
    expect((await seen()).recordVersionNumber).toBe(item.recordVersionNumber);
    await mine.sendHeartbeat({ lockItem: item, deleteData: true });
    expect([item.data, (await seen()).data]).toEqual([undefined, undefined]);
    expect((await seen()).additionalAttributes).toEqual({ kept: 1 });
    await expect(mine.sendHeartbeat({ lockItem: item, data: 'x', deleteData: true })).rejects.toMatchObject({
      name: 'InvalidOptionError',
      path: 'deleteData',
    });
  });

  test('55, 62: refused when expired, released, or held by another client', async () => {
    const { client, clock, record } = stage();
    const mine = client(noHeartbeats);
    const expired = await mine.acquireLock(events);
    await clock.advance(3_000);
    await expect(expired.sendHeartBeat()).rejects.toMatchObject({
      name: 'LockNotGrantedError',
      message: expect.stringContaining('deadline passed'),
    });

    const released = await mine.acquireLock(events);
    await released.close();
    await expect(released.sendHeartBeat()).rejects.toMatchObject({
      name: 'LockNotGrantedError',
      message: expect.stringContaining('released'),
    });

    const theirs = await client({ ownerName: mine.ownerName }).acquireLock(events);
    const before = await record('giveway:events');
    for (const item of [theirs, present(await mine.getLock('events'))]) {
      await expect(mine.sendHeartbeat(item)).rejects.toMatchObject({ name: 'LockNotGrantedError' });
      await expect(mine.releaseLock(item)).resolves.toBe(false);
    }
    expect(await record('giveway:events')).toEqual(before);
  });

  test('one whose answer was lost is recognised by the next: a healthy holder goes on', async () => {
    const { faultyClient } = stage();
    const { client, store } = faultyClient(noHeartbeats);
    const item = await client.acquireLock(events);
    store.arm('replace', 'reject-after');
    await expect(client.sendHeartbeat({ lockItem: item, data: 'lost' })).rejects.toMatchObject({ name: 'StoreUnavailableError' });
    await client.sendHeartbeat({ lockItem: item, data: 'found' });
    expect(item.data).toBe('found');
    expect(await item.close()).toBe(true);
  });

  test('56: an unavailable store: an exception, and the local time stays', async () => {
    const { faultyClient, clock } = stage();
    const { client, store } = faultyClient(noHeartbeats);
    const item = await client.acquireLock(events);
    const { lookupTimeMs } = item;
    await clock.advance(1_000);
    store.arm('replace', 'reject-before');
    await expect(item.sendHeartBeat()).rejects.toMatchObject({ name: 'StoreUnavailableError' });
    expect(item.lookupTimeMs).toBe(lookupTimeMs);
  });

  test('56: with holdLockOnServiceUnavailable the local time goes on, the version stays; a thief is noticed when the store is back', async () => {
    const { faultyClient, client: other, clock } = stage();
    const { client, store } = faultyClient({ holdLockOnServiceUnavailable: true });
    const item = await client.acquireLock(events);
    const { recordVersionNumber } = item;
    store.arm('every', 'reject-before', { times: Number.POSITIVE_INFINITY });
    await clock.advance(10_000);
    expect([item.isExpired(), item.recordVersionNumber, item.lookupTimeMs]).toEqual([false, recordVersionNumber, 10_000]);
    await other().acquireLock({ ...events, ...atOnce });
    store.disarm();
    await clock.advance(1_000);
    expect(item.signal?.reason).toMatchObject({ reason: 'stolen' });
    expect(client.hasLock('events')).toBe(false);
  });

  test("71: two of three locks' heartbeats throw: all are beaten at least four times in five periods", async () => {
    const { faultyClient, clock } = stage();
    const { client, store } = faultyClient({ leaseDurationMs: 20_000 });
    for (const partitionKey of ['a', 'b', 'c']) await client.acquireLock({ partitionKey });
    const beats: Record<string, number> = { a: 0, b: 0, c: 0 };
    const failing = (partitionKey: string) => (key: string) => {
      if (key !== `giveway:${partitionKey}`) return false;
      beats[partitionKey] = (beats[partitionKey] ?? 0) + 1;
      return true;
    };
    store.arm('replace', 'reject-before', { times: Number.POSITIVE_INFINITY, key: failing('a') });
    store.arm('replace', 'reject-before', { times: Number.POSITIVE_INFINITY, key: failing('b') });
    store.arm('replace', { delayMs: 1 }, { times: Number.POSITIVE_INFINITY, key: failing('c') });
    await clock.advance(5_000);
    expect(Math.min(...Object.values(beats))).toBeGreaterThanOrEqual(4);
    expect(['a', 'b', 'c'].map((partitionKey) => client.hasLock(partitionKey))).toEqual([true, true, true]);
  });

  test('beats of one lock never overlap, and one that hangs does not hold back the others', async () => {
    const { faultyClient, clock } = stage();
    const { client, store } = faultyClient({ leaseDurationMs: 20_000 });
    await client.acquireLock({ partitionKey: 'slow', sessionMonitor: { safeTimeWithoutHeartbeatMs: 2_500 } });
    const quick = await client.acquireLock({ partitionKey: 'quick' });
    const hung = store.arm('replace', 'hang-before', { times: Number.POSITIVE_INFINITY, key: (key) => key === 'giveway:slow' });
    await clock.advance(5_000);
    expect(store.calls.replace).toBe(1 + 5);
    expect(quick.lookupTimeMs).toBeGreaterThanOrEqual(5_000);
    hung.disarm();
    await clock.advance(0);
    expect(store.calls.replace).toBe(1 + 5);
    expect(client.hasLock('slow')).toBe(true);
  });

  test('a release waits for the heartbeat under way, and none follows it', async () => {
    const { faultyClient, clock, record } = stage();
    const { client, store } = faultyClient();
    const item = await client.acquireLock(events);
    const hung = store.arm('replace', 'hang-after');
    await clock.advance(1_000);
    await hung.reached;
    const releasing = item.close();
    hung.release();
    expect(await releasing).toBe(true);
    expect(await record('giveway:events')).toBeUndefined();
    store.resetCalls();
    await clock.advance(10_000);
    expect(store.calls).toEqual({ read: 0, create: 0, replace: 0, remove: 0 });
  });

  test('no timer of a client keeps the process alive', async () => {
    const { client, clock } = stage();
    const mine = client();
    await mine.acquireLock({ ...events, sessionMonitor: { safeTimeWithoutHeartbeatMs: 2_000 } });
    expect(clock.keepAliveTimers).toBe(0);
    await mine.close();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('losing it', () => {
  test('the signal aborts by the deadline and says why: expired, unreachable, stolen, vanished', async () => {
    const { faultyClient, clock, memory, record } = stage();
    const reasons: unknown[] = [];
    const lose = async (options: object, how: (of: ReturnType<typeof faultyClient>) => unknown): Promise<void> => {
      const made = faultyClient(options);
      const { signal } = await made.client.acquireLock(events);
      expect(signal?.aborted).toBe(false);
      signal?.addEventListener('abort', () => reasons.push((signal.reason as LockLostError).reason));
      await how(made);
      await clock.advance(3_000);
      expect(signal?.reason).toBeInstanceOf(LockLostError);
      expect(made.client.hasLock('events')).toBe(false);
      const left = await memory.read('giveway:events');
      if (left !== undefined) await memory.remove('giveway:events', left.version);
    };
    await lose(noHeartbeats, () => {});
    await lose({}, ({ store }) => store.arm('every', 'reject-before', { times: Number.POSITIVE_INFINITY }));
    await lose({}, async () => {
      const entry = present(await memory.read('giveway:events'));
      const thief = JSON.stringify({ ...(await record('giveway:events')), holders: [] });
      await memory.replace('giveway:events', thief, entry.version, 60_000);
    });
    await lose({}, async () => memory.remove('giveway:events', present(await memory.read('giveway:events')).version));
    expect(reasons).toEqual(['expired', 'unreachable', 'stolen', 'vanished']);
  });

  test('a process that was stopped sees it at the first look, before any timer', async () => {
    const { client, clock } = stage();
    const item = await client().acquireLock(events);
    clock.block(3_000);
    expect([item.signal?.aborted, item.isExpired()]).toEqual([true, true]);
  });

  test('a heartbeat that comes back after the deadline revives nothing', async () => {
    const { faultyClient, clock } = stage();
    const { client, store } = faultyClient(noHeartbeats);
    const item = await client.acquireLock(events);
    const hung = store.arm('replace', 'hang-after');
    const beating = item.sendHeartBeat();
    await hung.reached;
    clock.suspend(3_000);
    hung.release();
    await expect(beating).rejects.toMatchObject({ name: 'LockNotGrantedError' });
    expect(item.isExpired()).toBe(true);
    expect(await item.close()).toBe(true);
  });
});

describe('ensure', () => {
  test('65: nothing while more is left; else that lease, also a shorter one', async () => {
    const { client, clock, memory } = stage();
    const item = await client(noHeartbeats).acquireLock(events);
    const first = item.recordVersionNumber;
    await item.ensure(1_000);
    expect([item.recordVersionNumber, item.leaseDurationMs]).toEqual([first, 3_000]);
    await item.ensure(4_000);
    expect(item.leaseDurationMs).toBe(4_000);
    expect(item.recordVersionNumber).not.toBe(first);
    await clock.advance(2_500);
    await item.ensure(2_000);
    expect(item.leaseDurationMs).toBe(2_000);
    await clock.advance(1_999);
    expect(item.isExpired()).toBe(false);
    await clock.advance(1);
    expect(item.isExpired()).toBe(true);
    expect(await memory.read('giveway:events')).toBeUndefined();
    await expect(item.ensure(1_000)).rejects.toMatchObject({ name: 'LockNotGrantedError' });
    await expect(item.ensure(5)).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'leaseDurationMs' });
  });

  test('what was ensured is not cut short by the next heartbeat', async () => {
    const { client, clock } = stage();
    const mine = client();
    const item = await mine.acquireLock(events);
    await mine.sendHeartbeat({ lockItem: item, leaseDurationToEnsureMs: 10_000 });
    await clock.advance(1_500);
    expect(item.lookupTimeMs).toBeGreaterThan(900);
    clock.block(8_000);
    expect(item.isExpired()).toBe(false);
  });

  test('a lease shorter than the period is beaten in time', async () => {
    const { client, clock } = stage();
    const mine = client({ leaseDurationMs: 20_000, heartbeatPeriodMs: 10_000 });
    const item = await mine.acquireLock(events);
    await mine.sendHeartbeat({ lockItem: item, leaseDurationToEnsureMs: 2_000 });
    await clock.advance(5_000);
    expect(item.isExpired()).toBe(false);
  });
});

describe('the danger zone', () => {
  const safeTime = { safeTimeWithoutHeartbeatMs: 2_000 };

  test('68: without a monitor the question throws, with one it answers', async () => {
    const { client, clock } = stage();
    const bare = await client().acquireLock(events);
    expect(() => bare.amIAboutToExpire()).toThrow(expect.objectContaining({ name: 'SessionMonitorNotSetError' }));
    const watched = await client(noHeartbeats).acquireLock({ partitionKey: 'watched', sessionMonitor: safeTime });
    await clock.advance(1_999);
    expect(watched.amIAboutToExpire()).toBe(false);
    await clock.advance(1);
    expect(watched.amIAboutToExpire()).toBe(true);
    await watched.close();
    expect(() => watched.amIAboutToExpire()).toThrow(/released/);
  });

  test.each([0, 5])('69: after %i heartbeats the callback comes once, while the lock still lives', async (heartbeats) => {
    const { client, clock } = stage();
    const seen: boolean[][] = [];
    const item = await client(noHeartbeats).acquireLock({
      ...events,
      sessionMonitor: { ...safeTime, callback: () => seen.push([item.amIAboutToExpire(), item.isExpired()]) },
    });
    for (let beat = 0; beat < heartbeats; beat++) {
      await clock.advance(1_500);
      await item.sendHeartBeat();
    }
    expect(seen).toEqual([]);
    await clock.advance(2_100);
    expect(seen).toEqual([[true, false]]);
    await item.sendHeartBeat();
    await clock.advance(10_000);
    expect(seen).toHaveLength(1);
  });

  test('69: heartbeats go on meanwhile; a callback that throws harms nobody', async () => {
    const { faultyClient, clock } = stage();
    const { client, store } = faultyClient();
    const callback = jest.fn(() => {
      store.disarm();
      throw new Error('of the caller');
    });
    const item = await client.acquireLock({ ...events, sessionMonitor: { ...safeTime, callback } });
    store.arm('replace', 'reject-before', { times: Number.POSITIVE_INFINITY });
    await clock.advance(10_000);
    expect(callback).toHaveBeenCalledTimes(1);
    expect(item.isExpired()).toBe(false);
  });

  test('70: no callback after a release or a close of the client', async () => {
    const { client, clock } = stage();
    const callback = jest.fn();
    const mine = client(noHeartbeats);
    const sessionMonitor = { ...safeTime, callback };
    await (await mine.acquireLock({ partitionKey: 'a', sessionMonitor })).close();
    await mine.acquireLock({ partitionKey: 'b', sessionMonitor });
    await mine.close();
    await clock.advance(10_000);
    expect(callback).not.toHaveBeenCalled();
  });
});

describe('letting go', () => {
  test('60: theft: B takes what A let expire; A is told, and cannot release it', async () => {
    const { client, clock } = stage();
    const a = client(noHeartbeats);
    const lost = await a.acquireLock({ ...events, data: 'of A' });
    await clock.advance(3_000);
    const b = client({ ownerName: 'B' });
    await b.acquireLock({ ...events, ...atOnce, data: 'of B' });
    expect(await a.releaseLock(lost)).toBe(false);
    expect(await a.releaseLock({ lockItem: lost, deleteLock: false })).toBe(false);
    await expect(a.sendHeartbeat(lost)).rejects.toMatchObject({ name: 'LockNotGrantedError' });
    expect(await client().getLock('events')).toMatchObject({ ownerName: 'B', data: 'of B' });
    expect(b.hasLock('events')).toBe(true);
  });

  test('61: expired in the holder’s eyes and still in the store: released', async () => {
    const { client, clock, record } = stage();
    const item = await client(noHeartbeats).acquireLock(events);
    clock.suspend(5_000);
    expect(item.isExpired()).toBe(true);
    expect(await item.close()).toBe(true);
    expect(await record('giveway:events')).toBeUndefined();
  });

  test('a release that finds it gone is false, and the signal says nothing after a release', async () => {
    const { faultyClient, memory } = stage();
    const { client, store } = faultyClient();
    const item = await client.acquireLock(events);
    const { signal } = item;
    await memory.remove('giveway:events', present(await memory.read('giveway:events')).version);
    expect(await item.close()).toBe(false);
    expect(signal?.aborted).toBe(false);
    store.resetCalls();
    expect(await item.close()).toBe(false);
    expect(store.calls).toEqual({ read: 0, create: 0, replace: 0, remove: 0 });
  });

  test('a second release is false', async () => {
    const item = await stage().client().acquireLock(events);
    expect([await item.close(), await item.close()]).toEqual([true, false]);
  });

  test('57: a store that does not answer: bestEffort says true, else it throws and may be asked again', async () => {
    const { faultyClient, clock, record } = stage();
    const { client, store } = faultyClient();
    const first = await client.acquireLock(events);
    store.arm('remove', 'reject-before');
    expect(await client.releaseLock({ lockItem: first, bestEffort: true })).toBe(true);
    await clock.advance(3_000);
    expect(await record('giveway:events')).toBeUndefined();

    const second = await client.acquireLock(events);
    store.arm('remove', 'reject-before');
    await expect(second.close()).rejects.toMatchObject({ name: 'StoreUnavailableError' });
    expect(client.hasLock('events')).toBe(false);
    expect(await second.close()).toBe(true);
  });

  test('51: data outlives the client with deleteLockOnRelease false; else it is gone', async () => {
    const { client } = stage();
    const mine = client();
    await mine.acquireLock({ partitionKey: 'kept', data: 'x', deleteLockOnRelease: false });
    await mine.acquireLock({ partitionKey: 'gone', data: 'x' });
    await mine.close();
    expect(await client().getLockFromStore({ partitionKey: 'kept' })).toMatchObject({ data: 'x', isReleased: true });
    expect(await client().getLockFromStore({ partitionKey: 'gone' })).toBeUndefined();
  });

  test('deleteLock of the release wins over the item; data goes only with a record that is kept', async () => {
    const { client } = stage();
    const mine = client();
    const item = await mine.acquireLock(events);
    await expect(mine.releaseLock({ lockItem: item, data: 'x' })).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'data' });
    await mine.releaseLock({ lockItem: item, deleteLock: false, data: 'last words' });
    expect(await client().getLockFromStore(events)).toMatchObject({ data: 'last words', isReleased: true });
    const kept = await mine.acquireLock({ ...events, deleteLockOnRelease: false });
    await mine.releaseLock({ lockItem: kept, deleteLock: true });
    expect(await client().getLockFromStore(events)).toBeUndefined();
  });

  test('64: close releases all three, also when one release fails, and never rejects', async () => {
    const { faultyClient, client: other } = stage();
    const { client, store } = faultyClient();
    for (const partitionKey of ['a', 'b', 'c']) await client.acquireLock({ partitionKey });
    store.arm('remove', 'reject-before', { key: (key) => key === 'giveway:a' });
    await client.close();
    const taken = await Promise.all(['a', 'b', 'c'].map((partitionKey) => other().tryAcquireLock({ partitionKey, ...atOnce })));
    expect(taken.map(Boolean)).toEqual([false, true, true]);
  });

  test('an acquire that is answered after the close gives back what it got, before the close is over', async () => {
    const { faultyClient, record } = stage();
    const { client, store } = faultyClient();
    const hung = store.arm('create', 'hang-after');
    const acquiring = client.acquireLock(events);
    await hung.reached;
    const closing = client.close();
    hung.release();
    await expect(acquiring).rejects.toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
    await closing;
    expect(await record('giveway:events')).toBeUndefined();
  });

  test('when a close is over nothing is under way: no acquire, and no release that somebody else began', async () => {
    const { faultyClient, record } = stage();
    const { client, store } = faultyClient();
    const item = await client.acquireLock(events);
    const hungRelease = store.arm('remove', 'hang-before');
    const hungCreate = store.arm('create', 'hang-after');
    const others = Promise.allSettled([item.close(), client.acquireLock({ partitionKey: 'visits' })]);
    await Promise.all([hungRelease.reached, hungCreate.reached]);
    const closing = client.close();
    setImmediate(() => {
      hungRelease.release();
      hungCreate.release();
    });
    await closing;
    expect([await record('giveway:events'), await record('giveway:visits')]).toEqual([undefined, undefined]);
    await others;
  });

  test('a close tells the work under each lock, before the store is asked, and a heartbeat under way does not keep the lock', async () => {
    const { faultyClient, client: other, clock } = stage();
    const { client, store } = faultyClient();
    const item = await client.acquireLock(events);
    const hung = store.arm('replace', 'hang-after');
    await clock.advance(1_000);
    await hung.reached;
    const closing = client.close();
    expect(item.signal?.reason).toMatchObject({ name: 'LockLostError', reason: 'closed' });
    hung.release();
    await closing;
    expect(await other().tryAcquireLock({ ...events, ...atOnce })).toBeDefined();
  });

  test('await using releases', async () => {
    const { client } = stage();
    const item = await client().acquireLock(events);
    await item[Symbol.asyncDispose]();
    expect(item.isReleased).toBe(true);
    const mine = client();
    await mine.acquireLock(events);
    await mine[Symbol.asyncDispose]();
    expect(await client().getLock('events')).toBeUndefined();
  });

  test('a locker may take a released record; its data goes with it', async () => {
    const { client, memory, clock } = stage();
    await (await client().acquireLock({ ...events, data: 'x', deleteLockOnRelease: false })).close();
    const locker = createLocker({ store: memory.connect(), clock });
    const lock = present(await locker.tryLock('events'));
    expect(await client().tryAcquireLock({ ...events, ...atOnce })).toBeUndefined();
    await lock.unlock();
    expect(await client().getLockFromStore(events)).toBeUndefined();
    await locker.close();
  });
});
