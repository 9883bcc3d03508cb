import { afterEach, describe, expect, test } from '@jest/globals';
import { createLocker, type LockerOptions, ResourceBusyError, type ResourceLocker } from '../../src/index.ts';
import { type MemoryStore, memoryStore } from '../../src/stores/memory.ts';
import { type FaultyStore, faultyStore } from '../../src/testing/index.ts';

const open: ResourceLocker[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((locker) => locker.close({ timeoutMs: 100 })));
});

/** Lockers over one backend, as in processes of their own. */
function fleet(...options: Partial<LockerOptions>[]): ResourceLocker[] {
  const backend = memoryStore();
  return options.map((each) => add({ store: backend.connect(), ...each }));
}

function add(options: LockerOptions): ResourceLocker {
  const locker = createLocker(options);
  open.push(locker);
  return locker;
}

describe('lock and unlock', () => {
  test('an uncontended exclusive lock and its release are two requests', async () => {
    const store = faultyStore(memoryStore());
    const locker = add({ store });
    for (let round = 0; round < 3; round++) await (await locker.lock('events')).unlock();
    expect(store.calls).toEqual({ read: 0, create: 3, replace: 0, remove: 3 });
  });

  test('a sharer that leaves others behind looks at the record first, and wins no race it need not run', async () => {
    const backend = memoryStore();
    const [first, second, third] = [backend, backend.connect(), backend.connect()].map((each) => faultyStore(each)) as [
      FaultyStore,
      FaultyStore,
      FaultyStore,
    ];
    const locks = [];
    for (const store of [first, second, third]) locks.push(await add({ store }).lock({ appends: 'events' }));
    second.resetCalls();
    await locks[1]?.unlock();
    expect(second.calls).toEqual({ read: 1, create: 0, replace: 1, remove: 0 });
  });

  test('tryLock on a busy resource is two requests, and one where the last attempt found it taken, in every mode', async () => {
    const backend = memoryStore();
    const store = faultyStore(backend.connect());
    const holder = add({ store: backend });
    const locker = add({ store });
    for (const held of ['writes', 'appends', 'reads']) {
      for (const asked of ['writes', 'appends', 'reads']) {
        if (asked === held && held !== 'writes') continue;
        const name = `${held}_${asked}`;
        const lock = await holder.lock({ [held]: name });
        store.resetCalls();
        expect(await locker.tryLock({ [asked]: name })).toBeUndefined();
        expect(store.calls).toEqual({ read: 1, create: 1, replace: 0, remove: 0 });
        expect(await locker.tryLock({ [asked]: name })).toBeUndefined();
        expect(store.calls).toEqual({ read: 2, create: 1, replace: 0, remove: 0 });
        await lock.unlock();
      }
    }
  });

  test('what is held here is known here: no request at all', async () => {
    const store = faultyStore(memoryStore());
    const locker = add({ store });
    const lock = await locker.lock('events');
    store.resetCalls();
    expect(await locker.tryLock('events')).toBeUndefined();
    expect(store.calls).toEqual({ read: 0, create: 0, replace: 0, remove: 0 });
    await lock.unlock();
  });

  test('tokens are 128 random bits, new at every acquisition, and never in logs', async () => {
    const [locker] = fleet({}) as [ResourceLocker];
    const first = await locker.lock('events');
    await first.unlock();
    const second = await locker.lock('events');
    expect(first.token).toMatch(/^[0-9a-f]{32}$/);
    expect(second.token).not.toBe(first.token);
    expect(JSON.stringify(second)).not.toContain(second.token);
    expect((await locker.inspect('events'))[0]?.token).toBe(second.token);
  });

  test('P4: a second unlock answers false and touches nobody', async () => {
    const [a, b] = fleet({}, {}) as [ResourceLocker, ResourceLocker];
    const first = await a.lock('events');
    expect(await a.unlock(first)).toBe(true);
    const second = await b.lock('events');
    expect(await first.unlock()).toBe(false);
    expect(await first.extend()).toBe(false);
    expect(await b.inspect('events')).toHaveLength(1);
    expect(await second.unlock()).toBe(true);
  });

  test('await using lets go, and never throws', async () => {
    const store = faultyStore(memoryStore());
    const locker = add({ store });
    {
      await using lock = await locker.lock('events');
      expect(lock.isProtected).toBe(true);
    }
    expect(await locker.inspect('events')).toEqual([]);
    const failed: unknown[] = [];
    locker.on('release-failed', ({ error }) => failed.push(error));
    {
      await using _lock = await locker.lock('events');
      store.arm('remove', 'reject-before');
    }
    expect(failed).toHaveLength(1);
  });

  test('environments and namespaces are worlds of their own', async () => {
    const [a, b, c] = fleet({}, { environment: 'staging' }, { namespace: 'other' }) as [ResourceLocker, ResourceLocker, ResourceLocker];
    const locks = [await a.tryLock('events'), await b.tryLock('events'), await c.tryLock('events')];
    expect(locks.every((lock) => lock !== undefined)).toBe(true);
  });
});

