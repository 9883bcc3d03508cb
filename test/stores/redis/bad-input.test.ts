import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { createClient, createClientPool, createSentinel } from 'redis';
import { explain } from '../../../src/stores/redis/failures.ts';
import { type RedisStoreOptions, redisStore } from '../../../src/stores/redis/index.ts';
import { isErrorReply } from '../../../src/stores/redis/replies.ts';
import { freePort } from '../../support/free-port.ts';
import { type ProcessServer, redisServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';
import { type ClientKind, clientKinds } from './clients.ts';

const minute = 60_000;
const timeoutMs = 500;

describe('options that cannot work are refused at once', () => {
  const client = createClient();
  test.each<[string, object, RegExp]>([
    ['no client', {}, /^client: received undefined; a client of ioredis \(5 or later\) or node-redis/],
    ['a pool, which cannot subscribe', { client: createClientPool() }, /^client: received an object; a client of/],
    ['a Sentinel client of node-redis', { client: createSentinel({ name: 'x', sentinelRootNodes: [] }) }, /^client: received/],
    ['a timeout of 0', { client, timeoutMs: 0 }, /^timeoutMs: received 0; an integer from 1 to 60000/],
    ['a timeout that is no number', { client, timeoutMs: '1s' }, /^timeoutMs: received "1s"/],
    ['fences that are neither on nor off', { client, fences: 1 }, /^fences: received 1; true or false/],
    ['a prefix that is no text', { client, prefix: 7 }, /^prefix: received 7; a string/],
    [
      "the client's password, which is not shown",
      { client, password: 'secret' },
      /^password: received "…"; there is no such option\. Allowed: client, prefix, fences, timeoutMs, breaker/,
    ],
    ['a breaker that is on or off', { client, breaker: true }, /^breaker: received true; an object or false is allowed/],
    [
      'an unknown option of the breaker',
      { client, breaker: { resetMs: 5 } },
      /^breaker\.resetMs: received 5; there is no such option\. Allowed: failures, /,
    ],
  ])('%s', (_, options, message) => {
    const make = (): unknown => redisStore(options as RedisStoreOptions);
    expect(make).toThrow(expect.objectContaining({ name: 'InvalidOptionError' }));
    expect(make).toThrow(message);
  });

  test('a version of another store', async () => {
    await expect(redisStore({ client }).remove('key', { fence: 7n })).rejects.toMatchObject({
      name: 'InvalidOptionError',
      path: 'version',
    });
  });
});

/** The message of a create that must fail before the deadline is long over. */
async function messageFor(kind: ClientKind, url: string): Promise<string> {
  const client = kind === 'ioredis' ? new Redis(url) : createClient({ url });
  if (!(client instanceof Redis)) client.connect().catch(() => {});
  const store = redisStore({ client, timeoutMs });
  const { error: reason, awakeMs } = await timed(store.create('key', 'value', minute));
  const error = (reason ?? new Error('it worked')) as Error;
  expect(awakeMs).toBeLessThan(timeoutMs + 400);
  expect(error.name).toBe('StoreUnavailableError');
  expect(inspect(error, { depth: null })).not.toContain('secret');
  client.on('error', () => {});
  await store.close();
  if (client instanceof Redis) client.disconnect();
  else client.destroy();
  return error.message;
}

describeWith('redis', () => {
  describe.each(clientKinds)('over %s', (kind) => {
    let server: ProcessServer;
    let replica: ProcessServer;
    let admin: Redis;
    beforeAll(async () => {
      server = await redisServer(['--requirepass', 'right']);
      replica = await redisServer(['--replicaof', server.host, String(server.port), '--masterauth', 'right']);
      admin = new Redis(server.url, { password: 'right' });
    }, 90_000);
    afterAll(async () => {
      admin.disconnect();
      await replica.stop();
      await server.stop();
    });
    const login = (password: string): string => server.url.replace('redis://', `redis://${password}@`);

    test('a wrong password, and none', async () => {
      expect(await messageFor(kind, login(':secret'))).toMatch(
        /^Redis (was not connected within 500 ms: it )?refused the login: check the password/,
      );
      expect(await messageFor(kind, server.url)).toMatch(
        /^Redis (was not connected within 500 ms: it )?refused the login: check the password/,
      );
    });

    test('a replica', async () => {
      expect(await messageFor(kind, replica.url)).toBe('Redis is a read-only replica here: the client must connect to the primary');
    });

    test('a user who may not run scripts', async () => {
      await admin.call('ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', '+@all', '-eval');
      expect(await messageFor(kind, login('reader:secret'))).toMatch(/^Redis refused a command: the user needs "\+get \+set \+del \+eval/);
    });

    test('a server that is full', async () => {
      await admin.config('SET', 'maxmemory', '1');
      expect(await messageFor(kind, login(':right'))).toMatch(/^Redis is full and writes nothing more: raise maxmemory/);
      await admin.config('SET', 'maxmemory', '0');
    });

    test('a key that holds something else is taken, and who looks at it is told', async () => {
      const store = redisStore({ client: admin });
      await admin.lpush('key', 'a list');
      expect(await store.create('key', 'value', minute)).toBeUndefined();
      await expect(store.read('key')).rejects.toMatchObject({
        name: 'StoreUnavailableError',
        message: 'Redis keeps something else under this key: give giveway a `prefix` of its own',
      });
      await admin.del('key');
      await store.close();
    });

    test('a text that is not ours is busy, readable, and can be removed on purpose', async () => {
      const store = redisStore({ client: admin });
      await admin.set('foreign', 'somebody wrote this');
      expect(await store.create('foreign', 'value', minute)).toBeUndefined();
      const seen = await store.read('foreign');
      expect(seen?.value).toBe('somebody wrote this');
      expect(seen && (await store.remove('foreign', seen.version))).toBe(true);
      await store.close();
    });

    test('a port where nobody listens', async () => {
      const message = await messageFor(kind, `redis://:secret@127.0.0.1:${await freePort()}`);
      expect(message).toMatch(/^Redis was not connected within 500 ms: it refuses connections: is it running/);
    });

    test('a port without TLS, asked for it', async () => {
      expect(await messageFor(kind, login(':right').replace('redis://', 'rediss://'))).toMatch(
        /^Redis was not connected within 500 ms: nobody answers\. .* does the server speak TLS if, and only if, the client does\?$/,
      );
    });

    test('a client that was closed', async () => {
      const client = kind === 'ioredis' ? new Redis(login(':right'), { lazyConnect: true }) : createClient({ url: login(':right') });
      if (client instanceof Redis) client.disconnect();
      const store = redisStore({ client, timeoutMs });
      await expect(store.read('key')).rejects.toMatchObject({
        name: 'StoreUnavailableError',
        message: expect.stringMatching(/^Redis cannot be asked: the client is closed\. A client of node-redis needs connect\(\) first/),
      });
      await store.close();
    });

    test('a server that greets and hangs up', async () => {
      const listening = createServer((socket) => socket.on('error', () => {}).end());
      await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
      const { port } = listening.address() as { port: number };
      expect(await messageFor(kind, `redis://127.0.0.1:${port}`)).toMatch(
        /^Redis was not connected within 500 ms: (the server closes every|it cannot be)/,
      );
      listening.close();
    });
  });

  test('ioredis that connects only when it is used', async () => {
    const server = await redisServer();
    const client = new Redis(server.url, { lazyConnect: true, enableOfflineQueue: false });
    const store = redisStore({ client });
    expect(await store.create('key', 'value', minute)).toBeDefined();
    let calls = 0;
    store.subscribe?.('key', () => calls++);
    while (calls === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await store.close();
    client.disconnect();
    await server.stop();
  });
});

describe('what Redis answers', () => {
  const circumstances = { state: 'ready', timeoutMs: 1_000, lastError: undefined, isTurnedAway: false, wasReady: true } as const;
  test.each<[string, RegExp]>([
    ['NOAUTH Authentication required.', /^Redis refused the login/],
    ['LOADING Redis is loading the dataset in memory', /^Redis is still loading its data/],
    ['MOVED 3999 127.0.0.1:6381', /^Redis is a cluster: make the client with/],
    ["CROSSSLOT Keys in request don't hash to the same slot", /^Redis is a cluster/],
    ['CLUSTERDOWN The cluster is down', /^Redis cannot serve the key now/],
    ['BUSY Redis is busy running a script', /^Redis is busy with somebody else's script/],
    ['MISCONF Errors writing to the AOF file', /^Redis refuses writes/],
    [
      "ERR Error running script (call to f_1): @user_script:4: @user_script: 4: -READONLY You can't write against a read only replica.",
      /^Redis is a read-only replica/,
    ],
    ['ERR unknown command', /^Redis answered: ERR unknown command/],
  ])('%s', (message, sentence) => {
    const error = new Error(message);
    expect(isErrorReply(error)).toBe(true);
    expect(explain(error, circumstances).message).toMatch(sentence);
  });

  test.each(['Socket closed unexpectedly', 'read ECONNRESET', 'Connection is closed.', 'Command aborted due to connection close'])(
    '"%s" is the client\'s own sentence',
    (message) => {
      expect(isErrorReply(new Error(message))).toBe(false);
      expect(explain(new Error(message), circumstances).message).toBe(`Redis cannot be reached: ${message}`);
    },
  );
});
