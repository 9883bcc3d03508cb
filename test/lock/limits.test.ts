import { afterEach, describe, expect, test } from '@jest/globals';
import { createLocker, type Lock, type LockerOptions, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { type FaultyStore, fakeClock } from '../../src/testing/index.ts';
import { closeAll, fleet, opened } from './fleet.ts';

afterEach(closeAll);

const two = { resources: { t: { limits: { appends: 2 } } } };

async function gained(...attempts: Promise<Lock | undefined>[]): Promise<number> {
  return (await Promise.all(attempts)).filter((lock) => lock !== undefined).length;
}

describe('at most two at once', () => {
  test('over two lockers', async () => {
    const { lockers } = fleet(2, two);
    const [a, b] = lockers as [ResourceLocker, ResourceLocker];
    const first = await a.tryLock({ appends: 't' });
    expect(await gained(b.tryLock({ appends: 't' }))).toBe(1);
    expect(await gained(a.tryLock({ appends: 't' }), b.tryLock({ appends: 't' }))).toBe(0);
    expect(await first?.unlock()).toBe(true);
    expect(await gained(a.tryLock({ appends: 't' }))).toBe(1);
    expect(await gained(b.tryLock({ appends: 't' }))).toBe(0);
  });

  test('within one', async () => {
    const { lockers } = fleet(1, two);
    const [a] = lockers as [ResourceLocker];
    const locks = [await a.tryLock({ appends: 't' }), await a.tryLock({ appends: 't' })];
    expect(await gained(a.tryLock({ appends: 't' }))).toBe(0);
    expect(new Set(locks.map((lock) => lock?.token)).size).toBe(2);
    for (const lock of locks) expect(await lock?.unlock()).toBe(true);
    expect(await gained(a.tryLock({ appends: 't' }))).toBe(1);
  });

  test.each([false, true])('of a hundred runs in four lockers, and each gets its turn (push: %s)', async (push) => {
    const { lockers } = fleet(4, two, push);
    let inside = 0;
    let most = 0;
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        (lockers[index % 4] as ResourceLocker).run(
          { appends: 't' },
          async () => {
            most = Math.max(most, ++inside);
            await new Promise((resolve) => setTimeout(resolve, 1));
            inside--;
          },
          { onBusy: 'retry', retry: { maxWaitMs: 25_000, maxDelayMs: 100 } },
        ),
      ),
    );
    expect(outcomes.every(({ status }) => status === 'ran')).toBe(true);
    expect(most).toBe(2);
    expect(await lockers[0]?.inspect('t')).toEqual([]);
  });
});

test('the other modes of the table have no limit of their own, and exclude as ever', async () => {
  const { lockers } = fleet(2, two);
  const [a, b] = lockers as [ResourceLocker, ResourceLocker];
  const reads = await Promise.all([a, b, a, b, a].map((locker) => locker.lock({ reads: 't' })));
  expect(await a.tryLock({ appends: 't' })).toBeUndefined();
  for (const lock of reads) expect(await lock.unlock()).toBe(true);
  const append = await a.lock({ appends: 't' });
  expect(await b.tryLock('t')).toBeUndefined();
  expect(await b.tryLock({ reads: 't' })).toBeUndefined();
  await append.unlock();
});

test('where two lockers disagree, the smaller counts', async () => {
  const backend = memoryStore();
  const locker = (limits?: object): ResourceLocker =>
    opened({ store: backend.connect(), resources: { t: limits === undefined ? {} : { limits } } } as LockerOptions);
  const [one, three, none] = [locker({ appends: 1 }), locker({ appends: 3 }), locker()];
  const held = await one.lock({ appends: 't' });
  expect(await gained(three.tryLock({ appends: 't' }), none.tryLock({ appends: 't' }))).toBe(0);
  await held.unlock();
  expect(await gained(three.tryLock({ appends: 't' }))).toBe(1);
  expect(await gained(one.tryLock({ appends: 't' }))).toBe(0);
  expect(await gained(none.tryLock({ appends: 't' }))).toBe(1);
  expect(await gained(three.tryLock({ appends: 't' }))).toBe(1);
  expect(await gained(three.tryLock({ appends: 't' }), none.tryLock({ appends: 't' }))).toBe(0);
});

test('inspect shows the seats and the limit', async () => {
  const { lockers } = fleet(1, two);
  const [a] = lockers as [ResourceLocker];
  await a.lock({ appends: 't' });
  await a.lock({ appends: 't' });
  expect(await a.inspect('t')).toMatchObject([
    { mode: 'append', seats: 1, limit: 2 },
    { mode: 'append', seats: 1, limit: 2 },
  ]);
});

