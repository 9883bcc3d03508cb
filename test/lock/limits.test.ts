import { afterEach, describe, expect, test } from '@jest/globals';
import { createLocker, type Lock, type LockerOptions, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
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
