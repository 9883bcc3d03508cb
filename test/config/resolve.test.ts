import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ConfigInputs, type ResolvedConfig, resolveConfig } from '../../src/config/resolve.ts';
import { createLocker } from '../../src/lock/api/locker.ts';
import { ConfigError } from '../../src/lock/errors.ts';
import { memoryStore } from '../../src/stores/memory.ts';

function resolve(file: unknown, rest: Partial<ConfigInputs> = {}): ResolvedConfig {
  return resolveConfig('giveway.config.json', { file, envName: undefined, variables: {}, overrides: undefined, ...rest });
}

/** The lines of the error, without the file's name. */
function problemsOf(file: unknown, rest: Partial<ConfigInputs> = {}): readonly string[] {
  try {
    resolve(file, rest);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).toBe(`giveway.config.json:\n${error.problems.map(({ path, message }) => `  ${path}: ${message}`).join('\n')}`);
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

describe('a config without problems', () => {
  test('needs a store only', () => {
    expect(resolve({ store: 'memory:' })).toEqual({ store: 'memory:', envName: undefined, isDisabled: false });
  });

  test('has every resource under its normalised name, from a list or with settings', () => {
    expect(resolve({ store: 'memory:', resources: ['public.Events', '"Visits"', 'Analytics.*'] }).resources).toEqual({
      events: {},
      '"Visits"': {},
      'analytics.*': {},
    });
    expect(
      resolve({ store: 'memory:', defaultSchema: 'Mart', resources: { 'mart.a': { ttlMs: 5_000 }, 'public.b': {} } }).resources,
    ).toEqual({
      a: { ttlMs: 5_000 },
      'public.b': {},
    });
  });

  test('takes Infinity as a number, and as a text since JSON has none', () => {
    const config = resolve({
      store: 'memory:',
      maxHoldMs: 'Infinity',
      retry: { maxAttempts: Number.POSITIVE_INFINITY },
      resources: { a: { maxHoldMs: 'Infinity' } },
    });
    expect(config).toMatchObject({ maxHoldMs: Infinity, retry: { maxAttempts: Infinity }, resources: { a: { maxHoldMs: Infinity } } });
  });

  test('may hold fields that are undefined', () => {
    expect(resolve({ store: 'memory:', ttlMs: undefined, resources: undefined, retry: undefined })).toEqual({
      store: 'memory:',
      envName: undefined,
      isDisabled: false,
    });
  });
});

describe('what wins', () => {
  const file = {
    store: 'memory:',
    namespace: 'file',
    ttlMs: 10_000,
    retry: { maxWaitMs: 1_000, delayMs: 10 },
    starveAfter: { skips: 5 },
    resources: ['events', 'visits'],
    environments: {
      production: {
        namespace: 'block',
        environment: 'production',
        retry: { maxWaitMs: 2_000 },
        starveAfter: { ms: 60_000 },
        resources: { 'public.EVENTS': { ttlMs: 5_000 }, rollup: {} },
      },
    },
  };

  test('the block named by envName, else GIVEWAY_ENV, else NODE_ENV, is laid over the file field by field', () => {
    const expected = {
      namespace: 'block',
      environment: 'production',
      ttlMs: 10_000,
      retry: { maxWaitMs: 2_000, delayMs: 10 },
      starveAfter: { skips: 5, ms: 60_000 },
      resources: { events: { ttlMs: 5_000 }, visits: {}, rollup: {} },
      envName: 'production',
    };
    expect(resolve(file, { variables: { NODE_ENV: 'production' } })).toMatchObject(expected);
    expect(resolve(file, { variables: { NODE_ENV: 'test', GIVEWAY_ENV: 'production' } })).toMatchObject(expected);
    expect(resolve(file, { variables: { GIVEWAY_ENV: 'typo' }, envName: 'production' })).toMatchObject(expected);
    expect(resolve(file, { variables: { NODE_ENV: 'constructor' } })).toMatchObject({ namespace: 'file', envName: undefined });
  });

  test('variables win over the file, overrides over variables; an empty variable is none', () => {
    const variables = { NODE_ENV: 'production', GIVEWAY_STORE: 'memcached://v', GIVEWAY_NAMESPACE: 'v', GIVEWAY_ENVIRONMENT: '' };
    expect(resolve(file, { variables })).toMatchObject({ store: 'memcached://v', namespace: 'v', environment: 'production' });
    expect(resolve(file, { variables, overrides: { namespace: 'o', retry: { delayMs: 3 } } })).toMatchObject({
      store: 'memcached://v',
      namespace: 'o',
      retry: { maxWaitMs: 2_000, delayMs: 3 },
    });
  });

  test('limits are laid over each other table by table, mode by mode', () => {
    const limited = {
      store: 'memory:',
      resources: { events: { limits: { appends: 4, reads: 2 } }, visits: { limits: { reads: 9 } } },
      environments: { production: { resources: { EVENTS: { limits: { appends: 8 } } } } },
    };
    expect(resolve(limited, { envName: 'production' }).resources).toEqual({
      events: { limits: { appends: 8, reads: 2 } },
      visits: { limits: { reads: 9 } },
    });
  });

  test('GIVEWAY_HOST wins over the file, overrides over it; an empty one is none', () => {
    const hosted = { store: 'memory:', host: 'file' };
    expect(resolve(hosted, { variables: { GIVEWAY_HOST: '' } }).host).toBe('file');
    expect(resolve(hosted, { variables: { GIVEWAY_HOST: 'pod-7' } }).host).toBe('pod-7');
    expect(resolve(hosted, { variables: { GIVEWAY_HOST: 'pod-7' }, overrides: { host: 'call' } }).host).toBe('call');
  });

  test('GIVEWAY_DISABLED needs no store', () => {
    for (const [text, isDisabled] of Object.entries({ 1: true, true: true, TRUE: true, 0: false, false: false, '': false })) {
      expect(resolve(file, { variables: { GIVEWAY_DISABLED: text } }).isDisabled).toBe(isDisabled);
    }
    expect(resolve({}, { variables: { GIVEWAY_DISABLED: '1' } })).toEqual({ envName: undefined, isDisabled: true });
  });
});

describe('problems, each with its path, the value received and what is allowed', () => {
  const only = (fields: object): readonly string[] => problemsOf({ store: 'memory:', ...fields });
  const schemes =
    'memcached:, memcacheds:, postgres:, postgresql:, mysql:, mariadb:, redis:, rediss:, shedlock+postgres:, shedlock+postgresql:, shedlock+redis:, shedlock+rediss:, shedlock+memcached:, shedlock+memcacheds:, dynamodb:, momento:, etcd:, etcds:, zookeeper:, sqlite:, memory:';
  const listForAll = 'ttlMs, maxHoldMs, minHoldMs, retry, onBusy, onStoreDown';
  const listOfTable = `${listForAll}, limits`;
  const wholeMs = (min: number, max: number): string => `an integer from ${min} to ${max} (milliseconds) is allowed`;

  test('P11: all of a bad file at once', () => {
    expect(
      problemsOf(
        {
          store: 'memcache://u:hunter2@h:11211',
          ttlMs: 500,
          tlMs: 3,
          maxHoldMs: 'infinity',
          namespace: 'a b',
          retry: { maxWaitMs: -1, delay: 3 },
          onBusy: 'wait',
          starveAfter: { skip: 3, ms: 0 },
          resources: {
            events: { ttlMs: 2_000, minHoldMs: 3_000 },
            'public.Events': {},
            'a..b': {},
            x: 3,
            'analytics.visits': { ttl: 3, retry: { delayms: 1 }, limits: { appends: 0, append: 3 } },
          },
          environments: { production: { ttlMs: 20_000, resources: ['rollup', 'ROLLUP', 3, ''] }, stage: 3 },
        },
        {
          variables: { GIVEWAY_ENV: 'prodution', GIVEWAY_NAMESPACE: '!', GIVEWAY_HOST: 'a\tb', GIVEWAY_DISABLED: 'yes' },
          overrides: { heartbeat: 'on', retry: { maxDelayMs: 0 } } as never,
        },
      ),
    ).toEqual([
      `store: received "memcache://***@h:11211"; there is no such kind of store (did you mean "memcached"?); allowed: ${schemes}`,
      'namespace: received "a b"; letters, digits, ".", "_" and "-" are allowed, 40 characters at most',
      'resources.x: received 3; an object of settings is allowed, {} for none',
      'resources["analytics.visits"].retry.delayms: received 1; there is no such field (did you mean "delayMs"?); allowed: maxWaitMs, delayMs, maxDelayMs, maxAttempts',
      'resources["analytics.visits"].limits.appends: received 0; a whole number from 1 up is allowed',
      'resources["analytics.visits"].limits.append: received 3; there is no such field (did you mean "appends"?); allowed: appends, reads',
      `resources["analytics.visits"].ttl: received 3; there is no such field (did you mean "ttlMs"?); allowed: ${listOfTable}`,
      `ttlMs: received 500; ${wholeMs(1_000, 86_400_000)}`,
      'maxHoldMs: received "infinity"; an integer from 1000 (milliseconds) or Infinity ("Infinity" in JSON) is allowed',
      `retry.maxWaitMs: received -1; ${wholeMs(0, 2_147_483_647)}`,
      'retry.delay: received 3; there is no such field (did you mean "delayMs"?); allowed: maxWaitMs, delayMs, maxDelayMs, maxAttempts',
      'onBusy: received "wait"; "skip" or "retry" is allowed',
      'starveAfter.ms: received 0; an integer from 1 (milliseconds) or Infinity ("Infinity" in JSON) is allowed',
      'starveAfter.skip: received 3; there is no such field (did you mean "skips"?); allowed: skips, ms',
      'environments.production.resources[2]: received 3; a name is a non-empty string',
      'environments.stage: received 3; an object of settings is allowed',
      `tlMs: received 3; there is no such field (did you mean "ttlMs"?); allowed: $schema, store, namespace, environment, defaultSchema, database, dialect, resources, jobs, host, maxWaiters, nesting, allowUnlisted, job, heartbeat, ${listForAll}, starveAfter, onStarving, environments`,
      'GIVEWAY_NAMESPACE: received "!"; letters, digits, ".", "_" and "-" are allowed, 40 characters at most',
      'GIVEWAY_HOST: received "a\\tb"; a name of 1 to 255 characters without control characters is allowed',
      'overrides.heartbeat: received "on"; true or false is allowed',
      `overrides.retry.maxDelayMs: received 0; ${wholeMs(1, 2_147_483_647)}`,
      'GIVEWAY_ENV: received "prodution"; `environments` has production, stage; did you mean "production"?',
      'GIVEWAY_DISABLED: received "yes"; 1, true, 0 or false is allowed',
      'resources["public.Events"]: received "public.Events"; that is the same table as "events": list it once',
      'resources["a..b"]: received "a..b"; a part of a dotted name is empty',
      'resources.events.minHoldMs: received 3000; at most ttlMs is allowed, here 2000 (resources.events.ttlMs)',
      'environments.production.resources[1]: received "ROLLUP"; that is the same table as "rollup": list it once',
      'environments.production.resources[3]: received ""; a name is a non-empty string of at most 255 bytes without control characters',
    ]);
  });

  test.each([
    [null, '(config): received null; an object is allowed'],
    [[], '(config): received an array; an object is allowed'],
    ['./base.json', '(config): received "./base.json"; an object is allowed'],
    [() => ({}), '(config): received a function; an object is allowed'],
  ])('a file that holds %p', (file, problem) => {
    expect(problemsOf(file)).toContain(problem);
  });

  test.each([
    [{}, 'store: missing; give a URL such as memcached://localhost:11211 here, or set GIVEWAY_STORE'],
    [{ store: null }, 'store: received null; a store URL is allowed; in a js or ts config also a store, or a function that opens one'],
    [{ store: '' }, 'store: received a text of 0 characters; a URL such as memcached://localhost:11211 is allowed'],
    [{ store: 'sqlite' }, 'store: received a text of 6 characters; "sqlite" is a kind of store and no URL yet; sqlite: is one'],
    [{ store: 'redis' }, 'store: received a text of 5 characters; "redis" is a kind of store and no URL yet; redis://host:6379/0 is one'],
    [{ store: 'http://h' }, `store: received "http://h"; there is no such kind of store; allowed: ${schemes}`],
    [
      { store: 'localhost:11211' },
      'store: received "localhost:11211"; its kind belongs in front, such as memcached://localhost:11211 or redis://localhost:6379',
    ],
    [
      { store: 'postgres://h/db?tabel=x&sslmode=require' },
      'store: received "postgres://h/db?tabel=x&sslmode=require"; it has no parameter "tabel" (did you mean "table"?); allowed: table, createTable, listen, timeoutMs, and those of its client',
    ],
  ])('a store of %p', (file, problem) => {
    expect(problemsOf(file)).toEqual([problem]);
  });

  test.each([999, 0, -1, 1_000.5, Number.NaN, Number.POSITIVE_INFINITY, 86_400_001, '30s', null, 10n])('ttlMs: %p', (ttlMs) => {
    const shown = typeof ttlMs === 'bigint' ? '10n' : typeof ttlMs === 'string' ? '"30s"' : String(ttlMs);
    expect(only({ ttlMs })).toEqual([`ttlMs: received ${shown}; ${wholeMs(1_000, 86_400_000)}`]);
    expect(only({ resources: { a: { ttlMs } } })).toEqual([`resources.a.ttlMs: received ${shown}; ${wholeMs(1_000, 86_400_000)}`]);
  });

  test.each([999, 0, 1_000.5, Number.NaN, Number.NEGATIVE_INFINITY, '5m', null])('maxHoldMs: %p', (maxHoldMs) => {
    expect(only({ maxHoldMs })).toEqual([
      expect.stringMatching(/^maxHoldMs: received .*; an integer from 1000 \(milliseconds\) or Infinity/),
    ]);
  });

  test.each([
    [{ minHoldMs: -1 }, `minHoldMs: received -1; ${wholeMs(0, 86_400_000)}`],
    [{ heartbeat: 1 }, 'heartbeat: received 1; true or false is allowed'],
    [{ allowUnlisted: 'yes' }, 'allowUnlisted: received "yes"; true or false is allowed'],
    [{ job: '' }, 'job: received ""; a non-empty string is allowed'],
    [
      { environment: 'x'.repeat(41) },
      `environment: received "${'x'.repeat(41)}"; letters, digits, ".", "_" and "-" are allowed, 40 characters at most`,
    ],
    [{ host: '' }, 'host: received ""; a name of 1 to 255 characters without control characters is allowed'],
    [{ host: 7 }, 'host: received 7; a name of 1 to 255 characters without control characters is allowed'],
    [{ maxWaiters: 0 }, 'maxWaiters: received 0; a whole number from 1 up is allowed'],
    [{ maxWaiters: 1.5 }, 'maxWaiters: received 1.5; a whole number from 1 up is allowed'],
    [{ nesting: 'none' }, 'nesting: received "none"; "context" or "explicit" is allowed'],
    [{ limits: { appends: 4 } }, expect.stringMatching(/^limits: received an object; there is no such field; allowed: /)],
    [{ resources: { limits: { limits: 3 } } }, 'resources.limits.limits: received 3; an object { appends, reads } is allowed'],
    [{ resources: { a: { limits: { reads: '4' } } } }, 'resources.a.limits.reads: received "4"; a whole number from 1 up is allowed'],
    [{ defaultSchema: 'a.b' }, 'defaultSchema: received "a.b"; the name of one schema is allowed'],
    [{ retry: 3 }, 'retry: received 3; an object { maxWaitMs, delayMs, maxDelayMs, maxAttempts } is allowed'],
    [{ retry: { maxAttempts: 0 } }, 'retry.maxAttempts: received 0; an integer from 1 or Infinity ("Infinity" in JSON) is allowed'],
    [{ onStoreDown: 'wait' }, 'onStoreDown: received "wait"; "run" or "skip" or "throw" is allowed'],
    [{ resources: 'events' }, 'resources: received "events"; a list of names, or an object { name: settings }, is allowed'],
    [
      { resources: ['a\nb'] },
      'resources[0]: received "a\\nb"; a name is a non-empty string of at most 255 bytes without control characters',
    ],
    [{ resources: { events: { job: 'x' } } }, `resources.events.job: received "…"; there is no such field; allowed: ${listOfTable}`],
    [{ environments: [] }, 'environments: received an array; an object { name: settings } is allowed'],
    [
      { environments: { a: { environments: {} } } },
      expect.stringMatching(
        /^environments.a.environments: received an object; there is no such field \(did you mean "environment"\?\); allowed: store, /,
      ),
    ],
    [{ job: 'x'.repeat(200), ttlMs: 'x'.repeat(200) }, `ttlMs: received "${'x'.repeat(80)}…"; ${wholeMs(1_000, 86_400_000)}`],
  ])('%j', (fields, problem) => {
    expect(only(fields)).toEqual([problem]);
  });

  test('minHoldMs > ttlMs, wherever the two come from', () => {
    expect(only({ minHoldMs: 30_001 })).toEqual(['minHoldMs: received 30001; at most ttlMs is allowed, here 30000 (the default)']);
    expect(only({ minHoldMs: 20_000, resources: { Events: { ttlMs: 10_000 } } })).toEqual([
      'minHoldMs: received 20000; at most ttlMs is allowed, here 10000 (resources.Events.ttlMs)',
    ]);
    expect(
      only({ resources: { 'public.events': { minHoldMs: 20_000 } }, environments: { dev: { resources: { events: { ttlMs: 5_000 } } } } }),
    ).toEqual([
      'resources["public.events"].minHoldMs: received 20000; at most ttlMs is allowed, here 5000 (environments.dev.resources.events.ttlMs)',
    ]);
    expect(problemsOf({ store: 'memory:', ttlMs: 5_000 }, { overrides: { minHoldMs: 6_000 } })).toEqual([
      'overrides.minHoldMs: received 6000; at most ttlMs is allowed, here 5000 (ttlMs)',
    ]);
    expect(only({ minHoldMs: 30_000, resources: { a: { ttlMs: 60_000, minHoldMs: 60_000 } } })).toEqual([]);
  });
});

describe('credentials', () => {
  test('are in no message, whatever field they got into', () => {
    const secret = 'postgres://reporter:hunter2@warehouse/db';
    const everywhere = {
      [secret]: 1,
      $schema: 3,
      store: 'eyJodW50ZXIyIjoxfQ.hunter2',
      namespace: secret,
      environment: secret,
      defaultSchema: secret,
      job: { secret },
      ttlMs: secret,
      onBusy: `${'x'.repeat(60)}${secret}`,
      resources: { [secret]: { ttlMs: secret }, [`${secret}/"`]: 3 },
      environments: {
        [secret]: secret,
        b: { store: 'user:hunter2@host' },
        c: { store: 'hunter2' },
        d: { store: 'redis://:hunter2' },
        e: { store: 'memory:hunter2' },
      },
    };
    const variables = {
      GIVEWAY_STORE: 'memcached://u:hunter2/@h',
      GIVEWAY_NAMESPACE: secret,
      GIVEWAY_ENV: secret.replace('r', 's'),
      GIVEWAY_DISABLED: secret,
    };
    const problems = problemsOf(everywhere, { variables, overrides: { store: 'memcached://u:hunter2@h:x' } });
    expect(problems.length).toBeGreaterThan(15);
    expect(problems.join('\n')).not.toContain('hunter2');
  });
});

describe('whatever a file holds', () => {
  const inputs = { envName: undefined, variables: {}, overrides: undefined };

  /** A config, or a ConfigError with at least one problem. */
  function judge(file: unknown): ResolvedConfig | undefined {
    try {
      return resolveConfig('x', { ...inputs, file });
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as ConfigError).problems.length).toBeGreaterThan(0);
      expect(inspect(error)).not.toMatch(/undefined:|\[object/);
      return undefined;
    }
  }

  test('JSON of any kind', () => {
    fc.assert(fc.property(fc.jsonValue(), (file) => void judge(file)));
    for (const text of [
      '{"__proto__":{"store":"memory:"}}',
      '{"store":"memory:","resources":{"__proto__":{"x":1}}}',
      '{"environments":{"__proto__":{"ttlMs":1}}}',
    ])
      judge(JSON.parse(text));
  });

  const mostly = <T>(good: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
    fc.oneof({ arbitrary: good, weight: 40 }, { arbitrary: fc.oneof(fc.jsonValue(), fc.double()), weight: 1 });
  const optional = { requiredKeys: [] };
  const retry = mostly(
    fc.record({ maxWaitMs: fc.nat(), delayMs: fc.integer({ min: 1, max: 99 }), maxAttempts: fc.constantFrom(1, 'Infinity') }, optional),
  );
  const table = {
    ttlMs: mostly(fc.integer({ min: 1_000, max: 86_400_000 })),
    maxHoldMs: mostly(fc.constantFrom(1_000, 99_000, 'Infinity')),
    minHoldMs: mostly(fc.nat({ max: 1_100 })),
    retry,
    onBusy: mostly(fc.constantFrom('skip', 'retry')),
    onStoreDown: mostly(fc.constantFrom('run', 'skip', 'throw')),
  };
  const name = fc.oneof(
    fc.constantFrom('events', 'public.events', 'EVENTS', 'a', '"Events"', 'a.*', 'a.b/c', 'constructor', '__proto__'),
    fc.stringMatching(/^[a-z]{3,9}$/),
    fc.string({ maxLength: 5 }),
  );
  const resources = mostly(fc.oneof(fc.array(name, { maxLength: 3 }), fc.dictionary(name, fc.record(table, optional), { maxKeys: 3 })));
  const settings = {
    namespace: mostly(fc.constantFrom('n', 'giveway-2')),
    environment: mostly(fc.constant('production')),
    defaultSchema: mostly(fc.constantFrom('public', 'a', 'Events', '"A"')),
    job: mostly(fc.constant('refresh')),
    heartbeat: mostly(fc.boolean()),
    host: mostly(fc.constant('pod-7')),
    maxWaiters: mostly(fc.integer({ min: 1 })),
    nesting: mostly(fc.constantFrom('context', 'explicit')),
    allowUnlisted: mostly(fc.boolean()),
    resources,
    ...table,
    starveAfter: mostly(fc.record({ skips: fc.constantFrom(1, 'Infinity'), ms: fc.constant(60_000) }, optional)),
    onStarving: mostly(fc.constantFrom('event', 'wait')),
  };
  const nearConfig = fc.record(
    {
      store: mostly(fc.constant('memory:')),
      ...settings,
      environments: fc.dictionary(fc.string(), fc.record(settings, optional), { maxKeys: 2 }),
    },
    { requiredKeys: ['store'] },
  );

  test('what looks like a config: what is accepted, a locker accepts too', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(nearConfig, async (file) => {
        const config = judge(file);
        if (config === undefined) return;
        accepted++;
        const { envName: _, isDisabled: __, ...settings } = config;
        const locker = createLocker({ ...settings, store: memoryStore(), closesStore: true });
        for (const resource of Object.keys(config.resources ?? {}))
          expect(await (await locker.tryLock(resource, { minHoldMs: 0 }))?.unlock()).toBe(true);
        await locker.close();
      }),
      { numRuns: 200 },
    );
    expect(accepted).toBeGreaterThan(20);
  });
});

