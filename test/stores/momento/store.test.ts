import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { CacheClient } from '@gomomento/sdk';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Entry, LockStore, Version } from '../../../src/lock/store.ts';
import { type MomentoClient, type MomentoStoreOptions, momentoStore } from '../../../src/stores/momento/index.ts';
import { type MomentoFault, type MomentoServer, momentoServer, quietClient } from '../../support/momento-server.ts';
import { timed } from '../../support/stopwatch.ts';

const minute = 60_000;
const timeoutMs = 1_500;
const slackMs = 1_000;

async function failure(call: Promise<unknown>): Promise<Error & { code?: string }> {
  return call.then(
    () => {
      throw new Error('it did not fail');
    },
    (error) => error,
  );
}

const fails = (): never => {
  throw new Error('nothing may be sent');
};

describe('another server, or none, at the endpoint', () => {
  test.each<[string, () => Server]>([
    ['a server that greets in its own way', () => createServer((socket) => socket.on('error', () => {}).end('220 hello\r\n'))],
    ['a server that hangs up', () => createServer((socket) => socket.on('error', () => {}).destroy())],
    ['a server that says nothing', () => createServer((socket) => socket.on('error', () => {}))],
  ])('%s: an error within the deadline', async (_name, make) => {
    const stranger = make().listen(0, '127.0.0.1');
    const sockets = new Set<Socket>();
    stranger.on('connection', (socket) => sockets.add(socket));
    await once(stranger, 'listening');
    const { port } = stranger.address() as AddressInfo;
    const lost = quietClient(port);
    const store = momentoStore({ client: lost, cacheName: 'locks', timeoutMs });
    for (const call of [() => store.create('k', 'v', minute), () => store.read('k')]) {
      const { value, awakeMs } = await timed(failure(call()));
      expect(value).toMatchObject({ name: 'StoreUnavailableError', message: expect.stringMatching(/cannot be reached|no answer within/) });
      expect(awakeMs).toBeLessThan(timeoutMs + slackMs);
    }
    lost.close();
    stranger.close();
    for (const socket of sockets) socket.destroy();
  });
});

