import { afterEach, describe, expect, test } from '@jest/globals';
import { ResourceBusyError, type ResourceLocker } from '../../src/index.ts';
import { type FaultyStore, fakeClock } from '../../src/testing/index.ts';
import { until } from '../../src/testing/waiting.ts';
import { closeAll, fleet, lineOf, sum, untilInLine } from './fleet.ts';

afterEach(closeAll);

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

describe.each([false, true])('P5: no mode starves another (push: %s)', (push) => {
  test('a stream of appends does not starve a writer', async () => {
    const { lockers } = fleet(4, {}, push);
    const writer = lockers[3] as ResourceLocker;
    let streaming = true;
    let appends = 0;
    const streams = lockers.slice(0, 3).flatMap((locker) =>
      [1, 2, 3].map(async () => {
        while (streaming) {
          await locker.run({ appends: 'events' }, () => pause(3), { onBusy: 'retry' });
          appends++;
        }
      }),
    );
    for (let round = 0; round < 5; round++)
      await expect(writer.run('events', () => round, { onBusy: 'retry' })).resolves.toMatchObject({ status: 'ran', value: round });
    const before = appends;
    await until('the stream goes on', () => appends > before);
    streaming = false;
    await Promise.all(streams);
  });

  test('a stream of writers does not starve an append', async () => {
    const { lockers } = fleet(4, {}, push);
    const appender = lockers[3] as ResourceLocker;
    let streaming = true;
    const streams = lockers.slice(0, 3).flatMap((locker) =>
      [1, 2].map(async () => {
        while (streaming) await locker.run('events', () => pause(3), { onBusy: 'retry' });
      }),
    );
    for (let round = 0; round < 5; round++)
      await expect(appender.run({ appends: 'events' }, () => round, { onBusy: 'retry' })).resolves.toMatchObject({ status: 'ran' });
    streaming = false;
    await Promise.all(streams);
  });
});

