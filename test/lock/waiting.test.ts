import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createLocker, type LockerOptions, type LockStore, ResourceBusyError, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { type FaultyStore, fakeClock, faultyStore } from '../../src/testing/index.ts';

const open: ResourceLocker[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((locker) => locker.close({ timeoutMs: 100 })));
});

/** Like a store without push. */
function pulled(store: LockStore): LockStore {
  const { subscribe: _, ...rest } = store;
  return { ...rest, traits: { ...store.traits, pushes: false } };
}

function fleet(count: number, options: Partial<LockerOptions> = {}, push = false): { lockers: ResourceLocker[]; stores: FaultyStore[] } {
  const backend = memoryStore();
  const stores = Array.from({ length: count }, () => faultyStore(push ? backend.connect() : pulled(backend.connect())));
  const lockers = stores.map((store) => createLocker({ store, ...options }));
  open.push(...lockers);
  return { lockers, stores };
}

function sum(calls: FaultyStore['calls']): number {
  return calls.read + calls.create + calls.replace + calls.remove;
}

function told(locker: ResourceLocker, event: 'waiting' | 'acquired'): Promise<void> {
  return new Promise((resolve) => locker.on(event, () => resolve()));
}

describe('one queue', () => {
  test('first come, first served', async () => {
    const { lockers } = fleet(1);
    const [locker] = lockers as [ResourceLocker];
    const order: number[] = [];
    const first = await locker.lock('events');
    const runs = Array.from({ length: 10 }, (_, index) => locker.run('events', () => void order.push(index), { onBusy: 'retry' }));
    await first.unlock();
    await Promise.all(runs);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('the record follows from holder to holder, each 20 ms at most', async () => {
    const clock = fakeClock();
    const { lockers, stores } = fleet(2, { clock });
    const [locker, other] = lockers as [ResourceLocker, ResourceLocker];
    const seen = async (): Promise<string | undefined> => (await other.inspect('events'))[0]?.job;
    const first = await locker.lock('events', { job: 'first' });
    const [second, third] = ['second', 'third'].map((job) => locker.lock('events', { job }));
    await first.unlock();
    await clock.advance(1);
    expect(await seen()).toBe('second');
    await (await second)?.unlock();
    await clock.advance(18);
    expect(await seen()).toBe('second');
    await clock.advance(2);
    expect(await seen()).toBe('third');
    stores[0]?.resetCalls();
    await (await third)?.unlock();
    await clock.advance(50);
    expect(stores[0]?.calls).toEqual({ read: 0, create: 0, replace: 0, remove: 1 });
  });

  test.each([false, true])('a thousand waiters cost the store what one costs (push: %s)', async (push) => {
    const cost = async (waiters: number): Promise<number> => {
      const clock = fakeClock();
      const { lockers, stores } = fleet(2, { clock, retry: { delayMs: 20, maxDelayMs: 20 } }, push);
      const [holder, locker] = lockers as [ResourceLocker, ResourceLocker];
      const lock = await holder.lock('events');
      const outcomes = Array.from({ length: waiters }, () =>
        locker.lock('events', { retry: { maxWaitMs: 400, delayMs: 20, maxDelayMs: 20 } }).catch((error: unknown) => error),
      );
      await clock.advance(400);
      for (const outcome of await Promise.all(outcomes)) expect(outcome).toBeInstanceOf(ResourceBusyError);
      await lock.unlock();
      return sum((stores[1] as FaultyStore).calls);
    };
    const one = await cost(1);
    expect(await cost(1_000)).toBeLessThanOrEqual(Math.ceil(one * 1.5));
  });

  test('a waiter leaves when its time is over or its signal aborts, the others stay', async () => {
    const { lockers } = fleet(2);
    const [holder, locker] = lockers as [ResourceLocker, ResourceLocker];
    const lock = await holder.lock('events');
    const controller = new AbortController();
    const stays = locker.lock('events');
    const late = locker.lock('events', { retry: { maxWaitMs: 20 } });
    const leaves = locker.lock('events', { signal: controller.signal });
    const skipped = locker.run('events', () => {}, { signal: controller.signal, onBusy: 'retry' });
    await expect(late).rejects.toBeInstanceOf(ResourceBusyError);
    controller.abort(new Error('enough'));
    await expect(leaves).rejects.toMatchObject({ name: 'AbortError', cause: new Error('enough') });
    await expect(skipped).resolves.toMatchObject({ status: 'skipped', reason: 'aborted' });
    await lock.unlock();
    expect(await (await stays).unlock()).toBe(true);
  });

  test('maxAttempts bounds the looks', async () => {
    const { lockers, stores } = fleet(2);
    const [holder, locker] = lockers as [ResourceLocker, ResourceLocker];
    await holder.lock('events');
    await expect(locker.lock('events', { retry: { maxAttempts: 3, delayMs: 1 } })).rejects.toBeInstanceOf(ResourceBusyError);
    expect(stores[1]?.calls).toMatchObject({ create: 1, read: 3 });
  });

  test('push: a waiter costs nothing while the resource is held, and takes over at once', async () => {
    const { lockers, stores } = fleet(2, {}, true);
    const [holder, locker] = lockers as [ResourceLocker, ResourceLocker];
    const lock = await holder.lock('events');
    const waits = told(locker, 'waiting');
    const runs = Array.from({ length: 32 }, () => locker.run('events', () => {}, { onBusy: 'retry' }));
    await waits;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(sum((stores[1] as FaultyStore).calls)).toBeLessThanOrEqual(3);
    await lock.unlock();
    for (const outcome of await Promise.all(runs)) expect(outcome.status).toBe('ran');
  });
});

describe('wishes', () => {
  test('P5: a stream of appends does not starve a writer', async () => {
    const { lockers } = fleet(4);
    const writer = lockers[3] as ResourceLocker;
    let streaming = true;
    let appends = 0;
    const streams = lockers.slice(0, 3).flatMap((locker) =>
      [1, 2, 3].map(async () => {
        while (streaming) {
          await locker.run({ appends: 'events' }, () => new Promise((resolve) => setTimeout(resolve, 3)), { onBusy: 'retry' });
          appends++;
        }
      }),
    );
    for (let round = 0; round < 5; round++)
      await expect(writer.run('events', () => round, { onBusy: 'retry' })).resolves.toMatchObject({ status: 'ran', value: round });
    const before = appends;
    while (appends === before) await new Promise((resolve) => setTimeout(resolve, 5));
    streaming = false;
    await Promise.all(streams);
  });

  test('P5: a stream of writers does not starve an append', async () => {
    const { lockers } = fleet(4);
    const appender = lockers[3] as ResourceLocker;
    let streaming = true;
    const streams = lockers.slice(0, 3).flatMap((locker) =>
      [1, 2].map(async () => {
        while (streaming) await locker.run('events', () => new Promise((resolve) => setTimeout(resolve, 3)), { onBusy: 'retry' });
      }),
    );
    for (let round = 0; round < 5; round++)
      await expect(appender.run({ appends: 'events' }, () => round, { onBusy: 'retry' })).resolves.toMatchObject({ status: 'ran' });
    streaming = false;
    await Promise.all(streams);
  });

  test('while a writer waits, nobody joins the sharers; the wish is seen and goes away', async () => {
    const { lockers } = fleet(3);
    const [a, b, writer] = lockers as [ResourceLocker, ResourceLocker, ResourceLocker];
    const append = await a.lock({ appends: 'events' });
    const write = writer.lock('events');
    for (;;) {
      if ((await b.inspect('events')).some(({ state }) => state === 'waiting')) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await b.tryLock({ appends: 'events' })).toBeUndefined();
    expect(await a.tryLock({ appends: 'events' })).toBeUndefined();
    await append.unlock();
    await (await write).unlock();
    expect(await b.inspect('events')).toEqual([]);
    expect(await (await b.lock({ appends: 'events' })).unlock()).toBe(true);
  });

  test('whoever comes straight back after a long hold goes behind those who wait, and they are seen', async () => {
    const { lockers } = fleet(2);
    const [back, waiter] = lockers as [ResourceLocker, ResourceLocker];
    const order: string[] = [];
    await waiter.run('events', async () => expect(await back.tryLock('events')).toBeUndefined());
    const first = await back.lock('events');
    const waited = waiter.run('events', () => void order.push('waiter'), { onBusy: 'retry', job: 'patient' });
    for (;;) {
      const waiting = (await back.inspect('events')).filter(({ state }) => state === 'waiting');
      if (waiting[0]?.job === 'patient') break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await first.unlock();
    await back.run('events', () => void order.push('back'), { onBusy: 'retry' });
    await waited;
    expect(order).toEqual(['waiter', 'back']);
  });

  test.each(['writes', 'appends'])('alone, it asks whether others wait once in half a second that it %s', async (mode) => {
    const clock = fakeClock();
    const { lockers, stores } = fleet(1, { clock });
    const [locker] = lockers as [ResourceLocker];
    const costs: number[] = [];
    for (let hold = 0; hold < 11; hold++) {
      stores[0]?.resetCalls();
      const lock = await locker.lock({ [mode]: 'events' });
      await clock.advance(101);
      await lock.unlock();
      costs.push(sum((stores[0] as FaultyStore).calls));
    }
    expect(costs).toEqual([2, 2, 2, 2, 2, mode === 'writes' ? 3 : 4, 2, 2, 2, 2, mode === 'writes' ? 3 : 4]);
  });

  test('once it met another process it asks each time, for five seconds', async () => {
    const clock = fakeClock();
    const { lockers, stores } = fleet(2, { clock });
    const [locker, other] = lockers as [ResourceLocker, ResourceLocker];
    await other.run('events', async () => expect(await locker.tryLock('events')).toBeUndefined());
    const costs: number[] = [];
    for (let hold = 0; hold < 6; hold++) {
      if (hold === 4) await clock.advance(5_000);
      stores[0]?.resetCalls();
      const lock = await locker.lock('events');
      await clock.advance(30);
      await lock.unlock();
      costs.push(sum((stores[0] as FaultyStore).calls));
    }
    expect(costs).toEqual([2, 3, 3, 3, 2, 2]);
  });

  test('who is served has taken its wish back, so that the next can put theirs', async () => {
    const backend = memoryStore();
    const inner = pulled(backend.connect());
    const order: string[] = [];
    let wished = (): void => {};
    const wish = new Promise<void>((resolve) => {
      wished = resolve;
    });
    const store: LockStore = {
      ...inner,
      async create(key, value, ttlMs) {
        const version = await inner.create(key, value, ttlMs);
        if (key.endsWith(':wish')) wished();
        return version;
      },
      async remove(key, version) {
        await setImmediate();
        const removed = await inner.remove(key, version);
        order.push(`removed ${key}`);
        return removed;
      },
    };
    const [holder, waiter] = [createLocker({ store: pulled(backend.connect()) }), createLocker({ store })];
    open.push(holder, waiter);
    const lock = await holder.lock('events');
    const waited = waiter.lock('events');
    await wish;
    await lock.unlock();
    const served = await waited;
    order.push('served');
    await served.unlock();
    expect(order).toEqual(['removed giveway:events:wish', 'served', 'removed giveway:events']);
  });

  test('a wish put while the store could not push is taken back once it can, and then there is silence', async () => {
    const clock = fakeClock();
    const backend = memoryStore({ clock });
    const inner = faultyStore(backend.connect(), { clock });
    let hears = false;
    let tell = (): void => {};
    const store: LockStore = {
      ...inner,
      traits: {
        ...inner.traits,
        get pushes() {
          return hears;
        },
      },
      subscribe(key, onChange) {
        tell = onChange;
        return inner.subscribe?.(key, onChange) as Disposable;
      },
    };
    const [holder, waiter] = [createLocker({ store: backend.connect(), clock }), createLocker({ store, clock })];
    open.push(holder, waiter);
    const lock = await holder.lock('events');
    const waited = waiter.lock('events');
    const isWishedFor = async (): Promise<boolean> => (await backend.read('giveway:events:wish')) !== undefined;
    await clock.advance(100);
    const before = await isWishedFor();
    hears = true;
    tell();
    await clock.advance(1);
    const after = await isWishedFor();
    inner.resetCalls();
    await clock.advance(5_000);
    const calls = sum(inner.calls);
    await lock.unlock();
    await clock.advance(1);
    await (await waited).unlock();
    expect({ before, after, calls }).toEqual({ before: true, after: false, calls: 0 });
  });

  test("a waiter that comes and goes changes nothing about the holder's record", async () => {
    const { lockers, stores } = fleet(2);
    const [holder, waiter] = lockers as [ResourceLocker, ResourceLocker];
    const lock = await holder.lock({ appends: 'events' });
    const before = await stores[0]?.read('giveway:events');
    await expect(waiter.lock('events', { retry: { maxWaitMs: 80, delayMs: 5 } })).rejects.toBeInstanceOf(ResourceBusyError);
    expect(await stores[0]?.read('giveway:events')).toEqual(before);
    stores[0]?.resetCalls();
    expect(await lock.unlock()).toBe(true);
    expect(stores[0]?.calls).toEqual({ read: 0, create: 0, replace: 0, remove: 1 });
  });
});

describe('P1: two incompatible holders never overlap', () => {
  test.each([false, true])('hundreds of runs over several lockers, in all modes (push: %s)', async (push) => {
    const { lockers } = fleet(4, {}, push);
    const inside = { write: 0, append: 0, read: 0 };
    let worst = 0;
    const modes = ['write', 'append', 'read'] as const;
    await Promise.all(
      Array.from({ length: 400 }, async (_, index) => {
        const mode = modes[(index * 7) % 5 === 0 ? 0 : 1 + (index % 2)] as (typeof modes)[number];
        const locker = lockers[index % 4] as ResourceLocker;
        const outcome = await locker.run(
          { [`${mode}s`]: 'events' },
          async () => {
            inside[mode]++;
            await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
            const others = modes.filter((other) => other !== mode).reduce((total, other) => total + inside[other], 0);
            worst = Math.max(worst, others, mode === 'write' ? inside.write - 1 : 0);
            inside[mode]--;
          },
          { onBusy: 'retry', retry: { maxWaitMs: 25_000 } },
        );
        expect(outcome.status).toBe('ran');
      }),
    );
    expect(worst).toBe(0);
  });
});
