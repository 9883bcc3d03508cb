import { execFile } from 'node:child_process';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { type LoadOptions, loadConfig, loadLocker } from '../../src/config/index.ts';
import type { ResourceLocker } from '../../src/lock/api/locker.ts';
import { ConfigError, UnknownResourceError } from '../../src/lock/errors.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { clientFor, storeWithTable } from '../stores/dynamodb/tables.ts';
import { shedlockDdl } from '../stores/shedlock/stage.ts';
import { freePort } from '../support/free-port.ts';
import { type MomentoServer, momentoServer } from '../support/momento-server.ts';
import { query, redisServer } from '../support/services.ts';
import { describeWith, uniqueName } from '../support/shared.ts';

/** What is set by the caller alone: there is no config file above. */
const settings = (overrides: NonNullable<LoadOptions['overrides']>, env: NonNullable<LoadOptions['env']> = {}): LoadOptions => ({
  cwd: '/',
  env,
  overrides,
});

/** A second locker finds what the first holds, and may have it when the first has let go. */
/** `shown`: what others see of a holder; on the layouts of other lock clients, no job. */
async function proveLocks(options: LoadOptions, shown: object = { job: 'proof' }): Promise<void> {
  await using first = await loadLocker(options);
  await using second = await loadLocker(options);
  const lock = await first.lock('events', { job: 'proof' });
  expect(lock.isProtected).toBe(true);
  expect(await second.tryLock('events')).toBeUndefined();
  expect(await second.inspect('events')).toEqual([expect.objectContaining(shown)]);
  expect(await lock.unlock()).toBe(true);
  expect(await (await second.tryLock('events'))?.unlock()).toBe(true);
}

/** The store beneath a locker is closed: it answers no more. */
async function expectClosed(locker: ResourceLocker): Promise<void> {
  expect(await locker.health()).toMatchObject({ ok: false });
}

test('a config in code stands in place of a file: its block for the environment and the variables count as there', async () => {
  const config = { store: 'memory:', namespace: 'here', environments: { production: { namespace: 'there' } } };
  const env = { GIVEWAY_CONFIG: '/nowhere/giveway.config.json', NODE_ENV: 'production', GIVEWAY_HOST: 'worker-7' };
  expect(await loadConfig({ config, env })).toMatchObject({
    source: undefined,
    namespace: 'there',
    envName: 'production',
    host: 'worker-7',
  });
  await expect(loadConfig({ config: { stor: 'memory:' } as never, env: {} })).rejects.toThrow(/the config in code.*stor: /s);
});