describe('P10: a refusal is explained', () => {
  test('which resource, who, since when, until when', async () => {
    const [a, b] = fleet({ job: 'rollup', maxHoldMs: 60_000 }, {}) as [ResourceLocker, ResourceLocker];
    const lock = await a.lock('events');
    const outcome = await b.run(['events', 'visits'], () => {});
    expect(outcome).toMatchObject({
      status: 'skipped',
      reason: 'busy',
      resource: 'events',
      holders: [{ resource: 'events', mode: 'write', job: 'rollup', pid: process.pid, state: 'holding', since: lock.acquiredAt }],
    });
    const error = (await b.lock('events', { retry: { maxWaitMs: 20 } }).catch((reason: unknown) => reason)) as ResourceBusyError;
    expect(error).toBeInstanceOf(ResourceBusyError);
    expect(error.holders[0]?.latestEnd?.getTime()).toBe((error.holders[0]?.since.getTime() ?? 0) + 60_000);
    expect(error.message).toContain('rollup');
    expect(error.waitedMs).toBeGreaterThanOrEqual(15);
  });
});

describe('run', () => {
  test('returns what the work returns, and lets go', async () => {
    const [locker] = fleet({}) as [ResourceLocker];
    const outcome = await locker.run('events', async (lock) => {
      expect(locker.held()).toEqual([lock]);
      expect(locker.current()).toBe(lock);
      return 42;
    });
    expect(outcome).toMatchObject({ status: 'ran', value: 42, lost: undefined, release: 'released' });
    expect(locker.held()).toEqual([]);
    expect(locker.current()).toBeUndefined();
  });

  test("P9: the work's own error reaches the caller, also when the release fails", async () => {
    const store = faultyStore(memoryStore());
    const locker = add({ store });
    store.arm('remove', 'reject-before', { times: 2 });
    await expect(
      locker.run('events', () => {
        throw new TypeError('mine');
      }),
    ).rejects.toThrow(new TypeError('mine'));
    store.disarm();
    await expect(locker.run('visits', () => 'result')).resolves.toMatchObject({ status: 'ran', value: 'result', release: 'released' });
  });

  test("P9: the work's result reaches the caller, and the failed release stands beside it", async () => {
    const store = faultyStore(memoryStore());
    const locker = add({ store });
    const failed: unknown[] = [];
    locker.on('release-failed', (event) => failed.push(event.error));
    store.arm('remove', 'reject-before');
    await expect(locker.run('events', () => 'result')).resolves.toMatchObject({ status: 'ran', value: 'result', release: 'failed' });
    expect(failed).toHaveLength(1);
  });

  test('retry waits; a retry that runs out is skipped', async () => {
    const [a, b] = fleet({}, {}) as [ResourceLocker, ResourceLocker];
    const lock = await a.lock('events');
    await expect(b.run('events', () => 1, { onBusy: 'retry', retry: { maxWaitMs: 30 } })).resolves.toMatchObject({
      status: 'skipped',
      reason: 'busy',
    });
    const waiting = b.run('events', () => 1, { onBusy: 'retry' });
    await lock.unlock();
    await expect(waiting).resolves.toMatchObject({ status: 'ran', value: 1 });
  });

  test('wrap passes arguments, and makes the scope from them', async () => {
    const [locker] = fleet({}) as [ResourceLocker];
    const wrapped = locker.wrap(
      (account: string) => `events/${account}`,
      async (lock, account) => `${account} under ${lock.scope.writes[0]}`,
    );
    await expect(wrapped('acme')).resolves.toMatchObject({ value: 'acme under events/acme' });
    const broken = locker.wrap(
      () => {
        throw new Error('scope');
      },
      () => {},
    );
    await expect(broken()).rejects.toThrow('scope');
  });
});