test.each([
  [{ appends: 0 }, 'resources.t.limits.appends'],
  [{ reads: 1.5 }, 'resources.t.limits.reads'],
  [{ reads: '2' }, 'resources.t.limits.reads'],
  [{ writes: 1 }, 'resources.t.limits.writes'],
  [2, 'resources.t.limits'],
])('P11: limits %j are refused', (limits, path) => {
  expect(() => createLocker({ store: memoryStore(), resources: { t: { limits } } } as never)).toThrow(
    expect.objectContaining({ name: 'InvalidOptionError', path }),
  );
});

describe('whoever waits in a process that holds one of two', () => {
  test.each<[string, boolean]>([
    ['a lock of its own process lets go', true],
    ['another process lets go, and who was before it gives up', false],
  ])('gets in when %s, and not only after the other', async (_, isLocal) => {
    const clock = fakeClock();
    const { lockers } = fleet(2, { ...two, clock }, true);
    const [here, there] = lockers as [ResourceLocker, ResourceLocker];
    await here.lock({ appends: 't' });
    const short = await (isLocal ? here : there).lock({ appends: 't' });
    const giveUp = new AbortController();
    const before = isLocal ? undefined : here.lock({ appends: 't' }, { signal: giveUp.signal }).catch(() => {});
    await clock.advance(5);
    const waiting = here.lock({ appends: 't' });
    await clock.advance(5);
    giveUp.abort();
    await before;
    await short.unlock();
    await clock.advance(5);
    expect(await here.inspect('t')).toMatchObject([{ state: 'holding' }, { state: 'holding' }]);
    expect(await (await waiting).unlock()).toBe(true);
  });

  test('does so one after another, as long as the other holds it', async () => {
    const clock = fakeClock();
    const { lockers } = fleet(1, { ...two, clock }, true);
    const [locker] = lockers as [ResourceLocker];
    await locker.lock({ appends: 't' });
    const ran: number[] = [];
    const runs = Array.from({ length: 20 }, (_, index) =>
      locker.run({ appends: 't' }, () => void ran.push(index), { onBusy: 'retry', retry: { maxWaitMs: 5_000 } }),
    );
    await clock.advance(5_000);
    await Promise.all(runs);
    expect(ran.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });
});

test('two that are asked for in one event go together', async () => {
  const { lockers } = fleet(1, two);
  const [locker] = lockers as [ResourceLocker];
  let asked: Promise<number> | undefined;
  locker.on('released', () => {
    asked ??= gained(locker.tryLock({ appends: 't' }), locker.tryLock({ appends: 't' }));
  });
  await (await locker.lock({ reads: 't' })).unlock();
  expect(await asked).toBe(2);
});

describe('P8: where all places are taken and the store falls silent', () => {
  const silent = (store: FaultyStore): void => {
    for (const method of ['read', 'create', 'replace', 'append'] as const) store.arm(method, 'reject-before', { times: 1_000 });
  };

  test('whoever waits for one does not run beside them', async () => {
    const clock = fakeClock();
    const { lockers, stores } = fleet(2, { ...two, clock });
    const [here, there] = lockers as [ResourceLocker, ResourceLocker];
    await there.lock({ appends: 't' });
    await there.lock({ appends: 't' });
    const run = here.run({ appends: 't' }, () => {}, { onBusy: 'retry', onStoreDown: 'run', retry: { maxWaitMs: 2_000 } });
    await clock.advance(100);
    silent(stores[0] as FaultyStore);
    await clock.advance(3_000);
    expect(await run).toMatchObject({ status: 'skipped', reason: 'busy', holders: [{ limit: 2 }, { limit: 2 }] });
    expect(await here.run({ appends: 't' }, () => {})).toMatchObject({ status: 'skipped', reason: 'busy' });
  });

  test('whoever has seen a free one runs', async () => {
    const clock = fakeClock();
    const { lockers, stores } = fleet(2, { ...two, clock });
    const [here, there] = lockers as [ResourceLocker, ResourceLocker];
    await there.lock({ appends: 't' });
    await (await here.lock({ appends: 't' })).unlock();
    silent(stores[0] as FaultyStore);
    expect(await here.run({ appends: 't' }, (lock) => lock.isProtected)).toMatchObject({ status: 'ran', value: false });
  });
});