describe('loadLocker', () => {
  test('hands every setting to the locker', async () => {
    const config = {
      store: 'memory:',
      namespace: 'n',
      environment: 'staging',
      defaultSchema: 'mart',
      resources: { 'mart.Events': { ttlMs: 5_000 } },
      job: 'nightly',
    };
    await using locker = await loadLocker(settings(config));
    const lock = await locker.lock('EVENTS');
    expect(lock).toMatchObject({ job: 'nightly', scope: { writes: ['events'] } });
    expect(lock.remainingMs()).toBeLessThanOrEqual(5_000);
    const handed = await lock.handOver();
    expect(handed).toMatchObject({ namespace: 'n', environment: 'staging' });
    await expect(locker.lock('event')).rejects.toThrow(UnknownResourceError);
  });

  test('hands limits, the host and the bound of waiters to the locker', async () => {
    const options = settings(
      { store: memoryStore(), resources: { events: { limits: { appends: 2 } } }, maxWaiters: 1 },
      { GIVEWAY_HOST: 'pod-7' },
    );
    await using locker = await loadLocker(options);
    await using one = await locker.lock({ appends: 'events' });
    await using two = await locker.lock({ appends: 'events' });
    expect([one, two]).toEqual([expect.objectContaining({ isProtected: true }), expect.objectContaining({ isProtected: true })]);
    expect(await locker.tryLock({ appends: 'events' })).toBeUndefined();
    const place = { host: 'pod-7', state: 'holding', seats: 1, limit: 2 };
    expect(await locker.inspect('events')).toMatchObject([place, place]);

    const waits = new AbortController();
    const waiting = new Promise((resolve) => locker.on('waiting', resolve));
    const patient = locker.lock('events', { signal: waits.signal });
    await waiting;
    await expect(locker.lock('events')).rejects.toThrow('busy');
    waits.abort();
    await expect(patient).rejects.toThrow('aborted');
  });

  test('closes the store it opened', async () => {
    const locker = await loadLocker(settings({ store: 'memory:' }));
    expect(await locker.health()).toMatchObject({ ok: true, store: 'memory' });
    await locker.close();
    await expectClosed(locker);
  });

  test('closes the store that a function opened, and leaves a store object open', async () => {
    const opened = memoryStore();
    const ofFunction = await loadLocker(settings({ store: async () => opened }));
    await ofFunction.close();
    await expect(opened.read('key')).rejects.toThrow('closed');

    const given = memoryStore();
    const ofObject = await loadLocker(settings({ store: given }));
    await ofObject.close();
    expect(await given.read('key')).toBeUndefined();
  });

  test('GIVEWAY_DISABLED=1 locks nothing', async () => {
    await using locker = await loadLocker(settings({ store: 'memcached://nowhere.invalid' }, { GIVEWAY_DISABLED: '1' }));
    const [first, second] = [await locker.tryLock('events'), await locker.tryLock('visits')];
    expect([first, second]).toEqual([expect.anything(), expect.anything()]);
    expect((await loadConfig(settings({ store: 'memory:' }, { GIVEWAY_DISABLED: '1' }))).store.label).toBe('none: GIVEWAY_DISABLED is set');
  });

  test('a store that refuses its options is a ConfigError', async () => {
    const refused = await loadLocker(settings({ store: 'memcached://user:hunter2@h?timeoutMs=1' })).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ConfigError);
    expect((refused as ConfigError).message).toBe(
      'environment:\n  overrides.store: could not be opened: timeoutMs: received 1; an integer from 50 to 60000 (milliseconds) is allowed',
    );
  });
});

