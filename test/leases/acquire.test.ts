import { getEventListeners } from 'node:events';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { createLocker } from '../../src/index.ts';
import type { AcquireLockOptions, LockNotGrantedError } from '../../src/leases/index.ts';
import { present, type Stage, stage } from './stage.ts';

const events: AcquireLockOptions = { partitionKey: 'events' };
const noHeartbeats = { createHeartbeatBackgroundThread: false };
const atOnce = { shouldSkipBlockingWait: true };

/** A record that was released and kept, with data and attributes. */
async function leaveRecord({ client }: Stage, name: AcquireLockOptions = events): Promise<void> {
  const item = await client({ ownerName: 'former' }).acquireLock({
    ...name,
    data: 'left behind',
    additionalAttributes: { former: true, colour: 'red' },
    deleteLockOnRelease: false,
  });
  expect(await item.close()).toBe(true);
}

describe('what an uncontended lock costs', () => {
  test('one create, one remove', async () => {
    const { client, store } = stage().faultyClient();
    await (await client.acquireLock(events)).close();
    expect(store.calls).toEqual({ read: 0, create: 1, replace: 0, remove: 1 });
  });
});

describe('who has it', () => {
  test.each([undefined, 'row 1'])('39: after an acquire, getLock shows my owner (sort key %s)', async (sortKey) => {
    const { client } = stage();
    const mine = client({ ownerName: 'me' });
    const item = await mine.acquireLock({ partitionKey: 'events', ...(sortKey && { sortKey }) });
    expect(await mine.getLock('events', sortKey)).toBe(item);
    expect(mine.hasLock('events', sortKey)).toBe(true);
    const seen = present(await client().getLock('events', sortKey));
    expect(seen).toMatchObject({ partitionKey: 'events', sortKey, ownerName: 'me', leaseDurationMs: 3_000 });
    expect(seen.isExpired()).toBe(true);
  });

  test('81: the record holds owner, lease, version and data beside the holder, in one text', async () => {
    const { client, record } = stage();
    const item = await client({ ownerName: 'me' }).acquireLock({
      partitionKey: 'seat',
      sortKey: 'A5',
      data: 'Ada',
      additionalAttributes: { paid: false },
    });
    expect(await record('giveway:seat%00A5')).toMatchObject({
      v: 1,
      holders: [{ mode: 'write', job: 'me', ttlMs: 3_000, pid: process.pid }],
      lease: {
        partitionKey: 'seat',
        sortKey: 'A5',
        ownerName: 'me',
        leaseDurationMs: 3_000,
        recordVersionNumber: item.recordVersionNumber,
        data: 'Ada',
        attributes: { paid: false },
      },
    });
  });

  test('63: getLock on nothing is undefined', async () => {
    expect(await stage().client().getLock('nothing')).toBeUndefined();
  });

  test('78: two parts of a name are never taken for one', async () => {
    const { client } = stage();
    const mine = client();
    const names = [
      ['ab', 'c'],
      ['a', 'bc'],
      ['abc'],
      ['a_b'],
      ['a', 'b'],
      ['a:b'],
      ['a%00b'],
      ['["a","b"]'],
      ['a/b'],
      ['A', 'b'],
      ['a', 'wish'],
    ] as const;
    for (const [partitionKey, sortKey] of names) {
      await mine.acquireLock({ partitionKey, ...(sortKey && { sortKey }), ...atOnce });
    }
    const others = client();
    for (const [partitionKey, sortKey] of names)
      expect(await others.tryAcquireLock({ partitionKey, ...(sortKey && { sortKey }), ...atOnce })).toBeUndefined();
  });

  test('any name works or is refused before anything is sent', async () => {
    const { client, store } = stage().faultyClient();
    for (const partitionKey of ['seat A5', 'Zürich 🚋', 'a/b:c%d', '\n', 'x'.repeat(2_000)]) {
      await client.acquireLock({ partitionKey, sortKey: 'y'.repeat(2_000), ...atOnce });
      expect(client.hasLock(partitionKey, 'y'.repeat(2_000))).toBe(true);
    }
    store.resetCalls();
    for (const partitionKey of ['', '\u0000', 'a\ud800', 5 as never, undefined as never])
      await expect(client.acquireLock({ partitionKey })).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'partitionKey' });
    await expect(client.getLock('a', '')).rejects.toMatchObject({ path: 'sortKey' });
    expect(store.calls).toEqual({ read: 0, create: 0, replace: 0, remove: 0 });
  });

  test('namespaces and environments are apart, and a locker of the same namespace is respected both ways', async () => {
    const { client, memory, clock } = stage();
    await client().acquireLock(events);
    expect(await client({ namespace: 'other' }).tryAcquireLock({ ...events, ...atOnce })).toBeDefined();
    expect(await client({ environment: 'staging' }).tryAcquireLock({ ...events, ...atOnce })).toBeDefined();
    const locker = createLocker({ store: memory.connect(), clock, job: 'rollup' });
    expect(await locker.tryLock('events')).toBeUndefined();
    expect(await locker.tryLock({ appends: 'events' })).toBeUndefined();
    expect(await locker.inspect('events')).toMatchObject([{ mode: 'write', state: 'holding' }]);

    const lock = present(await locker.tryLock('visits'));
    const visits = { partitionKey: 'visits', ...atOnce };
    await expect(client().acquireLock(visits)).rejects.toThrow(/held by rollup on/);
    expect(await client().getLock('visits')).toMatchObject({ partitionKey: 'visits', ownerName: 'rollup' });
    await lock.unlock();
    expect(await client().tryAcquireLock(visits)).toBeDefined();
    await locker.close();
  });

  test("no holder's token is printed with the refusal, caught or not", async () => {
    const { client } = stage();
    await client({ ownerName: 'holder' }).acquireLock(events);
    for (const how of [atOnce, { additionalTimeToWaitForLockMs: 0, refreshPeriodMs: 1 }]) {
      const error = await client()
        .acquireLock({ ...events, ...how })
        .catch((reason: unknown) => reason as LockNotGrantedError);
      const token = present((error as LockNotGrantedError).holders[0]).token;
      for (const text of [inspect(error), inspect(error, { customInspect: false, depth: 9 }), JSON.stringify(error)])
        expect(text).not.toContain(token);
    }
  });

  test('a record that cannot be read is held by somebody unknown, and is left alone', async () => {
    const { client, memory } = stage();
    await memory.create('giveway:events', '{"v":2}', 60_000);
    await expect(client().acquireLock({ ...events, ...atOnce })).rejects.toMatchObject({
      name: 'LockCurrentlyUnavailableError',
      holders: [],
    });
    expect(await client().getLock('events')).toMatchObject({ ownerName: 'unknown' });
    expect((await memory.read('giveway:events'))?.value).toBe('{"v":2}');
  });
});

