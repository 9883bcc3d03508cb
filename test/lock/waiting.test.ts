import { afterEach, describe, expect, test } from '@jest/globals';
import { ResourceBusyError, type ResourceLocker } from '../../src/index.ts';
import { type FaultyStore, fakeClock } from '../../src/testing/index.ts';
import { closeAll, fleet, sum } from './fleet.ts';

afterEach(closeAll);

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

  test('within its turn of 64 ms a process serves its own without a request; then the record says who holds it', async () => {
    const clock = fakeClock();
    const { lockers, stores } = fleet(2, { clock });
    const [locker, other] = lockers as [ResourceLocker, ResourceLocker];
    const seen = async (): Promise<string | undefined> => (await other.inspect('events'))[0]?.job;
    const first = await locker.lock('events', { job: 'first' });
    const [second, third] = ['second', 'third'].map((job) => locker.lock('events', { job }));
    stores[0]?.resetCalls();
    await first.unlock();
    await clock.advance(63);
    expect(await seen()).toBe('first');
    expect(sum((stores[0] as FaultyStore).calls)).toBe(0);
    await clock.advance(1);
    expect(await seen()).toBe('second');
    await (await second)?.unlock();
    await clock.advance(63);
    expect(await seen()).toBe('second');
    await clock.advance(1);
    expect(await seen()).toBe('third');
    stores[0]?.resetCalls();
    await (await third)?.unlock();
    await clock.advance(64);
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

  test('push: a waiter costs next to nothing while the resource is held, and takes over at once', async () => {
    const clock = fakeClock();
    const { lockers, stores } = fleet(2, { clock }, true);
    const [holder, locker] = lockers as [ResourceLocker, ResourceLocker];
    const lock = await holder.lock('events');
    const runs = Array.from({ length: 32 }, () => locker.run('events', () => {}, { onBusy: 'retry' }));
    await clock.advance(3_000);
    // Three to get into the line, then a look now and then: a store may miss a call, a crashed holder makes none.
    expect(sum((stores[1] as FaultyStore).calls)).toBeLessThanOrEqual(10);
    await lock.unlock();
    await clock.advance(1);
    for (const outcome of await Promise.all(runs)) expect(outcome.status).toBe('ran');
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