describe('the line', () => {
  test('is served in its order, and shown with places', async () => {
    const { lockers } = fleet(5);
    const [holder, ...others] = lockers as [ResourceLocker, ...ResourceLocker[]];
    const lock = await holder.lock('events', { job: 'holder' });
    const served: string[] = [];
    const runs: Promise<unknown>[] = [];
    for (const [index, locker] of others.entries()) {
      const job = `job ${index + 1}`;
      runs.push(locker.run('events', () => void served.push(job), { onBusy: 'retry', job }));
      await untilInLine(holder, 'events', index + 1);
    }
    expect((await holder.inspect('events')).map(({ job, state, place }) => [job, state, place])).toEqual([
      ['holder', 'holding', undefined],
      ['job 1', 'waiting', 1],
      ['job 2', 'waiting', 2],
      ['job 3', 'waiting', 3],
      ['job 4', 'waiting', 4],
    ]);
    await lock.unlock();
    await Promise.all(runs);
    expect(served).toEqual(['job 1', 'job 2', 'job 3', 'job 4']);
  });

  test('a refusal tells who waits already, and at which place', async () => {
    const { lockers } = fleet(3);
    const [a, b, c] = lockers as [ResourceLocker, ResourceLocker, ResourceLocker];
    const lock = await a.lock('events', { job: 'holder' });
    const waiting = b.lock('events', { job: 'first' });
    await untilInLine(a, 'events', 1);
    const error = (await c.lock('events', { retry: { maxWaitMs: 20 } }).catch((reason: unknown) => reason)) as ResourceBusyError;
    expect(error.holders).toMatchObject([
      { job: 'holder', state: 'holding' },
      { job: 'first', state: 'waiting', place: 1 },
    ]);
    expect(error.message).toContain('in line at place 1');
    await lock.unlock();
    await (await waiting).unlock();
  });

  test('while a writer waits, nobody joins the sharers, and past its turn not the holder itself', async () => {
    const clock = fakeClock();
    const { lockers } = fleet(3, { clock });
    const [a, b, writer] = lockers as [ResourceLocker, ResourceLocker, ResourceLocker];
    const append = await a.lock({ appends: 'events' });
    const write = writer.lock('events', { job: 'writer' });
    await clock.advance(64);
    expect(await lineOf(b, 'events')).toEqual(['writer']);
    expect(await b.tryLock({ appends: 'events' })).toBeUndefined();
    expect(await a.tryLock({ appends: 'events' })).toBeUndefined();
    await append.unlock();
    await clock.advance(1_000);
    await (await write).unlock();
    expect(await b.inspect('events')).toEqual([]);
    expect(await (await b.lock({ appends: 'events' })).unlock()).toBe(true);
  });

  test.each([
    ['once it has let go', false],
    ['while it lets go, its turn being over', true],
  ])('whoever comes straight back %s goes behind those who wait', async (_, atOnce) => {
    const clock = fakeClock();
    const { lockers } = fleet(2, { clock });
    const [back, waiter] = lockers as [ResourceLocker, ResourceLocker];
    const order: string[] = [];
    const first = await back.lock('events');
    const waited = waiter.run('events', () => void order.push('waiter'), { onBusy: 'retry' });
    await clock.advance(64);
    const unlocked = first.unlock();
    if (!atOnce) expect(await unlocked).toBe(true);
    const again = back.run('events', () => void order.push('back'), { onBusy: 'retry' });
    await clock.advance(1_000);
    await Promise.all([unlocked, again, waited]);
    expect(order).toEqual(['waiter', 'back']);
  });

  test('whoever gives up leaves it, and those behind move up', async () => {
    const { lockers } = fleet(3);
    const [holder, leaver, stayer] = lockers as [ResourceLocker, ResourceLocker, ResourceLocker];
    const lock = await holder.lock('events');
    const leaving = new AbortController();
    const left = leaver.lock('events', { job: 'leaves', signal: leaving.signal });
    await untilInLine(holder, 'events', 1);
    const stays = stayer.lock('events', { job: 'stays' });
    await untilInLine(holder, 'events', 2);
    leaving.abort();
    await expect(left).rejects.toMatchObject({ name: 'AbortError' });
    await until('it is out of the line', async () => (await lineOf(holder, 'events')).join() === 'stays');
    await lock.unlock();
    expect(await (await stays).unlock()).toBe(true);
  });

  test("whoever comes and goes changes nothing about the holder's entry and its life, and the holder still lets go", async () => {
    const clock = fakeClock();
    const { lockers, stores } = fleet(2, { clock, heartbeat: false, ttlMs: 5_000 });
    const [holder, waiter] = lockers as [ResourceLocker, ResourceLocker];
    const lock = await holder.lock({ appends: 'events' });
    const before = await holder.inspect('events');
    const waited = waiter.lock('events', { retry: { maxWaitMs: 80, delayMs: 5 } }).catch((error: unknown) => error);
    await clock.advance(60);
    expect(await holder.inspect('events')).toHaveLength(2);
    await clock.advance(60);
    expect(await waited).toBeInstanceOf(ResourceBusyError);
    expect(await holder.inspect('events')).toEqual(before);
    stores[0]?.resetCalls();
    expect(await lock.unlock()).toBe(true);
    // The first remove is refused: the text has changed.
    expect(stores[0]?.calls).toEqual({ read: 1, create: 0, replace: 0, remove: 2 });
    const next = await holder.lock({ appends: 'events' });
    const again = waiter.lock('events', { retry: { maxWaitMs: 600_000 } });
    await clock.advance(4_999);
    expect(next.signal.aborted).toBe(false);
    await clock.advance(1_100);
    expect(next.signal.aborted).toBe(true);
    await (await again).unlock();
  });

  test('costs a waiter three requests, and one when its turn comes', async () => {
    const clock = fakeClock();
    const { lockers, stores } = fleet(2, { clock }, true);
    const [holder, waiter] = lockers as [ResourceLocker, ResourceLocker];
    const store = stores[1] as FaultyStore;
    const lock = await holder.lock('events');
    const waited = waiter.lock('events');
    await clock.advance(1);
    expect(store.calls).toEqual({ read: 1, create: 1, replace: 0, remove: 0, append: 1 });
    store.resetCalls();
    await lock.unlock();
    await clock.advance(1);
    const granted = await waited;
    // The store says what stands there now.
    expect(sum(store.calls)).toBe(0);
    await granted.unlock();
    expect(sum(store.calls)).toBe(1);
  });
});
