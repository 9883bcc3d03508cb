import { describe, expect, test } from '@jest/globals';
import { type ScheduledTask, schedule as scheduleTask, type TaskContext } from 'node-cron';
import { createLocker, type Lock, type LockerOptions, type ResourceLocker, type RunOutcome } from '../../src/index.ts';
import { runCoordinator, type ScheduleOptions, schedule } from '../../src/jobs/cron.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { fakeClock } from '../../src/testing/index.ts';
import { destroyAll, everySecond, fleet, kept, never, once, silent } from './cron-stage.ts';

const forever = { times: Number.POSITIVE_INFINITY };

/** Resolves when the task's fire waits for its jitter to pass. */
async function jitterOf(task: ScheduledTask): Promise<void> {
  await once(task, 'execution:started');
  await new Promise(setImmediate);
}

describe('schedule', () => {
  test("the handler gets the fire and the lock; node-cron's event and lastRun() carry the outcome", async () => {
    const { here, there } = fleet();
    const seen: unknown[] = [];
    const task = kept(
      schedule(
        everySecond,
        async (context, lock) => {
          seen.push(context.execution?.reason, lock.scope.writes, lock.job, here.current() === lock);
          return (await there.inspect('events'))[0]?.job;
        },
        { locker: here, scope: 'events', name: 'etl' },
      ),
    );
    const { execution } = await once(task, 'execution:finished');
    expect(execution?.result).toMatchObject({ status: 'ran', value: 'etl', lost: undefined, release: 'released' });
    expect(task.lastRun()?.result).toBe(execution?.result);
    expect(seen).toEqual(['scheduled', ['events'], 'etl', true]);
    expect(task.fires()).toEqual({ ran: 1, failed: 0, skipped: 0, elsewhere: 0, missed: 0 });
  });

  test('P10: a fire that finds its table busy is skipped, and says who has it', async () => {
    const { here, there } = fleet();
    await there.lock('events', { job: 'backfill' });
    const task = kept(schedule(everySecond, () => 'ran', { locker: here, scope: 'events', name: 'etl' }));
    const { execution } = await once(task, 'execution:finished');
    expect(execution?.result).toMatchObject({
      status: 'skipped',
      reason: 'busy',
      resource: 'events',
      holders: [{ job: 'backfill', pid: process.pid }],
    });
    expect(task.fires().skipped).toBe(1);
  });

  test("'retry' waits for the table, but not into the next fire", async () => {
    const { here, there } = fleet();
    const lock = await there.lock('events');
    const task = kept(schedule(everySecond, () => 'ran', { locker: here, scope: 'events', onBusy: 'retry' }));
    const overlaps: unknown[] = [];
    task.on('execution:overlap', (context) => void overlaps.push(context));
    const first = (await once(task, 'execution:finished')).execution?.result as RunOutcome<string>;
    expect(first.status).toBe('skipped');
    // A busy machine fires late, and then there is less time to wait; it also ends waits late.
    expect(first.waitedMs).toBeGreaterThan(100);
    expect(first.waitedMs).toBeLessThan(3_000);
    const second = once(task, 'execution:finished');
    await once(task, 'execution:started');
    setTimeout(() => void lock.unlock(), 200);
    expect((await second).execution?.result).toMatchObject({ status: 'ran', value: 'ran' });
    expect(overlaps).toEqual([]);
  });

  test.each<[string, Partial<LockerOptions>]>([
    ['the locker', { retry: { maxWaitMs: 40 } }],
    ['the table', { resources: { events: { retry: { maxWaitMs: 40 } } } }],
  ])("'retry' waits no longer than %s says", async (_, options) => {
    const { here, there } = fleet(options);
    await there.lock('events');
    const task = kept(schedule('*/3 * * * * *', () => 'ran', { locker: here, scope: 'events', onBusy: 'retry' }));
    const { execution } = await once(task, 'execution:finished');
    expect(execution?.result).toMatchObject({ status: 'skipped', reason: 'busy' });
    expect(execution?.result.waitedMs).toBeLessThan(2_000); // else it waits until the next fire
  });

  test("what 'retry' is told itself comes before the locker's, and may be longer; the next fire ends any wait", async () => {
    const { here, there } = fleet({ retry: { maxWaitMs: 1 } });
    await there.lock('events');
    const options = { locker: here, scope: 'events', onBusy: 'retry', retry: { maxWaitMs: 60_000 } } as const;
    const { execution } = await once(kept(schedule(everySecond, () => 'ran', options)), 'execution:finished');
    expect(execution?.result.waitedMs).toBeGreaterThan(100);
    expect(execution?.result.waitedMs).toBeLessThan(3_000);
  });

  test('a lost lock aborts the signal and is in the result', async () => {
    const { here } = fleet();
    const task = kept(
      schedule(everySecond, (_, lock) => new Promise<void>((resolve) => lock.signal.addEventListener('abort', () => resolve())), {
        locker: here,
        scope: 'events',
        maxHoldMs: 100,
      }),
    );
    const { execution } = await once(task, 'execution:finished');
    expect(execution?.result).toMatchObject({ status: 'ran', lost: { reason: 'max-hold', resource: 'events' } });
  });

  test("a handler's error is node-cron's failed execution, and the table is free again", async () => {
    const { here, there } = fleet();
    const handler = (): never => {
      throw new Error('division by zero');
    };
    const task = kept(schedule(everySecond, handler, { locker: here, scope: 'events', logger: silent }));
    const { execution } = await once(task, 'execution:failed');
    expect(execution?.error?.message).toBe('division by zero');
    expect(task.fires().failed).toBe(1);
    expect(await there.tryLock('events')).toBeDefined();
  });

  test('a handler that throws while the store is down: its own error arrives (P9), and nothing hangs (P7)', async () => {
    const { here, store } = fleet();
    store.arm('every', 'reject-before', forever);
    const handler = (): never => {
      throw new Error('division by zero');
    };
    const task = kept(schedule(never, handler, { locker: here, scope: 'events', logger: silent }));
    await expect(task.execute()).rejects.toThrow('division by zero');
  });

  test('a scope made of the fire; one that throws or names an unlisted table fails that fire alone', async () => {
    const { here } = fleet({ resources: ['events'] });
    const scopes = ['events', 'evnets', undefined];
    const scope = (): string => {
      const next = scopes.shift();
      if (next === undefined) throw new Error('no scope today');
      return next;
    };
    const task = kept(schedule(never, () => 'ran', { locker: here, scope, logger: silent }));
    expect(await task.execute()).toMatchObject({ status: 'ran' });
    await expect(task.execute()).rejects.toMatchObject({ code: 'ERR_GIVEWAY_UNKNOWN_RESOURCE', nearest: ['events'] });
    await expect(task.execute()).rejects.toThrow('no scope today');
    expect(task.fires()).toEqual({ ran: 1, failed: 2, skipped: 0, elsewhere: 0, missed: 0 });
  });

  test.each(['no-overlap', 'both'] as const)('a manual execute() asks for the lock too (%s)', async (guarantee) => {
    const { here, there } = fleet();
    const task = kept(schedule(never, () => 'ran', { locker: here, scope: 'events', name: 'etl', guarantee }));
    expect(await task.execute()).toMatchObject({ status: 'ran', value: 'ran' });
    await there.lock('events');
    expect(await task.execute()).toMatchObject({ status: 'skipped', reason: 'busy', resource: 'events' });
  });

  test('of two instances one runs a fire, however short the work; the other says who', async () => {
    const { here, there } = fleet();
    const options = { name: 'etl', guarantee: 'once-per-fire' } as const;
    const mine = kept(schedule(everySecond, () => 'mine', { ...options, locker: here }));
    const theirs = kept(schedule(everySecond, () => 'theirs', { ...options, locker: there }));
    const results = (await Promise.all([once(mine, 'execution:finished'), once(theirs, 'execution:finished')])).map(
      ({ execution }) => execution?.result,
    );
    const skipped = results.find(({ status }) => status === 'skipped');
    expect(results.map(({ status }) => status).sort()).toEqual(['ran', 'skipped']);
    expect(skipped).toMatchObject({ reason: 'busy', holders: [{ job: 'etl' }], resource: expect.stringMatching(/^!fire\/etl:/) });
  });

  test('losing the election is not starving', async () => {
    const { here, there } = fleet({ starveAfter: { skips: 1 } });
    const starving: unknown[] = [];
    for (const locker of [here, there]) locker.on('starving', (event) => void starving.push(event));
    const options = { name: 'etl', guarantee: 'once-per-fire' } as const;
    const theirs = kept(schedule(everySecond, () => {}, { ...options, locker: there }));
    kept(schedule(everySecond, () => {}, { ...options, locker: here }));
    await once(theirs, 'execution:finished');
    expect(here.held()).toEqual([]);
    expect(starving).toEqual([]);
  });

  test('a fire stays taken for as long as an instance may be late for it, whatever slotHoldMs says', async () => {
    const clock = fakeClock({ wallMs: Date.now() });
    const backend = memoryStore({ clock });
    const [here, there] = [createLocker({ store: backend, clock }), createLocker({ store: backend.connect(), clock })];
    const options = { locker: here, name: 'etl', guarantee: 'once-per-fire', slotHoldMs: 1_000 } as const;
    for (const late of [{ missedExecutionTolerance: 20_000 }, { maxRandomDelay: 20_000 }]) {
      const task = schedule(never, ({ execution }) => execution?.id, { ...options, ...late });
      const outcome = (await task.execute()) as Extract<RunOutcome<string>, { status: 'ran' }>;
      await task.destroy();
      await clock.advance(15_000);
      expect(await runCoordinator(there).shouldRun(`etl:${outcome.value}`, 1_000)).toBe(false);
    }
  });

  test('a fire stays taken when its work throws, and when its locker is closed under it', async () => {
    const { here, there } = fleet();
    const endings = [
      () => Promise.reject(new Error('division by zero')),
      (lock: Lock) => new Promise((resolve) => lock.signal.addEventListener('abort', resolve)),
    ];
    for (const [index, ending] of endings.entries()) {
      let slot = '';
      const begun = new Promise<void>((resolve) => {
        const handler = (context: TaskContext, lock: Lock): Promise<unknown> => {
          slot = context.date.toISOString();
          resolve();
          return ending(lock);
        };
        kept(schedule(everySecond, handler, { locker: here, name: 'etl', guarantee: 'once-per-fire', logger: silent }));
      });
      await begun;
      await destroyAll();
      if (index === 1) await here.close();
      await new Promise(setImmediate);
      expect(await runCoordinator(there).shouldRun(`etl:${slot}`, 1_000)).toBe(false);
    }
  });

  test("'both': one instance per fire, and only while nobody else has the table", async () => {
    const { here, there } = fleet();
    const lock = await there.lock('events', { job: 'backfill' });
    const options = { name: 'etl', scope: 'events', guarantee: 'both' } as const;
    const mine = kept(schedule(everySecond, () => 'ran', { ...options, locker: here }));
    const theirs = kept(schedule(everySecond, () => 'ran', { ...options, locker: there }));
    const results = await Promise.all([once(mine, 'execution:finished'), once(theirs, 'execution:finished')]);
    expect(results.map(({ execution }) => execution?.result.resource).sort()).toEqual([expect.stringMatching(/^!fire\/etl:/), 'events']);
    await lock.unlock();
    const next = await Promise.all([once(mine, 'execution:finished'), once(theirs, 'execution:finished')]);
    expect(next.map(({ execution }) => execution?.result.status).sort()).toEqual(['ran', 'skipped']);
  });

  test('stop() during jitter leaves nothing behind', async () => {
    const { here, store } = fleet();
    let ran = false;
    const handler = (): void => {
      ran = true;
    };
    const task = kept(schedule(everySecond, handler, { locker: here, name: 'etl', guarantee: 'once-per-fire', maxRandomDelay: 2 ** 30 }));
    await jitterOf(task);
    await task.stop();
    expect(ran).toBe(false);
    expect(here.held()).toEqual([]);
    expect(store.calls).toEqual({ read: 0, create: 0, replace: 0, remove: 0 });
  });

  test('missed fires are counted and told', async () => {
    const { here } = fleet();
    const warnings: string[] = [];
    const task = kept(
      schedule(everySecond, () => {}, {
        locker: here,
        scope: 'events',
        name: 'etl',
        logger: { ...silent, warn: (message) => void warnings.push(message) },
      }),
    );
    await once(task, 'execution:finished');
    const end = Date.now() + 3_200;
    while (Date.now() < end);
    await once(task, 'execution:missed');
    expect(task.fires().missed).toBeGreaterThanOrEqual(1);
    expect(warnings[0]).toMatch(/Missed the fire of etl/);
  });

  test("an hour is the default maxHoldMs; a table's own comes first", async () => {
    const { here } = fleet({ resources: { events: {}, visits: { maxHoldMs: 60_000 } } });
    const holdMs = async (scope: string): Promise<number> => {
      const task = kept(schedule(never, async () => (await here.inspect(scope))[0], { locker: here, scope }));
      const outcome = await task.execute();
      const holder = outcome.status === 'ran' ? outcome.value : undefined;
      return (holder?.latestEnd?.getTime() ?? 0) - (holder?.since.getTime() ?? 0);
    };
    expect(await holdMs('events')).toBe(3_600_000);
    expect(await holdMs('visits')).toBe(60_000);
  });

  test('the store down: a table runs unprotected by default, a fire is skipped', async () => {
    const { here, store } = fleet({ resources: ['events'] });
    store.arm('every', 'reject-before', forever);
    const table = kept(schedule(never, () => 'ran', { locker: here, scope: 'events' }));
    const fire = kept(schedule(never, () => 'ran', { locker: here, name: 'etl', guarantee: 'once-per-fire' }));
    expect(await table.execute()).toMatchObject({ status: 'ran' });
    expect(await fire.execute()).toMatchObject({ status: 'skipped', reason: 'store-down' });
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['an unknown option', { onBussy: 'skip' }, 'onBussy'],
    ["node-cron's own coordination", { distributed: true }, 'distributed'],
    ['a bad lock option', { ttlMs: 1 }, 'ttlMs'],
    ['no scope', { scope: undefined }, 'scope'],
    ['an unknown guarantee', { guarantee: 'exactly-once' as never }, 'guarantee'],
    ['a fleet-wide guarantee without a name', { guarantee: 'both' }, 'name'],
    ['a scope that would be ignored', { guarantee: 'once-per-fire', name: 'etl' }, 'scope'],
    ['a hold that is too short', { guarantee: 'both', name: 'etl', slotHoldMs: 10 }, 'slotHoldMs'],
    ['no locker', { locker: undefined as never }, 'locker'],
    ['a name that no fire could have', { guarantee: 'both', name: 'a\n' }, 'name'],
    ['a name too long for the fires of execute()', { guarantee: 'both', name: 'x'.repeat(213) }, 'name'],
    ['a name that is no string', { name: 7 as never }, 'name'],
    ['a time zone that there is not', { timezone: 'Mars/Base' }, 'timezone'],
    ['a time zone that is no string', { timezone: 7 as never }, 'timezone'],
    ['a jitter that is no number', { maxRandomDelay: '5s' as never }, 'maxRandomDelay'],
    ['a tolerance below 0', { missedExecutionTolerance: -1 }, 'missedExecutionTolerance'],
    ['a wait for a fire', { guarantee: 'once-per-fire', name: 'etl', scope: undefined, onBusy: 'retry' }, 'onBusy'],
    ['a second word for slotHoldMs', { guarantee: 'once-per-fire', name: 'etl', scope: undefined, minHoldMs: 5_000 }, 'minHoldMs'],
  ])('P11: refuses %s', (_, change, path) => {
    const { here, store } = fleet();
    expect(() => schedule(never, () => {}, { locker: here, scope: 'events', ...change } as ScheduleOptions)).toThrow(
      expect.objectContaining({ name: 'InvalidOptionError', path }),
    );
    expect(store.calls.create).toBe(0);
  });

  test.each([
    ['61 * * * *', '"61 * * * *"; a cron expression of five fields is allowed, or of six with seconds first: 61 is'],
    ['hourly', '"hourly"'],
    [undefined, 'undefined'],
    [5, '5'],
  ])('P11: refuses %p as an expression, by what was received', (expression, said) => {
    const { here } = fleet();
    expect(() => schedule(expression as never, () => {}, { locker: here, scope: 'events' })).toThrow(
      expect.objectContaining({
        name: 'InvalidOptionError',
        path: 'expression',
        message: expect.stringContaining(`expression: received ${said}`),
      }),
    );
  });

  test('P11: a coordinator without a locker is refused', () => {
    for (const locker of [undefined, {}, memoryStore()])
      expect(() => runCoordinator(locker as never)).toThrow(
        expect.objectContaining({ name: 'InvalidOptionError', message: expect.stringMatching(/^locker: .*createLocker\(\)/) }),
      );
  });

  test('P11: refuses no handler and no options at all; the longest name is good for a manual run too', async () => {
    const { here } = fleet();
    for (const handler of [undefined, './job.js']) {
      expect(() => schedule(never, handler as never, { locker: here, scope: 'events' })).toThrow(
        expect.objectContaining({ name: 'InvalidOptionError', path: 'handler' }),
      );
    }
    for (const options of [undefined, null])
      expect(() => schedule(never, () => {}, options as never)).toThrow(
        expect.objectContaining({ name: 'InvalidOptionError', path: 'options' }),
      );
    const options = { locker: here, name: 'x'.repeat(212), guarantee: 'once-per-fire' } as const;
    expect(await kept(schedule(never, () => 'ran', options)).execute()).toMatchObject({ value: 'ran' });
  });

  test('P11: refuses a table that nobody listed, when it is scheduled', () => {
    const { here } = fleet({ resources: ['events'] });
    expect(() => schedule(never, () => {}, { locker: here, scope: 'evnets' })).toThrow(/did you mean "events"/);
  });
});

