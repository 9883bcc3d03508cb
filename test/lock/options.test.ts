import { describe, expect, test } from '@jest/globals';
import { createLocker, InvalidOptionError, UnknownResourceError } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { faultyStore } from '../../src/testing/index.ts';

const store = faultyStore(memoryStore());

describe('P11: bad input is refused before anything is sent', () => {
  const locker = createLocker({ store, resources: ['events', 'visits', 'analytics.rollup'] });
  const refused: [string, unknown, unknown, string][] = [
    ...[0, 999, 1000.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 31 * 86_400_000, '30s'].map(
      (ttlMs): [string, unknown, unknown, string] => [`ttlMs ${ttlMs}`, 'events', { ttlMs }, 'ttlMs'],
    ),
    ['minHoldMs > ttlMs', 'events', { ttlMs: 1_000, minHoldMs: 1_001 }, 'minHoldMs'],
    ['maxHoldMs 0', 'events', { maxHoldMs: 0 }, 'maxHoldMs'],
    ['an unknown option', 'events', { ttl: 1_000 }, 'ttl'],
    ['a list of options', 'events', [], 'options'],
    ['a list for retry', 'events', { retry: [] }, 'retry'],
    ['an unknown retry option', 'events', { retry: { maxWait: 1 } }, 'retry.maxWait'],
    ['an endless wait', 'events', { retry: { maxWaitMs: Number.POSITIVE_INFINITY } }, 'retry.maxWaitMs'],
    ['a policy that does not exist', 'events', { onStoreDown: 'wait' }, 'onStoreDown'],
    ['a signal that is none', 'events', { signal: {} }, 'signal'],
    ['no scope', undefined, undefined, 'scope'],
    ['an empty name', '', undefined, 'writes'],
    ['a name of 300 bytes', 'x'.repeat(300), undefined, 'writes'],
    ['a name with a newline', 'events\r\nflush_all', undefined, 'writes'],
    ['a name that is no string', [7], undefined, 'writes[0]'],
    ['a field that only every object has', { constructor: 'events' }, undefined, 'scope.constructor'],
    ['an option that only every object has', 'events', { retry: { toString: 1 } }, 'retry.toString'],
    ['a resource in two modes', { writes: 'events', reads: 'events' }, undefined, 'scope.reads'],
  ];

  test.each(refused)('%s', async (_, scope, options, path) => {
    store.resetCalls();
    for (const call of [
      () => locker.lock(scope as never, options as never),
      () => locker.tryLock(scope as never, options as never),
      () => locker.run(scope as never, () => {}, options as never),
    ]) {
      const error = await call().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(InvalidOptionError);
      expect((error as InvalidOptionError).path).toBe(path);
    }
    expect(store.calls).toEqual({ read: 0, create: 0, replace: 0, remove: 0 });
  });

  test.each<[string, unknown]>([
    ['run', (): Promise<unknown> => locker.run('events', undefined as never)],
    ['run', async (): Promise<unknown> => locker.run('events', { ttlMs: 1_000 } as never)],
    ['wrap', async (): Promise<unknown> => locker.wrap('events', undefined as never)],
  ])('%s without its work', async (_, call) => {
    store.resetCalls();
    const error = await (call as () => Promise<unknown>)().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'InvalidOptionError', path: 'work', message: expect.stringContaining('a function') });
    expect(store.calls).toEqual({ read: 0, create: 0, replace: 0, remove: 0 });
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['what is no lock', {}],
  ])('unlock of %s', async (_, lock) => {
    await expect(locker.unlock(lock as never)).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'lock' });
  });

  test.each<[string, unknown, string]>([
    ['null', null, 'options'],
    ['a number', 5_000, 'options'],
    ['an option that does not exist', { timeout: 5_000 }, 'timeout'],
    ['a timeout that is none', { timeoutMs: Number.NaN }, 'timeoutMs'],
  ])('close with %s', async (_, options, path) => {
    await expect(locker.close(options as never)).rejects.toMatchObject({ name: 'InvalidOptionError', path });
    await expect(locker.inspect('events')).resolves.toEqual([]);
  });

  test.each([new Map([['events', {}]]), new Set(['events'])])('resources in a collection, of which nothing would be seen', (resources) => {
    expect(() => createLocker({ store, resources } as never)).toThrow(
      expect.objectContaining({ name: 'InvalidOptionError', path: 'resources' }),
    );
  });

  test('an event that does not exist, and a listener that is no function', () => {
    for (const call of ['on', 'off'] as const) {
      const misspelt = (): unknown => locker[call]('skiped' as never, () => {});
      expect(misspelt).toThrow(InvalidOptionError);
      expect(misspelt).toThrow(
        /^event: received "skiped"; there is no such event; did you mean "skipped"\? Allowed: acquired, busy, .*notice$/,
      );
      expect(() => locker[call]('toString' as never, () => {})).toThrow(/there is no such event. Allowed: /);
      expect(() => locker[call]('skipped', undefined as never)).toThrow('listener: received undefined; a function is allowed');
    }
  });

  test('an unknown option, in whole sentences', () => {
    const message = (options: object): string => {
      try {
        createLocker({ store, ...options } as never);
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    expect(message({ retry: { maxwait: 3 } })).toMatch(/^retry.maxwait: received 3; there is no such option[;.] .*Allowed: maxWaitMs, /);
    expect(message({ retry: { xyzzy: 3 } })).toMatch(/^retry.xyzzy: received 3; there is no such option. Allowed: maxWaitMs, /);
    expect(message({ retry: { maxWaitms: 3 } })).toMatch(/there is no such option; did you mean "maxWaitMs"\? Allowed: /);
  });

  test('a table that nobody listed, with the nearest names', async () => {
    const error = (await locker.lock('evnts').catch((reason: unknown) => reason)) as UnknownResourceError;
    expect(error).toBeInstanceOf(UnknownResourceError);
    expect(error.nearest).toContain('events');
    expect(() => locker.wrap('evnts', () => {})).toThrow(UnknownResourceError);
    await expect(createLocker({ store, resources: ['events'], allowUnlisted: true }).run('evnts', () => 1)).resolves.toMatchObject({
      value: 1,
    });
  });

  test('a tenant of a listed table is listed with it, and has its settings', async () => {
    const tenants = createLocker({ store: memoryStore(), resources: { events: { ttlMs: 5_000 } } });
    const lock = await tenants.lock('events/acme');
    expect(Math.round(lock.remainingMs() / 1_000)).toBe(5);
    await expect(tenants.lock('visits/acme')).rejects.toThrow(UnknownResourceError);
    await lock.unlock();
  });

  test.each([
    [{}, 'store'],
    [{ store: {} }, 'store'],
    [{ store, namespace: 'a b' }, 'namespace'],
    [{ store, ttlMS: 5_000 }, 'ttlMS'],
    [{ store, ttlMs: 5 }, 'ttlMs'],
    [{ store, resources: { events: { ttl: 1 } } }, 'resources.events.ttl'],
    [{ store, resources: { events: { ttlMs: 1 } } }, 'resources.events.ttlMs'],
    [{ store, resources: ['events', 'public.events'] }, 'resources.public.events'],
    [{ store, defaultSchema: 42 }, 'defaultSchema'],
    [{ store, defaultSchema: 'a.b' }, 'defaultSchema'],
    [{ store, allowUnlisted: 'no' }, 'allowUnlisted'],
    [{ store, closesStore: 1 }, 'closesStore'],
    [{ store, clock: {} }, 'clock'],
  ])('createLocker(%j)', (options, path) => {
    expect(() => createLocker(options as never)).toThrow(expect.objectContaining({ name: 'InvalidOptionError', path }));
  });
});