describe('a store from a URL', () => {
  describeWith('memcached', (service) => {
    test('memcached:', () =>
      proveLocks(settings({ store: `memcached://${service.url}?timeoutMs=2000&verifyRelease=true`, namespace: service.prefix })));
  });

  describeWith('memcached', (service) => {
    test('shedlock+memcached:', () =>
      proveLocks(settings({ store: `shedlock+memcached://${service.url}?timeoutMs=2000&environment=${service.prefix}` }), {
        host: hostname(),
      }));
  });

  describeWith('postgres', (service) => {
    test('postgres:', () => {
      const store = `${service.url}${service.url.includes('?') ? '&' : '?'}table=config_locks&createTable=true&listen=false&timeoutMs=5000&application_name=giveway`;
      return proveLocks(settings({ store }));
    });

    test.each(['usingDbTime=true', 'timeZone=America/New_York'])('shedlock+postgres: %s', async (clock) => {
      const table = uniqueName();
      await query(service.url, shedlockDdl.replace('shedlock', table));
      const store = `shedlock+${service.url}${service.url.includes('?') ? '&' : '?'}${clock}&table=${table}&timeoutMs=5000`;
      await proveLocks(settings({ store }), { host: hostname() });
    });
  });

  describeWith('redis', (service) => {
    const withRedis = (store: string): LoadOptions => settings({ store, namespace: service.prefix });

    test('redis:, over ioredis', () => proveLocks(withRedis(`${service.url}?timeoutMs=5000&prefix=p:`)));

    test('shedlock+redis:', () =>
      proveLocks(settings({ store: `shedlock+${service.url}?timeoutMs=5000&environment=${service.prefix}` }), { host: hostname() }));

    test('redis:, over node-redis where ioredis is not installed', async () => {
      jest.doMock('ioredis', () => {
        throw Object.assign(new Error("Cannot find module 'ioredis'"), { code: 'MODULE_NOT_FOUND' });
      });
      try {
        await proveLocks(withRedis(service.url));
      } finally {
        jest.dontMock('ioredis');
      }
    });

    test('says nothing on the console to a user with the rights that locks need', async () => {
      const server = await redisServer();
      const admin = new Redis(server.url);
      const rights = ['+get', '+set', '+del', '+eval', '+publish', '+subscribe', '&giveway:changed', '~*'];
      await admin.call('ACL', 'SETUSER', 'locks', 'on', '>secret', 'resetchannels', ...rights);
      const warned = jest.spyOn(console, 'warn').mockImplementation(() => {});
      try {
        await using first = await loadLocker(settings({ store: server.url.replace('redis://', 'redis://locks:secret@') }));
        await using second = await loadLocker(settings({ store: server.url.replace('redis://', 'redis://locks:secret@') }));
        const lock = await first.lock('events');
        const next = second.lock('events');
        await lock.unlock();
        expect(await (await next).unlock()).toBe(true);
        expect(warned).not.toHaveBeenCalled();
      } finally {
        warned.mockRestore();
        admin.disconnect();
        await server.stop();
      }
    });

    test('closes its client', async () => {
      const watcher = new Redis(service.url);
      const isConnected = async (): Promise<boolean> => String(await watcher.client('LIST')).includes(`name=${service.prefix}`);
      const locker = await loadLocker(withRedis(`${service.url}?connectionName=${service.prefix}`));
      expect(await locker.health()).toMatchObject({ ok: true, store: 'redis' });
      expect(await isConnected()).toBe(true);
      await locker.close();
      for (let looks = 0; looks < 1_000 && (await isConnected()); looks++);
      expect(await isConnected()).toBe(false);
      await expectClosed(locker);
      watcher.disconnect();
    });

    test('does not keep the process alive, whether its server answers or not', async () => {
      const nobody = `redis://127.0.0.1:${await freePort()}?timeoutMs=300`;
      const script = `
        import { loadLocker } from ${JSON.stringify(join(__dirname, '../../src/config/index.ts'))};
        for (const store of ${JSON.stringify([service.url, nobody])}) {
          const locker = await loadLocker({ cwd: '/', env: {}, overrides: { store } });
          const lock = await locker.lock('events');
          console.log(lock.isProtected, await lock.unlock());
        }`;
      const node = ['--import', 'tsx', '--input-type=module', '--eval', script];
      const { stdout } = await promisify(execFile)(process.execPath, node, { timeout: 20_000 });
      expect(stdout).toBe('true true\nfalse true\n');
    });
  });

  describeWith('dynamodb', (service) => {
    const credentials = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'hunter2' };
    const before = { ...process.env };
    let tableName = '';
    beforeAll(async () => {
      Object.assign(process.env, credentials);
      const client = clientFor(service.url);
      tableName = 'config-locks';
      await storeWithTable(client, { tableName });
      client.destroy();
    });
    afterAll(() => {
      process.env = before;
    });

    test('dynamodb:', () => {
      const endpoint = encodeURIComponent(service.url);
      return proveLocks(settings({ store: `dynamodb://${tableName}?region=eu-west-1&endpoint=${endpoint}&timeoutMs=5000` }));
    });
  });

  describe('a stand-in for Momento (not the live service)', () => {
    let server: MomentoServer;
    beforeAll(async () => {
      server = await momentoServer();
    });
    afterAll(() => server.stop());

    test('momento:', () => proveLocks(settings({ store: `momento:${server.cacheName}?local=127.0.0.1:${server.port}&timeoutMs=5000` })));

    test('without a key: says which variable is missing', async () => {
      await expect(loadLocker(settings({ store: 'momento:cache' }))).rejects.toThrow(/store: could not be opened: .*MOMENTO_API_KEY/);
    });
  });

  test.each([
    ['redis://h', ['ioredis', 'redis'], 'ioredis or redis: npm install ioredis'],
    ['dynamodb://table', ['@aws-sdk/client-dynamodb'], '@aws-sdk/client-dynamodb: npm install @aws-sdk/client-dynamodb'],
    ['momento:cache', ['@gomomento/sdk'], '@gomomento/sdk: npm install @gomomento/sdk'],
  ])('%s without its package says what to install', async (store, packages, wanted) => {
    for (const name of packages) {
      jest.doMock(name, () => {
        throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
      });
    }
    try {
      await expect(loadLocker(settings({ store }))).rejects.toThrow(
        `environment:\n  overrides.store: could not be opened: it needs the package ${wanted}`,
      );
    } finally {
      for (const name of packages) jest.dontMock(name);
    }
  });
});