describe('runCoordinator', () => {
  const key = 'etl:2026-11-21T20:54:54.000Z';

  test('one instance has a fire, and a late one does not get it again', async () => {
    const { here, there } = fleet({ resources: ['events'] });
    const told: unknown[] = [];
    for (const event of ['skipped', 'busy', 'fire'] as const) there.on(event, (data) => void told.push(data));
    expect(await runCoordinator(here).shouldRun(key, 30_000)).toBe(true);
    expect(await runCoordinator(there).shouldRun(key, 30_000)).toBe(false);
    expect(await runCoordinator(here).shouldRun(key, 30_000)).toBe(false);
    expect(await runCoordinator(there).shouldRun(key.replace('54.000', '55.000'), 30_000)).toBe(true);
    expect(told).toMatchObject([
      {
        name: 'etl',
        slot: new Date('2026-11-21T20:54:54.000Z'),
        job: 'etl',
        outcome: 'elsewhere',
        holders: [{ job: 'etl', state: 'min-hold' }],
      },
      { name: 'etl', slot: new Date('2026-11-21T20:54:55.000Z'), outcome: 'taken', holders: [] },
    ]);
    expect([...here.held(), ...there.held()]).toEqual([]);
  });

  test('a fire stays taken for slotHoldMs or the lease, whichever is longer', async () => {
    const { here, there } = fleet();
    const short = { slotHoldMs: 1_000 };
    expect(await runCoordinator(here, short).shouldRun('a', 500)).toBe(true);
    expect(await runCoordinator(here, short).shouldRun('b', 60_000)).toBe(true);
    expect(await runCoordinator(here, short).shouldRun('a', 500)).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await runCoordinator(here, short).shouldRun('a', 500)).toBe(true);
    expect(await runCoordinator(there, short).shouldRun('b', 60_000)).toBe(false);
  });

  test("node-cron's own tasks: one runs, the other says not-elected", async () => {
    const { here, there } = fleet();
    const ran: string[] = [];
    const task = (locker: ResourceLocker, who: string): ScheduledTask =>
      kept(scheduleTask(everySecond, () => void ran.push(who), { name: 'etl', distributed: true, runCoordinator: runCoordinator(locker) }));
    const both = [task(here, 'here'), task(there, 'there')];
    const { reason } = await Promise.race(both.map((each) => once(each, 'execution:skipped')));
    expect(reason).toBe('not-elected');
    expect(ran).toHaveLength(1);
  });

  test('stop() during jitter, when node-cron never says that it is complete, leaks nothing', async () => {
    const { here } = fleet();
    const options = { name: 'etl', distributed: true, runCoordinator: runCoordinator(here), maxRandomDelay: 2 ** 30 };
    const task = kept(scheduleTask(everySecond, () => {}, options));
    await jitterOf(task);
    await task.stop();
    expect(here.held()).toEqual([]);
  });

  test("the store down: 'skip' by default, 'throw' is node-cron's coordinator-error, 'run' runs", async () => {
    const { here, store } = fleet();
    store.arm('every', 'reject-before', forever);
    expect(await runCoordinator(here).shouldRun(key, 30_000)).toBe(false);
    expect(await runCoordinator(here, { onStoreDown: 'run' }).shouldRun(key, 30_000)).toBe(true);
    const strict = { name: 'etl', distributed: true, runCoordinator: runCoordinator(here, { onStoreDown: 'throw' }), logger: silent };
    const task = kept(scheduleTask(everySecond, () => {}, strict));
    expect((await once(task, 'execution:skipped')).reason).toBe('coordinator-error');
  });

  test('a lost answer does not lose the fire', async () => {
    const { here, there, store } = fleet();
    store.arm('replace', 'reject-after');
    expect(await runCoordinator(here).shouldRun(key, 30_000)).toBe(true);
    expect(await runCoordinator(there).shouldRun(key, 30_000)).toBe(false);
  });

  test('P11: refuses bad options', () => {
    const { here } = fleet();
    expect(() => runCoordinator(here, { slotHoldMs: 0 })).toThrow(expect.objectContaining({ path: 'slotHoldMs' }));
    expect(() => runCoordinator(here, { onStoreDown: 'maybe' as never })).toThrow(expect.objectContaining({ path: 'onStoreDown' }));
  });
});