describe('the nearest setting wins', () => {
  const locker = createLocker({
    store: memoryStore(),
    ttlMs: 40_000,
    resources: {
      events: { ttlMs: 20_000, maxHoldMs: 50_000 },
      visits: { ttlMs: 10_000, minHoldMs: 0, maxHoldMs: 90_000 },
      plain: {},
      lax: { ttlMs: 80_000 },
      slow: { minHoldMs: 15_000 },
    },
  });

  test.each([
    ['call over table', 'events', { ttlMs: 5_000 }, 5_000],
    ['table over locker', 'events', {}, 20_000],
    ['locker over default', 'plain', {}, 40_000],
    ['the smallest of several tables', ['events', 'visits'], {}, 10_000],
    ['undefined is not a setting', 'events', { ttlMs: undefined }, 20_000],
    ['a table that says nothing counts with what the locker says', ['lax', 'plain'], {}, 40_000],
    ['no smaller than the largest minHoldMs of several', ['slow', 'visits'], {}, 15_000],
  ])('%s', async (_, scope, options, expectedMs) => {
    const lock = await locker.lock(scope, options as never);
    expect(Math.round(lock.remainingMs() / 1000) * 1000).toBe(expectedMs);
    await lock.unlock();
  });
});

test('the default schema is folded like any name', async () => {
  await using locker = createLocker({ store: memoryStore(), defaultSchema: 'App', resources: ['app.events'] });
  expect((await locker.lock('Events')).scope.writes).toEqual(['events']);
});

test('a maxHoldMs past all dates is written as no end at all', async () => {
  const store = memoryStore();
  await using locker = createLocker({ store, maxHoldMs: Number.MAX_SAFE_INTEGER });
  await using other = createLocker({ store: store.connect() });
  await locker.lock({ appends: 'events' });
  const [holder] = await other.inspect('events');
  expect(holder).toMatchObject({ state: 'holding' });
  expect(holder).not.toHaveProperty('latestEnd');
  expect(await other.tryLock({ appends: 'events' })).toBeDefined();
});
