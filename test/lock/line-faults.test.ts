import { afterEach, describe, expect, test } from '@jest/globals';
import type { Entry, LockStore, ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { type FakeClock, type FaultyStore, fakeClock, faultyStore } from '../../src/testing/index.ts';
import { closeAll, fleet, lineOf, opened, pulled } from './fleet.ts';

afterEach(closeAll);

interface Scene {
  readonly clock: FakeClock;
  readonly holder: ResourceLocker;
  readonly other: ResourceLocker;
  readonly waiter: ResourceLocker;
  readonly store: FaultyStore;
}

/** A waiter over whatever `make` makes of its connection, in a time of its own if need be, and two lockers over sound ones. */
function scene(make: (inner: LockStore) => LockStore, waitersClock?: FakeClock): Scene {
  const clock = fakeClock();
  const backend = memoryStore({ clock });
  const store = faultyStore(make(backend.connect()), { clock });
  const [holder, other] = [0, 1].map(() => opened({ store: pulled(backend.connect()), clock })) as [ResourceLocker, ResourceLocker];
  return { clock, holder, other, waiter: opened({ store, clock: waitersClock ?? clock, job: 'waiter' }), store };
}

describe('an append that says no though its text stands there', () => {
  /** Refuses the first append after doing it, and `beforeThat` has been done. */
  function refusing(beforeThat: (inner: LockStore, key: string) => Promise<unknown>): (inner: LockStore) => LockStore {
    return (inner) => {
      let refused = false;
      return {
        ...pulled(inner),
        async append(key, text, version) {
          const appended = await inner.append?.(key, text, version);
          if (refused) return appended;
          refused = true;
          await beforeThat(inner, key);
          return undefined;
        },
      };
    };
  }

  const behind = '{"token":"behind","mode":"write","job":"behind","host":"h","pid":1,"ttlMs":9000,"maxWaitMs":9000,"pauseMs":50';

  test.each<[string, (clockMs: number) => (inner: LockStore, key: string) => Promise<unknown>, string[]]>([
    ['stands once', () => async () => {}, ['waiter']],
    [
      'stands once, with another behind it',
      (clockMs) => async (inner, key) => {
        const { version } = (await inner.read(key)) as Entry;
        await inner.append?.(key, `\n${behind},"since":${clockMs}}`, version);
      },
      ['waiter', 'behind'],
    ],
  ])('%s', async (_, beforeThat, line) => {
    const { clock, holder, other, waiter, store } = scene((inner) => refusing(beforeThat(Date.UTC(2026, 0, 1)))(inner));
    const lock = await holder.lock('events');
    const waited = waiter.lock('events');
    await clock.advance(50);
    expect(await lineOf(other, 'events')).toEqual(line);
    expect(store.calls.append).toBe(1);
    await lock.unlock();
    await clock.advance(1_000);
    const taken = await waited;
    expect((await other.inspect('events')).filter(({ state }) => state === 'holding')).toMatchObject([
      { job: 'waiter', token: taken.token },
    ]);
    expect(await taken.unlock()).toBe(true);
  });

  test('and whose reply is lost: the place is known at the next look, and left if nobody wants it', async () => {
    const { clock, holder, other, waiter, store } = scene(pulled);
    const lock = await holder.lock('events');
    store.arm('append', 'reject-after');
    const failed = waiter.lock('events', { onStoreDown: 'throw' }).catch((error: unknown) => error);
    await clock.advance(50);
    expect(await failed).toMatchObject({ name: 'StoreUnavailableError' });
    await lock.unlock();
    // Let in or not, it is in nobody's way for longer than one that was let in may take to say so.
    const next = other.lock('events');
    await clock.advance(3_100);
    expect(await (await next).unlock()).toBe(true);
  });
});

describe('calls of a store that pushes', () => {
  function calling(): { make: (inner: LockStore) => LockStore; call: (now?: Entry) => void } {
    let tell = (_?: Entry): void => {};
    return {
      call: (now) => tell(now),
      make: (inner) => ({
        ...inner,
        subscribe(_, onChange) {
          tell = onChange;
          return { [Symbol.dispose]: () => {} };
        },
      }),
    };
  }

  test("a call older than one's own append does not put one into the line again", async () => {
    const { make, call } = calling();
    const { clock, holder, other, waiter, store } = scene(make);
    const lock = await holder.lock('events', { job: 'holder' });
    const older = (await store.read('giveway:events')) as Entry;
    const waited = waiter.lock('events');
    await clock.advance(1);
    expect(await lineOf(other, 'events')).toEqual(['waiter']);
    const behind = other.lock('events', { job: 'behind' });
    await clock.advance(1);
    for (let times = 0; times < 3; times++) {
      call(older);
      await clock.advance(5);
    }
    expect(await lineOf(other, 'events')).toEqual(['waiter', 'behind']);
    expect(store.calls.append).toBe(1);
    await lock.unlock();
    await clock.advance(1_000);
    expect(await (await waited).unlock()).toBe(true);
    await clock.advance(1_000);
    expect(await (await behind).unlock()).toBe(true);
  });

  test('a call that a stopped process hears when its turn is long over makes it no holder', async () => {
    const { make, call } = calling();
    const stopped = fakeClock();
    const { clock, holder, other, waiter, store } = scene(make, stopped);
    const lock = await holder.lock('events');
    const waited = waiter.lock('events', { retry: { maxWaitMs: 60_000 } });
    await stopped.advance(1);
    expect(await lineOf(other, 'events')).toEqual(['waiter']);
    await lock.unlock();
    const granted = (await store.read('giveway:events')) as Entry;
    await clock.advance(2_001);
    const successor = await other.tryLock('events', { job: 'successor' });
    expect(successor).toBeDefined();
    stopped.block(2_001);
    call(granted);
    await stopped.advance(100);
    expect(waiter.held()).toEqual([]);
    expect((await other.inspect('events')).filter(({ state }) => state === 'holding')).toMatchObject([{ job: 'successor' }]);
    expect(await successor?.unlock()).toBe(true);
    await stopped.advance(2_000);
    expect(await (await waited).unlock()).toBe(true);
  });
});

test('P3: whoever was let in and is dead keeps those behind it out for a second and its pause', async () => {
  const clock = fakeClock();
  const { lockers, stores } = fleet(3, { clock });
  const [holder, dies, next] = lockers as [ResourceLocker, ResourceLocker, ResourceLocker];
  const lock = await holder.lock('events');
  const lost = dies.lock('events', { onStoreDown: 'throw', retry: { maxDelayMs: 500 } }).catch(() => 'dead');
  await clock.advance(10);
  const waited = next.lock('events', { retry: { maxWaitMs: 60_000, maxDelayMs: 100 } });
  await clock.advance(10);
  stores[1]?.arm('every', 'reject-before', { times: Number.POSITIVE_INFINITY });
  await lock.unlock();
  expect(await next.inspect('events')).toMatchObject([{ state: 'holding' }, { state: 'waiting', place: 1 }]);
  await clock.advance(1_499);
  expect(next.held()).toEqual([]);
  await clock.advance(200);
  expect(await (await waited).unlock()).toBe(true);
  await clock.advance(10_000);
  await lost;
  stores[1]?.disarm();
});

test.each([
  ['was let in from the line has a second and its pause until it has renewed it', true, 1_100],
  ['found it free has its ttlMs', false, 4_900],
])('P6: whoever %s, when its event loop is blocked', async (_, waits, livesMs) => {
  const clock = fakeClock();
  const { lockers } = fleet(2, { clock, ttlMs: 5_000, retry: { maxDelayMs: 200 } });
  const [before, blocked] = lockers as [ResourceLocker, ResourceLocker];
  const lock = waits ? await before.lock('events') : undefined;
  const waited = blocked.lock('events');
  await clock.advance(10);
  await lock?.unlock();
  while (waits && blocked.held().length === 0) await clock.advance(1);
  clock.block(livesMs);
  const late = await waited;
  expect(late.isProtected && late.remainingMs()).toBeGreaterThan(0);
  clock.block(200);
  expect(late.remainingMs()).toBe(0);
  expect(late.signal.reason).toMatchObject({ name: 'LockLostError', reason: 'expired' });
});
