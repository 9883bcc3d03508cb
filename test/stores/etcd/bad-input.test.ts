import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Etcd3, type IOptions } from 'etcd3';
import type { LockStore, Version } from '../../../src/lock/store.ts';
import { explain } from '../../../src/stores/etcd/failures.ts';
import { type EtcdStoreOptions, etcdStore } from '../../../src/stores/etcd/index.ts';
import { freePort } from '../../support/free-port.ts';
import { etcdServer, memcachedServer, type ProcessServer, redisServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';

const minute = 60_000;
const timeoutMs = 600;
/** The client's own retries and breaker are off, as the page of this store says. */
const noop = { execute: async (work: () => unknown) => work() } as never;
const faultHandling = { host: () => noop, global: noop };

describe('options that cannot work are refused at once', () => {
  const client = new Etcd3();
  afterAll(() => client.close());
  test.each<[string, object, RegExp]>([
    ['no client', {}, /^client: received undefined; a client of etcd3/],
    ['something else as the client', { client: new Map() }, /^client: received an object; a client of etcd3/],
    ['a timeout of 0', { client, timeoutMs: 0 }, /^timeoutMs: received 0; an integer from 1 to 60000/],
    ['a prefix that is no text', { client, prefix: 7 }, /^prefix: received 7; a string/],
  ])('%s', (_, options, message) => {
    const make = (): unknown => etcdStore(options as EtcdStoreOptions);
    expect(make).toThrow(expect.objectContaining({ name: 'InvalidOptionError' }));
    expect(make).toThrow(message);
  });

  test('a version of another store', async () => {
    await expect(etcdStore({ client }).remove('key', { fence: 7n })).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'version' });
  });
});

/** The message of a create that must fail before the deadline is long over. */
async function messageFor(options: IOptions, key = 'key', withinMs = timeoutMs): Promise<string> {
  const client = new Etcd3({ faultHandling, ...options });
  const store = etcdStore({ client, timeoutMs: withinMs });
  const { error: reason, awakeMs } = await timed(store.create(key, 'value', minute));
  const error = (reason ?? new Error('it worked')) as Error;
  expect(awakeMs).toBeLessThan(withinMs + 400);
  expect(error.name).toBe('StoreUnavailableError');
  expect(error.message).not.toContain('secret');
  await store.close();
  client.close();
  return error.message;
}

test('a port where nobody listens', async () => {
  expect(await messageFor({ hosts: `http://127.0.0.1:${await freePort()}` }, 'key', 5_000)).toBe(
    'etcd refuses connections: is it running, and is this the right port?',
  );
});

test('a host that does not exist', async () => {
  expect(await messageFor({ hosts: 'http://no-such-host.invalid:2379' })).toMatch(/^etcd (cannot be found|did not answer within)/);
});

test('a server that greets and hangs up, and one that says nothing', async () => {
  const listening = createServer((socket) => socket.on('error', () => {}).end());
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as { port: number };
  expect(await messageFor({ hosts: `http://127.0.0.1:${port}` })).toMatch(
    /^etcd broke the connection: it has gone, or it is a server of another kind/,
  );
  listening.close();
});

test('a client that was closed', async () => {
  const client = new Etcd3();
  client.close();
  await expect(etcdStore({ client }).read('key')).rejects.toMatchObject({
    name: 'StoreUnavailableError',
    message: 'etcd cannot be asked: the client was closed',
  });
});

describeWith('redis', () => {
  test('redis on the port', async () => {
    const server = await redisServer();
    expect(await messageFor({ hosts: server.url.replace('redis:', 'http:') })).toMatch(
      /^etcd (broke the connection|did not answer within)/,
    );
    await server.stop();
  });
});

describeWith('memcached', () => {
  test('memcached on the port', async () => {
    const server = await memcachedServer();
    expect(await messageFor({ hosts: `http://${server.url}` })).toMatch(/^etcd (broke the connection|did not answer within)/);
    await server.stop();
  });
});