describe('P5: several resources', () => {
  test('are taken all or none', async () => {
    const [a, b] = fleet({}, {}) as [ResourceLocker, ResourceLocker];
    const lock = await a.lock('m');
    expect(await b.tryLock(['a', 'm', 'z'])).toBeUndefined();
    expect(await b.inspect('a')).toEqual([]);
    expect(await b.inspect('z')).toEqual([]);
    await lock.unlock();
    const all = await b.lock(['z', 'a', 'm']);
    expect(all.scope.writes).toEqual(['a', 'm', 'z']);
    expect(await all.unlock()).toBe(true);
  });

  test('no order of names deadlocks', async () => {
    const lockers = fleet({}, {}, {});
    let ran = 0;
    const names = ['a', 'b', 'c', 'd'];
    await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const scope = names.filter((_, bit) => ((index + 1) * 7) & (1 << bit)).reverse();
        const locker = lockers[index % 3] as ResourceLocker;
        const outcome = await locker.run(scope.length === 0 ? 'a' : scope, () => ran++, {
          onBusy: 'retry',
          retry: { maxWaitMs: 20_000, delayMs: 2 },
        });
        expect(outcome.status).toBe('ran');
      }),
    );
    expect(ran).toBe(60);
  });

  test('a table of a listed schema joins the schema: a backfill and a job exclude each other, two jobs do not', async () => {
    const resources = ['analytics.*', 'analytics.visits', 'analytics.pages'];
    const [a, b] = fleet({ resources }, { resources }) as [ResourceLocker, ResourceLocker];
    const visits = await a.lock('analytics.visits');
    const pages = await b.lock('analytics.pages');
    expect(await b.tryLock('analytics.*')).toBeUndefined();
    await visits.unlock();
    await pages.unlock();
    const backfill = await b.lock('analytics.*');
    expect(await a.tryLock({ appends: 'analytics.visits' })).toBeUndefined();
    await backfill.unlock();
  });

  test('a listed schema covers its tables also where unlisted names are allowed', async () => {
    const options = { resources: ['analytics.*'], allowUnlisted: true };
    const [a, b] = fleet(options, options) as [ResourceLocker, ResourceLocker];
    const lock = await a.lock('analytics.anything');
    expect(await b.tryLock('analytics.*')).toBeUndefined();
    expect(await b.tryLock('elsewhere')).toBeDefined();
    await lock.unlock();
  });
});