describe('how long it lasts, how long to wait', () => {
  test('41: with heartbeats a lease of 3 s is still refused after 5 s, also to its own client', async () => {
    const { client, clock } = stage();
    const mine = client();
    await mine.acquireLock(events);
    await clock.advance(5_000);
    expect(await client().tryAcquireLock({ ...events, ...atOnce })).toBeUndefined();
    expect(await mine.tryAcquireLock({ ...events, ...atOnce })).toBeUndefined();
  });

  test('42, 87: without heartbeats it is over after its lease, and anybody may have it', async () => {
    const { client, clock } = stage();
    const mine = client(noHeartbeats);
    const item = await mine.acquireLock(events);
    await clock.advance(2_999);
    expect([mine.hasLock('events'), item.isExpired()]).toEqual([true, false]);
    await clock.advance(1);
    expect([mine.hasLock('events'), item.isExpired()]).toEqual([false, true]);
    expect(await client().tryAcquireLock({ ...events, ...atOnce })).toBeDefined();
  });

  test('43: after a release the next attempt succeeds without waiting', async () => {
    const { client } = stage();
    await (await client().acquireLock(events)).close();
    await expect(client().acquireLock({ ...events, additionalTimeToWaitForLockMs: 0 })).resolves.toBeDefined();
  });

  test('58: waiting 5 s takes over a lock of 3 s without heartbeats', async () => {
    const { client, settle } = stage();
    await client(noHeartbeats).acquireLock(events);
    const { outcome, tookMs } = await settle(client().acquireLock({ ...events, additionalTimeToWaitForLockMs: 5_000 }));
    expect(outcome.status).toBe('fulfilled');
    expect(tookMs).toBe(3_000);
  });

  test('a wait is additionalTimeToWaitForLockMs and the lease of the holder, with a look each refreshPeriodMs', async () => {
    const { client, faultyClient, settle } = stage();
    await client({ leaseDurationMs: 5_000 }).acquireLock(events);
    const waiter = faultyClient();
    const { outcome, tookMs } = await settle(
      waiter.client.acquireLock({ ...events, additionalTimeToWaitForLockMs: 2_000, refreshPeriodMs: 500 }),
    );
    expect(outcome).toMatchObject({ reason: { name: 'LockNotGrantedError', code: 'ERR_GIVEWAY_LOCK_NOT_GRANTED' } });
    expect(tookMs).toBeGreaterThanOrEqual(7_000);
    expect(tookMs).toBeLessThan(7_200);
    expect(waiter.store.calls).toMatchObject({ create: 1, replace: 0 });
    expect(waiter.store.calls.read).toBe(16);
  });

  test('75, 83: a holder that renews adds its lease once; whoever waits gets it soon after the release, with its own data', async () => {
    const { client, clock, settle } = stage();
    const item = await client().acquireLock(events);
    const waiting = client().acquireLock({ ...events, additionalTimeToWaitForLockMs: 5_000, data: 'mine' });
    await clock.advance(6_500);
    await item.close();
    const { outcome, tookMs } = await settle(waiting);
    expect(outcome).toMatchObject({ value: { data: 'mine' } });
    expect(tookMs).toBeLessThanOrEqual(1_000);
  });

  test('82: held, with shouldSkipBlockingWait: unavailable at once, and tryAcquireLock says undefined', async () => {
    const { client } = stage();
    await client({ ownerName: 'buyer 1' }).acquireLock(events);
    await expect(client().acquireLock({ ...events, ...atOnce })).rejects.toMatchObject({
      name: 'LockCurrentlyUnavailableError',
      code: 'ERR_GIVEWAY_LOCK_CURRENTLY_UNAVAILABLE',
      message: expect.stringMatching(/"events" is not available: held by buyer 1 on/),
      holders: [{ job: 'buyer 1' }],
    });
    expect(await client().tryAcquireLock({ ...events, ...atOnce })).toBeUndefined();
  });

  test('74: skip-blocking takes what is absent, released, or over', async () => {
    const the = stage();
    const first = await the.client(noHeartbeats).acquireLock({ ...events, ...atOnce, deleteLockOnRelease: false });
    await first.close();
    expect(await the.client(noHeartbeats).tryAcquireLock({ ...events, ...atOnce })).toBeDefined();
    await the.clock.advance(3_001);
    expect(await the.client().tryAcquireLock({ ...events, ...atOnce })).toBeDefined();
  });

  test('74: a takeover that another client wins is unavailable', async () => {
    const the = stage();
    await leaveRecord(the);
    const { client, store } = the.faultyClient();
    const late = store.arm('replace', 'hang-before');
    const losing = client.acquireLock({ ...events, ...atOnce });
    await late.reached;
    await the.client({ ownerName: 'winner' }).acquireLock(events);
    late.release();
    await expect(losing).rejects.toMatchObject({ name: 'LockCurrentlyUnavailableError', holders: [{ job: 'winner' }] });
  });

  test('76: a wait that is given up while the store is asked ends with the answer', async () => {
    const { client, faultyClient } = stage();
    await client().acquireLock(events);
    const waiter = faultyClient();
    const hung = waiter.store.arm('read', 'hang-after');
    const controller = new AbortController();
    const waiting = waiter.client.acquireLock({ ...events, signal: controller.signal });
    await hung.reached;
    controller.abort();
    hung.release();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('76: a lock that comes after its caller gave up is let go, and not given', async () => {
    const { client, faultyClient } = stage();
    const late = faultyClient();
    const hung = late.store.arm('create', 'hang-after');
    const controller = new AbortController();
    const acquiring = late.client.tryAcquireLock({ ...events, signal: controller.signal });
    await hung.reached;
    controller.abort(new Error('enough'));
    hung.release();
    await expect(acquiring).rejects.toMatchObject({ name: 'AbortError', cause: { message: 'enough' } });
    await expect(client().tryAcquireLock({ ...events, ...atOnce })).resolves.toBeDefined();
  });

  test('76: however many wait on one signal, it has one listener, and none once they have ended', async () => {
    const { client, clock } = stage();
    await client().acquireLock(events);
    const waiter = client();
    const { signal } = new AbortController();
    const waiting = Array.from({ length: 20 }, () => waiter.tryAcquireLock({ ...events, signal }));
    await clock.advance(100);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await waiter.close();
    await Promise.allSettled(waiting);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('76: a wait that is given up ends with an AbortError; one that a close ends, with ERR_GIVEWAY_CLOSED', async () => {
    const { client, clock } = stage();
    await client().acquireLock(events);
    const controller = new AbortController();
    const waiting = client().acquireLock({ ...events, signal: controller.signal });
    await clock.advance(100);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
    await expect(client().acquireLock({ ...events, signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });

    const closing = client();
    const ended = closing.acquireLock(events);
    await clock.advance(100);
    await closing.close();
    await expect(ended).rejects.toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
    await expect(closing.acquireLock(events)).rejects.toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
  });
});

describe('a store that does not answer', () => {
  test('72, 73: it always throws, at once, and never says "not granted"', async () => {
    const { client, store } = stage().faultyClient();
    store.arm('every', 'reject-before', { times: Number.POSITIVE_INFINITY });
    for (const asked of [
      client.acquireLock(events),
      client.tryAcquireLock(events),
      client.tryAcquireLock({ ...events, ...atOnce }),
      client.getLock('events'),
    ])
      await expect(asked).rejects.toMatchObject({ name: 'StoreUnavailableError' });
  });

  test('an acquire whose answer was lost is found again by the next one', async () => {
    const the = stage();
    const { client, store } = the.faultyClient();
    store.arm('create', 'reject-after');
    await expect(client.acquireLock(events)).rejects.toMatchObject({ name: 'StoreUnavailableError' });
    expect(client.hasLock('events')).toBe(false);
    const item = await client.acquireLock({ ...events, ...atOnce, data: 'second' });
    expect(item.data).toBe('second');
    expect(await the.client().tryAcquireLock({ ...events, ...atOnce })).toBeUndefined();
    expect(await client.tryAcquireLock({ ...events, ...atOnce })).toBeUndefined();
  });

  test('an answer that comes after the lease is no grant', async () => {
    const the = stage();
    const { client, store } = the.faultyClient();
    store.arm('create', { delayMs: 3_500 });
    const { outcome } = await the.settle(client.acquireLock(events));
    expect(outcome).toMatchObject({ reason: { name: 'LockNotGrantedError', message: expect.stringContaining('after the lease') } });
    expect(await the.record('giveway:events')).toBeUndefined();
  });
});

describe('data and attributes of a released record', () => {
  const variants = [undefined, 'row 1'].flatMap((sortKey) => [true, false].map((update) => ({ sortKey, update })));

  test.each(variants)(
    '44, 46, 50: kept on release: getLock is empty, a raw look shows it released, its data goes on, and nothing of the release stays (%o)',
    async ({ sortKey, update }) => {
      const the = stage();
      const name = { partitionKey: 'events', ...(sortKey && { sortKey }) };
      await leaveRecord(the, name);
      const client = the.client();
      expect(await client.getLock('events', sortKey)).toBeUndefined();
      expect(await client.getLockFromStore(name)).toMatchObject({ ...name, isReleased: true, data: 'left behind', ownerName: 'former' });
      const item = await client.acquireLock({ ...name, replaceData: false, data: 'unused', updateExistingLockRecord: update });
      expect(item.data).toBe('left behind');
      expect(item.isReleased).toBe(false);
      expect(await the.client().getLockFromStore(name)).toMatchObject({ isReleased: false });
    },
  );

  test('49: an update keeps the attributes of a released record, a put does not', async () => {
    const the = stage();
    await leaveRecord(the);
    const updated = await the
      .client()
      .acquireLock({ ...events, updateExistingLockRecord: true, additionalAttributes: { colour: 'blue' }, deleteLockOnRelease: false });
    expect(updated.additionalAttributes).toEqual({ former: true, colour: 'blue' });
    await updated.close();
    const put = await the.client().acquireLock({ ...events, additionalAttributes: { colour: 'green' } });
    expect(put.additionalAttributes).toEqual({ colour: 'green' });
  });

  test('replaceData puts mine, or nothing, in the place of what was there', async () => {
    const the = stage();
    await leaveRecord(the);
    expect((await the.client().acquireLock(events)).data).toBeUndefined();
  });

  test('52: replaceData false without existing data writes mine', async () => {
    const the = stage();
    const first = await the.client().acquireLock({ ...events, replaceData: false, data: 'mine', deleteLockOnRelease: false });
    expect(first.data).toBe('mine');
    await first.close();
    const bare = await the.client().acquireLock({ partitionKey: 'bare', deleteLockOnRelease: false });
    await bare.close();
    expect((await the.client().acquireLock({ partitionKey: 'bare', replaceData: false, data: 'mine' })).data).toBe('mine');
  });

  test('67: text comes back as text, bytes as bytes, attributes as they were, to another client too', async () => {
    const { client } = stage();
    const bytes = Buffer.from([0, 255, 10, 128]);
    const attributes = { seat: { row: 'A', number: 5 }, tags: ['window', null], sold: false };
    await client().acquireLock({ partitionKey: 'a', data: bytes, additionalAttributes: attributes });
    await client().acquireLock({ partitionKey: 'b', data: '' });
    const seen = present(await client().getLock('a'));
    expect(seen.data).toEqual(bytes);
    expect(seen.additionalAttributes).toEqual(attributes);
    expect((await client().getLock('b'))?.data).toBe('');
  });

  test.each([false, true])(
    '45: a released record that changes hands in between is taken as it then is (acquireReleasedLocksConsistently: %s)',
    async (consistently) => {
      const the = stage();
      await leaveRecord(the);
      const { client, store } = the.faultyClient();
      const late = store.arm('replace', 'hang-before');
      const taking = client.acquireLock({ ...events, ...atOnce, replaceData: false, acquireReleasedLocksConsistently: consistently });
      await late.reached;
      await (await the.client().acquireLock({ ...events, data: 'newer', deleteLockOnRelease: false })).close();
      late.release();
      expect((await taking).data).toBe('newer');
    },
  );

  test.each([false, true])('47: a counter in the data counts every round (acquireReleasedLocksConsistently: %s)', async (consistently) => {
    const the = stage();
    const counter: AcquireLockOptions = {
      partitionKey: 'counter',
      replaceData: false,
      data: '0',
      deleteLockOnRelease: false,
      acquireReleasedLocksConsistently: consistently,
      refreshPeriodMs: 50,
      additionalTimeToWaitForLockMs: 60_000,
    };
    const rounds = Array.from({ length: 10 }, async () => {
      const client = the.client();
      for (let round = 0; round < 5; round++) {
        const item = await client.acquireLock(counter);
        await the.memory.read('another turn of the loop');
        await client.releaseLock({ lockItem: item, data: String(Number(item.data) + 1) });
      }
    });
    const { outcome } = await the.settle(Promise.all(rounds));
    expect(outcome.status).toBe('fulfilled');
    expect((await the.client().getLockFromStore({ partitionKey: 'counter' }))?.data).toBe('50');
  });

  const existing: AcquireLockOptions = { ...events, acquireOnlyIfLockAlreadyExists: true };
  test.each([
    {},
    { replaceData: false },
    { updateExistingLockRecord: true },
    { acquireReleasedLocksConsistently: true },
    { data: 'mine' },
    { sortKey: 'row 1' },
  ])('48, 84: acquireOnlyIfLockAlreadyExists: absent is refused when the wait is over, released is granted (%o)', async (variant) => {
    const the = stage();
    const { outcome, tookMs } = await the.settle(the.client().acquireLock({ ...existing, ...variant }));
    expect(outcome).toMatchObject({ reason: { name: 'LockNotGrantedError', message: expect.stringContaining('there is no such lock') } });
    expect(tookMs).toBe(1_000);
    expect(await the.client().getAllLocks().next()).toMatchObject({ done: true });
    await leaveRecord(the, { ...events, ...variant });
    expect(await the.client().tryAcquireLock({ ...existing, ...variant, ...atOnce })).toBeDefined();
  });

  test('48: acquireOnlyIfLockAlreadyExists: a held lock is refused', async () => {
    const the = stage();
    await the.client().acquireLock(events);
    expect(await the.client().tryAcquireLock({ ...existing, ...atOnce })).toBeUndefined();
  });

  test('a released record goes after keepReleasedMs', async () => {
    const the = stage();
    const item = await the.client({ keepReleasedMs: 60_000 }).acquireLock({ ...events, data: 'x', deleteLockOnRelease: false });
    await item.close();
    await the.clock.advance(59_999);
    expect(await the.client().getLockFromStore(events)).toBeDefined();
    await the.clock.advance(1);
    expect(await the.client().getLockFromStore(events)).toBeUndefined();
  });
});

describe('the same client again', () => {
  test('53, 85: not reentrant: refused after the wait; reentrant: the same item, freed by its first release', async () => {
    const the = stage();
    const client = the.client();
    const item = await client.acquireLock(events);
    const { outcome, tookMs } = await the.settle(client.acquireLock(events));
    expect(outcome).toMatchObject({ reason: { name: 'LockNotGrantedError' } });
    expect(tookMs).toBeGreaterThanOrEqual(4_000);
    expect(await client.acquireLock({ ...events, reentrant: true })).toBe(item);
    expect(await item.close()).toBe(true);
    expect(await client.acquireLock({ ...events, reentrant: true })).not.toBe(item);
  });

  test('the end of an old item is not the end of its successor', async () => {
    const the = stage();
    const client = the.client(noHeartbeats);
    const old = await client.acquireLock(events);
    the.clock.block(3_000);
    const next = await client.acquireLock(events);
    expect([old.isExpired(), next.isExpired()]).toEqual([true, false]);
    expect(await old.close()).toBe(false);
    expect(client.hasLock('events')).toBe(true);
  });

  test('53: reentrant does not return what has expired', async () => {
    const the = stage();
    const client = the.client(noHeartbeats);
    const item = await client.acquireLock(events);
    the.clock.block(3_000);
    const next = await client.acquireLock({ ...events, reentrant: true });
    expect(next).not.toBe(item);
    expect([item.isExpired(), next.isExpired()]).toEqual([true, false]);
  });
});
