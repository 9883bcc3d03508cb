import { createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { explain } from '../../../src/stores/zookeeper/failures.ts';
import { type ZookeeperClient, type ZookeeperStoreOptions, zookeeperStore } from '../../../src/stores/zookeeper/index.ts';
import { decodeNode, encodeAppended, encodeNode, keyOf, nodeName } from '../../../src/stores/zookeeper/node.ts';
import { freePort } from '../../support/free-port.ts';
import { type ProcessServer, zookeeperServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';
import { clientsOf, zookeeper } from './clients.ts';

const minute = 60_000;
const timeoutMs = 500;

describe('options that cannot work are refused at once', () => {
  const client = clientsOf('127.0.0.1:1');
  test.each<[string, object, RegExp]>([
    ['no client', {}, /^client: received undefined; a client of node-zookeeper-client, or a function/],
    ['something else as the client', { client: new Map() }, /^client: received an object; a client of/],
    ['a root without a slash', { client, root: 'locks' }, /^root: received "locks"; an absolute path/],
    ['a root that ends in a slash', { client, root: '/locks/' }, /^root: received "\/locks\/"/],
    ['a root with dots', { client, root: '/a/../b' }, /^root: received/],
    ['no ACL', { client, acls: [] }, /^acls: received an array; a list of at least one/],
    ['a timeout of 0', { client, timeoutMs: 0 }, /^timeoutMs: received 0; an integer from 1 to 60000/],
  ])('%s', (_, options, message) => {
    const make = (): unknown => zookeeperStore(options as ZookeeperStoreOptions);
    expect(make).toThrow(expect.objectContaining({ name: 'InvalidOptionError' }));
    expect(make).toThrow(message);
  });

  test('a version of another store', async () => {
    const store = zookeeperStore({ client });
    await expect(store.remove('key', { fence: 7n })).rejects.toMatchObject({ name: 'InvalidOptionError', path: 'version' });
    await store.close();
  });
});

/** The message of a create that must fail before the deadline is long over. */
async function messageFor(client: ZookeeperStoreOptions['client'], options: Partial<ZookeeperStoreOptions> = {}): Promise<string> {
  const store = zookeeperStore({ client, timeoutMs, ...options });
  const { error: reason, awakeMs } = await timed(store.create('key', 'value', minute));
  const error = (reason ?? new Error('it worked')) as Error;
  expect(awakeMs).toBeLessThan(timeoutMs + 400);
  expect(error.name).toBe('StoreUnavailableError');
  expect(error.message).not.toContain('secret');
  await store.close();
  return error.message;
}

const noSession = /^ZooKeeper gave no session within 500 ms: is it running, is it ZooKeeper that listens on this port/;

test('a port where nobody listens', async () => {
  expect(await messageFor(clientsOf(`127.0.0.1:${await freePort()}`))).toMatch(noSession);
});

test.each<[string, (socket: Socket) => void]>([
  ['greets and hangs up', (socket) => void socket.end()],
  ['says nothing', () => {}],
])('a server that %s', async (_, meet) => {
  const open = new Set<Socket>();
  const listening = createServer((socket) => {
    open.add(socket.on('error', () => {}));
    meet(socket);
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as { port: number };
  expect(await messageFor(clientsOf(`127.0.0.1:${port}`))).toMatch(noSession);
  for (const socket of open) socket.destroy();
  listening.close();
});

test('a function that throws is an error of every call, and of no event', async () => {
  const store = zookeeperStore({
    client: () => {
      throw new Error('no such configuration');
    },
  });
  using _ = store.subscribe?.('key', () => {}) as Disposable;
  await expect(store.read('key')).rejects.toMatchObject({
    name: 'StoreUnavailableError',
    message: 'ZooKeeper cannot be asked: no such configuration',
  });
  await store.close();
});

test('a client that was never connected', async () => {
  expect(await messageFor(clientsOf('127.0.0.1:1')())).toMatch(/and has the client been connected\?$/);
});

describeWith('zookeeper', () => {
  let server: ProcessServer;
  beforeAll(async () => {
    server = await zookeeperServer();
  }, 90_000);
  afterAll(() => server.stop());

  const login = (password: string) => () => {
    const client = zookeeper.createClient(server.url, { spinDelay: 50 });
    client.addAuthInfo('digest', Buffer.from(`worker:${password}`));
    return client;
  };

  test('nodes with an ACL: who made them can lock, others are told what they lack', async () => {
    const options = { root: '/guarded/locks', acls: zookeeper.ACL.CREATOR_ALL_ACL };
    const store = zookeeperStore({ client: login('right'), ...options });
    const version = await store.create('key', 'value', minute);
    expect(version && (await store.remove('key', version))).toBe(true);
    await store.close();
    expect(await messageFor(login('secret'), options)).toMatch(
      /^ZooKeeper refused access: the client needs create, read, write and delete on "\/guarded\/locks"/,
    );
  });

  test('an ACL that needs a login, without one', async () => {
    const options = { root: '/unguarded', acls: zookeeper.ACL.CREATOR_ALL_ACL };
    expect(await messageFor(clientsOf(server.url), options)).toBe('ZooKeeper refused the option `acls`');
  });

  test('a login of a kind that the server does not know, also for clients that the store makes', async () => {
    const stranger = (): ZookeeperClient => {
      const client = zookeeper.createClient(server.url, { spinDelay: 50 });
      client.addAuthInfo('nonsense', Buffer.from('secret'));
      return client;
    };
    expect(await messageFor(stranger)).toBe('ZooKeeper refused the login: check what was given to `addAuthInfo`');
  });

  test('a chroot that nobody has made', async () => {
    expect(await messageFor(clientsOf(`${server.url}/nowhere`))).toMatch(
      /^ZooKeeper cannot make "\/giveway": the node at the end of the connection string \(its chroot\) is missing/,
    );
  });

  test('a node that is not ours is busy, readable, and can be removed on purpose', async () => {
    const client = clientsOf(server.url)();
    client.connect();
    const store = zookeeperStore({ client, root: '/foreign' });
    const version = await store.create('ours', 'value', minute);
    const text = Buffer.from('somebody wrote this');
    await new Promise<void>((resolve, reject) => {
      client
        .transaction()
        .create('/foreign/theirs', text, undefined)
        .commit((error) => (error ? reject(error) : resolve()));
    });
    expect(await store.create('theirs', 'value', minute)).toBeUndefined();
    const seen = await store.read('theirs');
    expect(seen?.value).toBe('somebody wrote this');
    expect(seen && (await store.replace('theirs', 'value', seen.version, minute))).toBeUndefined();
    expect(seen && (await store.remove('theirs', seen.version))).toBe(true);
    expect(version && (await store.remove('ours', version))).toBe(true);
    await store.close();
    client.close();
  });
});

describe('what ZooKeeper answers', () => {
  test.each<[number, RegExp]>([
    [-4, /^ZooKeeper broke the connection again and again$/],
    [-112, /^ZooKeeper ended the session, and its client does not come back from that: hand in a function/],
    [-111, /^ZooKeeper keeps something of somebody else's below "\/giveway"/],
    [-115, /^ZooKeeper refused the login/],
    [-6, /^ZooKeeper answered: UNIMPLEMENTED/],
  ])('%i', (code, sentence) => {
    const error = Object.assign(new Error('UNIMPLEMENTED'), { code });
    expect(explain(error, { isConnected: true, timeoutMs, root: '/giveway' }).message).toMatch(sentence);
  });
});

test('keys become names of nodes, and back; no two become one', () => {
  const keys = ['a/b', 'a%2Fb', '.', '..', '...', '%2E', 'giveway:events', 'é 🚦'];
  const names = keys.map(nodeName);
  expect(names).toEqual(['a%2Fb', 'a%252Fb', '%2E', '%2E%2E', '...', '%252E', 'giveway:events', '%C3%A9%20%F0%9F%9A%A6']);
  expect(names.map(keyOf)).toEqual(keys);
  expect(keyOf('%')).toBeUndefined();
});

test('an entry written under another leader, whose clock may differ, gets two seconds more', () => {
  const stat = (zxid: bigint, timeMs: number) => {
    const [mzxid, mtime] = [Buffer.alloc(8), Buffer.alloc(8)];
    mzxid.writeBigInt64BE(zxid);
    mtime.writeBigInt64BE(BigInt(timeMs));
    return { mzxid, mtime, version: 1 };
  };
  const [life, write] = ['a'.repeat(22), 'b'.repeat(22)];
  const data = encodeNode(life, write, 1_000, 'value');
  const written = stat((7n << 32n) + 5n, 10_000);
  expect(decodeNode(data, written, stat((7n << 32n) + 9n, 10_600)).remainingMs).toBe(400);
  expect(decodeNode(data, written, stat((8n << 32n) + 1n, 10_600)).remainingMs).toBe(2_400);
  // An append by the next leader changes neither when it ends nor by whose clock.
  const appended = encodeAppended(life, write, decodeNode(data, written, written), 400, 'value, more');
  const stored = decodeNode(appended, stat((8n << 32n) + 1n, 10_600), stat((8n << 32n) + 2n, 10_700));
  expect(stored).toMatchObject({ value: 'value, more', endsAtMs: 11_000, remainingMs: 2_300 });
  // For version 0.1.0 it is a text that it cannot read, and that ends.
  expect(String(appended)).toMatch(/^[\w-]{22} [\w-]{22} (\d+) /);
});