describe('re-entrancy', () => {
  test('an inner run of the same or a weaker mode joins, and lets nothing go', async () => {
    const store = faultyStore(memoryStore());
    const locker = add({ store });
    await locker.run('events', async (outer) => {
      store.resetCalls();
      const inner = await locker.run({ appends: 'events' }, async (lock) => {
        expect(lock.token).toBe(outer.token);
        return locker.run({ reads: 'events' }, () => 'deep');
      });
      expect(inner).toMatchObject({ status: 'ran', value: { status: 'ran', value: 'deep', release: 'kept' }, release: 'kept' });
      const joined = await locker.lock('events');
      expect(await joined.unlock()).toBe(true);
      expect(store.calls).toEqual({ read: 0, create: 0, replace: 0, remove: 0 });
      expect(await locker.inspect('events')).toHaveLength(1);
    });
    expect(await locker.inspect('events')).toEqual([]);
  });

  test('a stronger mode on a held name is refused as wrong usage', async () => {
    const [locker] = fleet({}) as [ResourceLocker];
    await locker.run({ reads: 'events' }, async () => {
      await expect(locker.run('events', () => {})).rejects.toMatchObject({ code: 'ERR_GIVEWAY_UPGRADE' });
    });
  });

  test('a name that sorts before a held one is tried once', async () => {
    const [a, b] = fleet({}, {}) as [ResourceLocker, ResourceLocker];
    const taken = await b.lock('a');
    await a.run('m', async () => {
      await expect(a.lock('a')).rejects.toBeInstanceOf(ResourceBusyError);
      const later = a.lock('z');
      await (await later).unlock();
    });
    await taken.unlock();
  });

  test('what outlives the run gets nothing from it', async () => {
    const [locker] = fleet({}) as [ResourceLocker];
    let detached: Promise<unknown> | undefined;
    let letGo = (): void => {};
    const ended = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    await locker.run('events', () => {
      detached = ended.then(async () => [locker.current(), await locker.run('events', (lock) => lock.token)]);
    });
    const other = await locker.lock('events');
    letGo();
    expect(await detached).toMatchObject([undefined, { status: 'skipped', reason: 'busy' }]);
    await other.unlock();
  });
});

describe('hand-over', () => {
  test('another process carries the lock on, under a new token', async () => {
    const [a, b, c] = fleet({ job: 'producer' }, {}, {}) as [ResourceLocker, ResourceLocker, ResourceLocker];
    const lock = await a.lock({ writes: 'events', reads: 'visits' });
    const handed = JSON.parse(JSON.stringify(await lock.handOver()));
    expect(a.held()).toEqual([]);
    expect(await c.tryLock('events')).toBeUndefined();
    const restored = await b.restore(handed);
    expect(restored.token).not.toBe(lock.token);
    expect(await lock.unlock()).toBe(false);
    expect(await c.inspect('events')).toMatchObject([{ token: restored.token, job: 'producer' }]);
    expect(await restored.unlock()).toBe(true);
    await expect(b.restore(handed)).rejects.toMatchObject({ name: 'LockLostError', reason: 'vanished' });
  });

  test('a sharer beside others hands over an entry of its own', async () => {
    const [a, b] = fleet({}, {}) as [ResourceLocker, ResourceLocker];
    const stays = await a.lock({ appends: 'events' });
    const goes = await a.lock({ appends: 'events' });
    const restored = await b.restore(await goes.handOver());
    expect(await a.inspect('events')).toHaveLength(2);
    expect(await stays.unlock()).toBe(true);
    expect(await a.inspect('events')).toMatchObject([{ token: restored.token }]);
    expect(await restored.unlock()).toBe(true);
  });
});