test('names go by the rules in the same config', () => {
  const file = {
    store: 'memory:',
    database: 'Dev',
    dialect: 'redshift',
    resources: { 'dev.public."Events"': { ttlMs: 2_000 }, ' analytics . visits ': {} },
    environments: { production: { resources: { EVENTS: { maxHoldMs: 9_000 } } } },
  };
  const { resources } = resolveConfig('config', { file, envName: 'production', variables: {}, overrides: undefined });
  expect(resources).toEqual({ events: { ttlMs: 2_000, maxHoldMs: 9_000 }, 'analytics.visits': {} });
  const wrong = { ...file, database: 'a.b', dialect: 'mysql', resources: ['events\u00a0'] };
  let message = '';
  try {
    resolveConfig('config', { file: { ...wrong, environments: {} }, envName: undefined, variables: {}, overrides: undefined });
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).toContain('database: received "a.b"; the name of one database is allowed');
  expect(message).toContain('dialect: received "mysql"; "postgres" or "redshift" is allowed');
  expect(message).toMatch(/resources\[0\]: received "events.*it begins or ends with an invisible character/);
  const foreign = { ...file, resources: ['prod.a.b'], environments: {} };
  expect(() => resolveConfig('config', { file: foreign, envName: undefined, variables: {}, overrides: undefined })).toThrow(
    /resources\[0\]: received "prod\.a\.b"; tables of the database dev alone are allowed/,
  );
});

test('many tables are no matter of their square', () => {
  const resources = Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`t${at}`, { minHoldMs: 50_000 }]));
  const read = () =>
    resolveConfig('config', { file: { store: 'memory:', resources }, envName: undefined, variables: {}, overrides: undefined });
  expect(read).toThrow('resources.t49999.minHoldMs: received 50000');
});
