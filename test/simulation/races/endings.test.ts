/** Each beginning has its end: losses are told, no work starts on what is over, close() leaves nothing to be sent. */
import { expect, test } from '@jest/globals';
import type { LockLostError } from '../../../src/index.ts';
import { stage } from './stage.ts';

test('a lock over two resources that lost the first before it got the second says so, by every way of asking', () =>
  stage('redis', async ({ p1, p2, settle, pass, wire }) => {
    const lost: string[] = [];
    p1.on('lost', ({ resource }) => lost.push(resource));
    await settle(p2.lock({ appends: 'b' }));
    // To join the sharer of `b` takes four requests, each within the deadline, together longer than `a` lives.
    wire((name, { key }) => (name === 'p1' && key.startsWith('giveway:b') ? { thereMs: 140, backMs: 140 } : undefined));
    const both = p1.lock({ writes: 'a', appends: 'b' }, { ttlMs: 1_000, heartbeat: false, retry: { maxWaitMs: 5_000 } });
    await pass(1_010);
    // Another task asks for `a` when its time is over, before `b` has come.
    const other = p1.tryLock('a').then((lock) => lock?.unlock());
    const lock = await settle(both);
    await settle(other);
    await pass(10);
    if (lock.remainingMs() === 0) {
      expect(lock.signal.aborted).toBe(true);
      expect(() => lock.throwIfLost()).toThrow();
      expect(lost).toHaveLength(1);
    } else expect(await settle(p1.inspect('a'))).toHaveLength(1);
    await settle(lock.unlock());
  }));

test.each(['run', 'wrap'] as const)('%s begins no work on a lock whose answer came after its TTL', (how) =>
  stage(
    'redis',
    async ({ p1, settle, wire }) => {
      let late = true;
      wire((_, { what }) => {
        if (what !== 'create' || !late) return undefined;
        late = false;
        return { backMs: 1_500 };
      });
      const begun: boolean[] = [];
      const work = (lock: { readonly signal: AbortSignal }): void => void begun.push(!lock.signal.aborted);
      const options = { ttlMs: 1_000, heartbeat: false, onBusy: 'retry', retry: { maxWaitMs: 5_000 } } as const;
      await settle(how === 'run' ? p1.run('t', work, options) : p1.wrap('t', work, options)());
      expect(begun).not.toContain(false);
    },
    { deadlineMs: 3_000 },
  ),
);

test('an inner run whose outer one ended while it waited begins no work on what the outer one held', () =>
  stage('redis', async ({ p1, p2, settle, pass }) => {
    const other = await settle(p2.lock('b'));
    const begun: boolean[] = [];
    let inner: Promise<unknown> = Promise.resolve();
    await settle(
      p1.run('a', () => {
        inner = p1.run(['a', 'b'], (lock) => void begun.push(!lock.signal.aborted), { onBusy: 'retry', retry: { maxWaitMs: 5_000 } });
      }),
    );
    await pass(100);
    await settle(other.unlock());
    await settle(inner.catch(() => {}));
    expect(begun).not.toContain(false);
  }));

// Seed 349 of the random worlds, by hand: what was gained in part is given back, and then asked for anew.
test.each([1, 3, 5, 7, 9, 11, 13, 15])('close() %s ms after the asking sends all that it has to send before it settles', (afterMs) =>
  stage('memcached', async ({ member, p1, p2, p3, settle, pass, wire }) => {
    const lock = await settle(p2.lock({ writes: 'b', appends: 'e' }));
    wire((name, { key }) => (name === 'p1' && key > 'giveway:b' ? { thereMs: 3, backMs: 3 } : undefined));
    const asking = [
      p1.tryLock(['a', 'b', 'c']),
      p1.lock(['b', 'c', 'd']),
      p1.lock({ appends: ['a', 'e'], writes: 'f' }),
      p1.run(['f', 'b'], () => {}),
      p1.run({ appends: ['d', 'e'] }, () => {}, { onBusy: 'retry' }),
    ].map((promise) => promise.catch(() => {}));
    await pass(afterMs);
    await settle(p1.close());
    const { underWay, requests, subscriptions } = member('p1').connection;
    expect({ underWay, subscriptions, timers: member('p1').process.pendingTimers }).toEqual({ underWay: 0, subscriptions: 0, timers: 0 });
    await settle(Promise.all(asking));
    await pass(1_000);
    expect(member('p1').connection.requests).toBe(requests);
    for (const name of ['a', 'c', 'd', 'f']) expect(await settle(p3.inspect(name))).toEqual([]);
    await settle(lock.unlock());
  }),
);

test.each(['memcached', 'redis', 'postgres', 'momento'] as const)('%s: whoever is closed while it waits keeps nobody out', (kind) =>
  stage(kind, async ({ member, p1, p2, p3, settle, pass }) => {
    const lock = await settle(p2.lock('t'));
    const told = expect(p1.lock('t', { retry: { maxWaitMs: 30_000 } })).rejects.toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
    await pass(1_003);
    await settle(p1.close());
    expect(member('p1').connection.underWay).toBe(0);
    await settle(Promise.all([lock.unlock(), told]));
    const taken = await settle(p3.tryLock('t'));
    expect(taken).toBeDefined();
    await settle(taken?.unlock() ?? Promise.resolve(true));
  }),
);

test('a loss that is told by the signal is told by throwIfLost and by the event', () =>
  stage('memcached', async ({ world, p1, settle, pass }) => {
    const told: string[] = [];
    p1.on('lost', ({ reason }) => told.push(reason));
    const lock = await settle(p1.lock(['a', 'b'], { ttlMs: 1_000 }));
    world.backend.forget('giveway:b');
    await pass(1_000);
    expect(lock.signal.aborted).toBe(true);
    expect((lock.signal.reason as LockLostError).reason).toBe('vanished');
    expect(() => lock.throwIfLost()).toThrow();
    expect(told).toEqual(['vanished']);
    expect(await settle(lock.unlock())).toBe(false);
  }));