describe('events', () => {
  test('tell what happened, without tokens; a listener that throws harms nobody', async () => {
    const [a, b] = fleet({ job: 'A' }, { job: 'B' }) as [ResourceLocker, ResourceLocker];
    const seen: string[] = [];
    for (const event of ['acquired', 'busy', 'waiting', 'skipped', 'released', 'extended'] as const) {
      b.on(event, () => {
        throw new Error('listener');
      });
      b.on(event, () => void seen.push(event));
    }
    const lock = await a.lock('events');
    await b.run('events', () => {});
    const waits = new Promise<void>((resolve) => b.on('waiting', () => resolve()));
    const waiting = b.run('events', (mine) => mine.extend(5_000), { onBusy: 'retry' });
    await waits;
    await lock.unlock();
    await waiting;
    expect(seen).toEqual(['busy', 'skipped', 'busy', 'waiting', 'acquired', 'extended', 'released']);
  });

  test('a lock() that gives up is told as a skip, whatever ended its wait', async () => {
    const [a, b] = fleet({ job: 'A' }, { job: 'B' }) as [ResourceLocker, ResourceLocker];
    const skips: { reason: string; resource: string; holders: readonly { job?: string }[]; waitedMs: number }[] = [];
    b.on('skipped', (event) => void skips.push(event));
    const lock = await a.lock('events');
    const leaving = new AbortController();
    b.on('waiting', () => leaving.abort());
    await expect(b.lock('events', { signal: leaving.signal })).rejects.toMatchObject({ name: 'AbortError' });
    await expect(b.lock('events', { retry: { maxWaitMs: 20 } })).rejects.toThrow(ResourceBusyError);
    expect(await b.tryLock('events')).toBeUndefined();
    await lock.unlock();
    await (await b.lock('events')).unlock();
    expect(skips).toMatchObject([
      { reason: 'aborted', resource: 'events', job: 'B', holders: [{ job: 'A' }] },
      { reason: 'busy', resource: 'events', job: 'B', holders: [{ job: 'A' }] },
    ]);
    expect(skips[1]?.waitedMs).toBeGreaterThan(15); // timers may come a little early
  });

  test('say which acquisition they belong to, also when a lock goes to another process', async () => {
    const [a, b] = fleet({ maxHoldMs: 60_000 }, {}) as [ResourceLocker, ResourceLocker];
    const acquired: number[] = [];
    const released: [number, string][] = [];
    for (const locker of [a, b]) {
      locker.on('acquired', ({ id }) => acquired.push(id));
      locker.on('released', ({ id, release }) => released.push([id, release]));
    }
    const limits: number[] = [];
    a.on('acquired', ({ maxHoldMs }) => limits.push(maxHoldMs));
    const first = await a.lock({ appends: 'events' });
    const second = await a.lock({ appends: 'events' });
    const restored = await b.restore(await second.handOver());
    await first.unlock();
    await restored.unlock();
    const [one, two, three] = acquired as [number, number, number];
    expect(new Set(acquired).size).toBe(3);
    expect(released).toEqual([
      [two, 'handed-over'],
      [one, 'released'],
      [three, 'released'],
    ]);
    expect(limits).toEqual([60_000, 60_000]);
  });
});

describe('close', () => {
  test('aborts the work, lets it end, releases, refuses what comes after', async () => {
    const backend = memoryStore();
    const locker = add({ store: backend.connect() });
    const manual = await locker.lock('visits');
    const waiter = (await fleetOn(backend)).lock('visits');
    const own = locker.lock('visits').catch((error: unknown) => error);
    let started = (): void => {};
    const working = new Promise<void>((resolve) => {
      started = resolve;
    });
    const run = locker.run('events', async (lock) => {
      started();
      await new Promise((resolve) => lock.signal.addEventListener('abort', resolve));
      return lock.signal.reason;
    });
    await working;
    await locker.close();
    await expect(run).resolves.toMatchObject({ status: 'ran', value: { name: 'LockLostError', reason: 'closed' } });
    expect(await own).toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
    expect(manual.signal.aborted).toBe(true);
    await (await waiter).unlock();
    await expect(locker.lock('events')).rejects.toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
    await expect(locker.run('events', () => {})).resolves.toMatchObject({ status: 'skipped', reason: 'closed' });
    expect(locker.held()).toEqual([]);
  });

  test('does not wait for work that never ends', async () => {
    const [locker, other] = fleet({}, {}) as [ResourceLocker, ResourceLocker];
    void locker.run('events', () => new Promise<never>(() => {}));
    await locker.close({ timeoutMs: 20 });
    expect(await other.inspect('events')).toEqual([]);
    expect(await locker.inspect('events')).toEqual([]);
  });
});

async function fleetOn(backend: MemoryStore): Promise<ResourceLocker> {
  return add({ store: backend.connect() });
}