describe('the real Momento SDK against a stand-in for the service (not the live service)', () => {
  let server: MomentoServer;
  let client: CacheClient;
  let keys = 0;
  const freshKey = (): string => `key ${keys++}`;
  const open = (options: Partial<MomentoStoreOptions> = {}): LockStore =>
    momentoStore({ client, cacheName: server.cacheName, timeoutMs, ...options });

  beforeAll(async () => {
    server = await momentoServer();
    client = server.client();
  });
  beforeEach(() => server.forget());
  afterEach(() => server.heal());
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  test('a client that is closed right after a deadline does not end the process', async () => {
    const closing = server.client();
    server.break('GetWithHash', 'unheard', 9);
    server.break('SetIf', 'unheard', 9);
    const store = open({ client: closing, timeoutMs: 100 });
    const calls = [store.read(freshKey()), store.create(freshKey(), 'value', minute)].map(failure);
    const [read, created] = await Promise.all(calls);
    closing.close();
    expect([read?.code, created?.code]).toEqual(['ERR_GIVEWAY_STORE_TIMEOUT', 'ERR_GIVEWAY_STORE_TIMEOUT']);
    await new Promise((resolve) => setTimeout(resolve, 50));
  });

  describe('requests', () => {
    test('create and remove are one conditional write each, also on a key just released', async () => {
      const store = open();
      const key = freshKey();
      for (let round = 0; round < 3; round += 1) {
        const version = (await store.create(key, 'value', minute)) as Version;
        expect(await store.remove(key, version)).toBe(true);
      }
      expect(server.requests).toEqual(Array(3).fill(['SetIf absent_or_equal', 'SetIf equal']).flat());
    });

    test('a refused create, replace or remove is one request', async () => {
      const store = open();
      const key = freshKey();
      const stale = (await store.create(key, 'first', minute)) as Version;
      await store.replace(key, 'second', stale, minute);
      server.forget();
      expect(await open().create(key, 'other', minute)).toBeUndefined();
      expect(await store.replace(key, 'late', stale, minute)).toBeUndefined();
      expect(await store.remove(key, stale)).toBe(false);
      expect(server.requests).toHaveLength(3);
    });

    test('a release leaves a text that is nothing to everybody, for a second at most', async () => {
      const store = open();
      const key = freshKey();
      const version = (await store.create(key, 'value', minute)) as Version;
      await store.remove(key, version);
      const left = server.peek(key);
      expect(left?.text).toBe('released');
      expect(left?.leftMs).toBeLessThanOrEqual(1_000);
      expect(await store.read(key)).toBeUndefined();
      expect(await store.remove(key, version)).toBe(false);
      expect(await store.replace(key, 'late', version, minute)).toBeUndefined();
    });

    test('the TTL is in whole seconds, rounded up, never none', async () => {
      const store = open();
      for (const [ttlMs, seconds] of [
        [0.5, 1],
        [1_000, 1],
        [1_001, 2],
        [29_999, 30],
        [86_400_000, 86_400],
      ] as const) {
        const key = freshKey();
        await store.create(key, 'value', ttlMs);
        const leftMs = server.peek(key)?.leftMs ?? 0;
        expect(leftMs).toBeGreaterThan(seconds * 1_000 - 800);
        expect(leftMs).toBeLessThanOrEqual(seconds * 1_000);
      }
    });

    test('any Unicode may be in a key; what UTF-8 cannot tell apart is refused before it is sent', async () => {
      const store = open();
      for (const key of ['', 'a\ud800']) {
        expect(await failure(store.create(key, 'value', minute))).toMatchObject({ code: 'ERR_GIVEWAY_INVALID_OPTION', path: 'key' });
      }
      expect(server.requests).toEqual([]);
      for (const key of ['a b/c\n東京 🚦', 'é'.repeat(2_000)]) {
        expect(await store.create(key, key, minute)).toBeDefined();
        expect((await store.read(key))?.value).toBe(key);
      }
    });

    test('a text somebody else wrote is shown as it is; it can be removed, and a create does not touch it', async () => {
      const store = open();
      const key = freshKey();
      server.poke(key, '{"owner":"another program"}', minute);
      const entry = (await store.read(key)) as Entry;
      expect(entry.value).toBe('{"owner":"another program"}');
      expect(await store.create(key, 'mine', minute)).toBeUndefined();
      expect(await store.remove(key, entry.version)).toBe(true);
    });

    test('what the service forgot is gone: no write brings it back', async () => {
      const store = open();
      const key = freshKey();
      const version = (await store.create(key, 'value', minute)) as Version;
      server.flush();
      expect(await store.read(key)).toBeUndefined();
      expect(await store.replace(key, 'back', version, minute)).toBeUndefined();
      expect(await store.remove(key, version)).toBe(false);
    });
  });

  describe.each([false, true])('a lost answer, throwOnErrors %s', (throwOnErrors) => {
    const losses: MomentoFault[] = ['lost', 'failed', 'silent'];
    let strict: CacheClient;
    beforeAll(() => {
      strict = server.client({ throwOnErrors });
    });
    afterAll(() => strict.close());

    test.each(losses)('%s: a create, a replace and a remove that took effect say so', async (fault) => {
      const store = open({ client: strict });
      const key = freshKey();
      server.break('SetIf', fault);
      const created = await store.create(key, 'first', minute);
      expect(created).toBeDefined();
      server.break('SetIf', fault);
      const replaced = await store.replace(key, 'second', created as Version, minute);
      expect(replaced).toBeDefined();
      expect((await open().read(key))?.value).toBe('second');
      server.break('SetIf', fault);
      expect(await store.remove(key, replaced as Version)).toBe(true);
      expect(await open().read(key)).toBeUndefined();
      expect(await store.create(key, 'usable', minute)).toBeDefined();
    });

    test.each(losses)('%s: a create, a replace and a remove that were refused say so', async (fault) => {
      const [store, other] = [open({ client: strict }), open()];
      const key = freshKey();
      const stale = (await store.create(key, 'first', minute)) as Version;
      await other.replace(key, 'theirs', stale, minute);
      server.break('SetIf', fault);
      expect(await store.create(key, 'mine', minute)).toBeUndefined();
      server.break('SetIf', fault);
      expect(await store.replace(key, 'mine', stale, minute)).toBeUndefined();
      server.break('SetIf', fault);
      expect(await store.remove(key, stale)).toBe(false);
      expect((await store.read(key))?.value).toBe('theirs');
    });

    test('a request that was never heard is sent again', async () => {
      server.break('SetIf', 'unheard');
      expect(await open({ client: strict, timeoutMs: 5_000 }).create(freshKey(), 'value', minute)).toBeDefined();
      expect(server.requests).toHaveLength(2);
    });

    test('a read whose answer was lost is sent again', async () => {
      for (const fault of losses) {
        server.break('GetWithHash', fault);
        expect(await open({ client: strict, timeoutMs: 3_000 }).read(freshKey())).toBeUndefined();
      }
    });

    test('lost over and over, it is an error within the deadline, and the store is usable', async () => {
      const store = open({ client: strict, breaker: false });
      for (const fault of ['silent', 'lost'] as const) {
        const key = freshKey();
        server.break('SetIf', fault, 9);
        const write = await timed(failure(store.create(key, 'value', minute)));
        expect(write.value).toMatchObject({ name: 'StoreUnavailableError' });
        expect(write.awakeMs).toBeLessThan(timeoutMs + slackMs);
        server.heal();
        server.break('GetWithHash', fault, 9);
        const read = await timed(failure(store.read(key)));
        expect(read.value).toMatchObject({ name: 'StoreUnavailableError' });
        expect(read.awakeMs).toBeLessThan(timeoutMs + slackMs);
        server.heal();
        expect((await store.read(key))?.value).toBe('value');
      }
    });
  });

  describe('broken is never busy', () => {
    test.each<[string, MomentoFault, RegExp]>([
      ['a key nobody knows', 'unauthenticated', /API key was not accepted/],
      ['a key without the permission', 'forbidden', /may not read and write this cache/],
      ['a limit of the account', 'limited', /limit of the account/],
    ])('%s: an error that says so, after one request', async (_name, fault, message) => {
      const store = open();
      server.break('SetIf', fault);
      server.break('GetWithHash', fault);
      for (const call of [() => store.create(freshKey(), 'value', minute), () => store.read(freshKey())]) {
        const { value: error, awakeMs } = await timed(failure(call()));
        expect(error).toMatchObject({ name: 'StoreUnavailableError', message: expect.stringMatching(message) });
        expect(awakeMs).toBeLessThan(timeoutMs + slackMs);
      }
      expect(server.requests).toHaveLength(2);
    });

    test('a request that the service refuses: an error with its reason', async () => {
      const refused = {
        type: 'Error',
        innerException: () => Object.assign(new Error('ttl too long'), { errorCode: () => 'INVALID_ARGUMENT_ERROR' }),
      };
      const refusing = { getWithHash: fails, setIfEqual: fails, setIfAbsentOrEqual: async () => refused };
      const error = await failure(open({ client: refusing }).create(freshKey(), 'value', minute));
      expect(error).toMatchObject({
        name: 'StoreUnavailableError',
        message: expect.stringMatching(/the request was refused \(INVALID_ARGUMENT_ERROR: ttl too long\).*ttlMs/),
      });
    });

    test('a service that fails over and over: an error that says so', async () => {
      server.break('GetWithHash', 'failed', 9);
      expect((await failure(open().read(freshKey()))).message).toMatch(/the service itself failed \(INTERNAL_SERVER_ERROR\)/);
    });

    test('a cache that does not exist: an error that names it', async () => {
      const error = await failure(open({ cacheName: 'no-such' }).create(freshKey(), 'value', minute));
      expect(error).toMatchObject({ name: 'StoreUnavailableError', message: expect.stringMatching(/no such cache. Create "no-such"/) });
    });

    test('after three failures in a row reads and creates are refused at once', async () => {
      const store = open();
      server.break('GetWithHash', 'limited', 3);
      for (let each = 0; each < 3; each += 1) await failure(store.read('k'));
      server.forget();
      expect((await failure(store.create('k', 'v', minute))).message).toMatch(/Not asked for another/);
      expect(server.requests).toEqual([]);
    });
  });
});

describe('options of momentoStore', () => {
  const client = { getWithHash: () => {}, setIfEqual: () => {}, setIfAbsentOrEqual: () => {} } as unknown as MomentoClient;

  test.each<[string, Record<string, unknown>, RegExp]>([
    [
      'client',
      { client: { getWithHash: () => {} } },
      /client: received an object; a CacheClient of @gomomento\/sdk 1.117.1 or later is allowed/,
    ],
    ['cacheName', { cacheName: ' ' }, /cacheName: received " "; the name of a cache is allowed/],
    ['timeoutMs', { timeoutMs: 0 }, /integer from 1 to 60000/],
    ['breaker.failures', { breaker: { failures: 0 } }, /whole number/],
  ])('%s is refused with its name, what was received and what is allowed: %j', (path, wrong, message) => {
    const options = { client, cacheName: 'locks', ...wrong } as MomentoStoreOptions;
    expect(() => momentoStore(options)).toThrow(
      expect.objectContaining({ name: 'InvalidOptionError', path, message: expect.stringMatching(message) }),
    );
  });
});