// Seed 24953 of the random worlds.
test('restore() that lost one resource before it got the other one says so, and keeps nothing', () =>
  stage('momento', async ({ member, p1, p2, p3, handOver, settle, pass, wire }) => {
    const handed = await handOver(await settle(p1.lock(['a', 'b'], { ttlMs: 5_000 })));
    wire((name, { key, what }) => (name === 'p2' && key === 'giveway:b' && what === 'read' ? { backMs: 20 } : undefined));
    const told = expect(p2.restore({ ...handed, ttlMs: 1_000 })).rejects.toMatchObject({ resource: 'a', reason: 'expired' });
    await pass(10);
    member('p2').process.stall(2_000);
    await pass(2_100);
    await settle(told);
    for (const name of ['a', 'b']) expect(await settle(p3.tryLock(name))).toBeDefined();
  }));

// Seed 57679 of the random worlds.
test('close() between an unanswered request and the next attempt is the end of the asking', () =>
  stage('memcached', async ({ member, p1, p2, settle, pass, wire }) => {
    const lock = await settle(p2.lock(['b', 'c']));
    wire((name, { key, what }) => (name === 'p1' && key === 'giveway:b' && what === 'read' ? { what: 'never' } : undefined));
    const told = expect(p1.lock(['b', 'c'], { onStoreDown: 'run' })).rejects.toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
    await pass(100);
    await settle(p1.close());
    const { requests, underWay } = member('p1').connection;
    expect(underWay).toBe(0);
    await settle(told);
    await pass(1_000);
    expect(member('p1').connection.requests).toBe(requests);
    await settle(lock.unlock());
  }));

// Seed 51228 of the random worlds.
test('whoever was closed while it gave back what it had is not given a lock without protection', () =>
  stage('memcached', async ({ p1, settle, pass, wire }) => {
    let acquired = 0;
    p1.on('acquired', () => acquired++);
    wire((_, { key, what }) => (key === 'giveway:a' ? { what: 'refused' } : what === 'remove' ? { backMs: 100 } : undefined));
    const told = expect(p1.lock(['a', 'b'], { onStoreDown: 'run' })).rejects.toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
    await pass(50);
    await settle(p1.close());
    await settle(told);
    expect(acquired).toBe(0);
  }));

// Seed 199866 of the random worlds.
test('close() waits for what an answer sets off, also where nothing else was left to be done', () =>
  stage(
    'momento',
    async ({ member, p1, p2, settle, pass, wire }) => {
      const lock = await settle(p2.lock('a'));
      wire((name, { key, what }) => (name === 'p1' && key === 'giveway:a' && what === 'read' ? { backMs: 1_500 } : undefined));
      const told = expect(p1.lock(['a', 'b'], { ttlMs: 1_000, heartbeat: false })).rejects.toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
      await pass(1_200);
      await settle(p1.close());
      const { requests, underWay } = member('p1').connection;
      expect(underWay).toBe(0);
      await settle(told);
      await pass(100);
      expect(member('p1').connection.requests).toBe(requests);
      await settle(lock.unlock());
    },
    { deadlineMs: 3_000 },
  ));

// Seed 234239 of the random worlds.
test('handOver() of a lock over two resources that lost one of them leaves no entry behind', () =>
  stage('memcached', async ({ world, p1, p2, settle, pass }) => {
    const both = await settle(p1.lock({ appends: ['a', 'b'] }, { ttlMs: 30_000 }));
    const beside = await settle(p1.lock({ appends: ['a', 'b'] }, { ttlMs: 30_000 }));
    world.backend.forget('giveway:b');
    await expect(settle(both.handOver())).rejects.toMatchObject({ code: 'ERR_GIVEWAY_LOCK_LOST' });
    await settle(beside.unlock());
    await pass(10);
    expect(await settle(p2.tryLock('a'))).toBeDefined();
  }));

// Seed 270287 of the random worlds.
test('close() waits for what a hand-over in vain takes back', () =>
  stage('redis', async ({ member, p1, settle, pass, wire }) => {
    const both = await settle(p1.lock({ appends: ['a', 'b'] }, { ttlMs: 30_000 }));
    await settle(p1.lock({ appends: 'b' }, { ttlMs: 30_000 }));
    const released: string[] = [];
    p1.on('released', ({ release }) => released.push(release));
    wire((_, { key, what }) => (key === 'giveway:b' && what === 'replace' ? { what: 'refused', backMs: 100 } : undefined));
    const told = expect(both.handOver()).rejects.toMatchObject({ code: 'ERR_GIVEWAY_STORE_UNAVAILABLE' });
    await pass(20);
    await settle(p1.close());
    const { requests, underWay } = member('p1').connection;
    expect({ underWay, isTold: released.includes('not-ours') }).toEqual({ underWay: 0, isTold: true });
    await settle(told);
    await pass(1_000);
    expect(member('p1').connection.requests).toBe(requests);
  }));

// Seed 852557 of the random worlds.
test('a lock that is let go after its TTL lets in whoever has lined up behind what is left of it', () =>
  stage('memcached', async ({ p1, p2, settle, pass }) => {
    const lock = await settle(p1.lock('t', { ttlMs: 1_000, heartbeat: false }));
    const waiting = p2.lock('t', { retry: { maxDelayMs: 100 } });
    await pass(1_010);
    await settle(lock.unlock());
    expect(await settle(p1.inspect('t'))).toMatchObject([{ pid: expect.any(Number) }]);
    await settle((await settle(waiting, 200)).unlock());
  }));