describeWith('etcd', () => {
  let server: ProcessServer;
  beforeAll(async () => {
    server = await etcdServer(['--auth-token-ttl', '2']);
    const admin = new Etcd3({ hosts: server.url });
    await admin.role('root').create();
    await admin.user('root').create('secret-of-root');
    await admin.user('root').addRole('root');
    const own = await admin.role('own').create();
    await own.grant({ permission: 'Readwrite', range: admin.range({ prefix: 'giveway:' }) });
    const user = await admin.user('worker').create('secret');
    await user.addRole('own');
    await admin.auth.authEnable();
    admin.close();
  }, 90_000);
  afterAll(() => server.stop());

  test('a wrong password', async () => {
    expect(await messageFor({ hosts: server.url, auth: { username: 'worker', password: 'secret but wrong' } })).toBe(
      'etcd refused the login: check the user name and the password that the client was made with',
    );
  });

  test('no login where one is needed', async () => {
    expect(await messageFor({ hosts: server.url })).toMatch(/^etcd wants a login: make the client with `auth/);
  });

  test('a user who may not', async () => {
    expect(await messageFor({ hosts: server.url, auth: { username: 'worker', password: 'secret' } }, 'elsewhere')).toMatch(
      /^etcd refused access: the user's role needs readwrite on the keys/,
    );
  });

  test('a user with that role alone can lock, also when its token has expired; where it may not watch it is told', async () => {
    const client = new Etcd3({ hosts: server.url, auth: { username: 'worker', password: 'secret' } });
    const store = etcdStore({ client });
    const version = await store.create('giveway:key', 'value', minute);
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(version && (await store.remove('giveway:key', version))).toBe(true);
    const notices: string[] = [];
    store.onNotice?.(({ code }) => notices.push(code));
    expect(store.traits.pushes).toBe(true);
    using _ = store.subscribe?.('elsewhere', () => {}) as Disposable;
    while (notices.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect({ notices, pushes: store.traits.pushes }).toEqual({ notices: ['ERR_GIVEWAY_NO_PUSH'], pushes: false });
    // Refused once more, and not told once more. The stream answers in order.
    using __ = store.subscribe?.('elsewhere too', () => {}) as Disposable;
    await watched(store, 'giveway:allowed');
    expect({ notices, pushes: store.traits.pushes }).toEqual({ notices: ['ERR_GIVEWAY_NO_PUSH'], pushes: false });
    await store.close();
    client.close();
  });

  test('a user whose token has expired is pushed to all the same', async () => {
    const client = new Etcd3({ hosts: server.url, auth: { username: 'worker', password: 'secret' } });
    const store = etcdStore({ client });
    const notices: string[] = [];
    store.onNotice?.(({ code }) => notices.push(code));
    const version = (await store.create('giveway:pushed', 'value', minute)) as Version;
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    const told = await watched(store, 'giveway:pushed');
    expect({ notices, pushes: store.traits.pushes }).toEqual({ notices: [], pushes: true });
    await store.remove('giveway:pushed', version);
    while (told() < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await store.close();
    client.close();
  });

  /** Resolves when the watch stands. How often it has told is asked of what it brings. */
  async function watched(store: LockStore, key: string): Promise<() => number> {
    let calls = 0;
    store.subscribe?.(key, () => {
      calls += 1;
    });
    while (calls === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    return () => calls;
  }

  test('a login where there are no users', async () => {
    const open = await etcdServer();
    expect(await messageFor({ hosts: open.url, auth: { username: 'worker', password: 'secret' } })).toMatch(
      /^etcd has no users: make the client without/,
    );
    await open.stop();
  });
});

describe('what etcd answers', () => {
  test.each<[string, RegExp]>([
    ['8 RESOURCE_EXHAUSTED: etcdserver: mvcc: database space exceeded', /^etcd is full \(alarm NOSPACE\)/],
    ['14 UNAVAILABLE: etcdserver: no leader', /^etcd has no leader/],
    ['Lease 7 is expired or revoked', /^etcd took longer to write than the TTL/],
    ['Execution prevented because the circuit breaker is open', /^etcd was not asked: the client's own breaker is open/],
    ['something new', /^etcd cannot be asked: something new$/],
  ])('%s', (message, sentence) => {
    expect(explain(new Error(message), 1_000, undefined).message).toMatch(sentence);
  });
});
