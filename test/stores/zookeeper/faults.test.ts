import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { LockStore, Version } from '../../../src/lock/store.ts';
import { promised } from '../../../src/stores/zookeeper/client.ts';
import { type ZookeeperClient, zookeeperStore } from '../../../src/stores/zookeeper/index.ts';
import { type FaultProxy, startProxy } from '../../support/proxy.ts';
import { type ProcessServer, zookeeperServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';
import { clientsOf } from './clients.ts';

/** What giveway itself does not do with a client: `mode` 1 makes a node that ends with the session. */
interface Ephemeral {
  create(path: string, mode: number, callback: (error: unknown) => void): void;
}

const unavailable = { name: 'StoreUnavailableError' };
const minute = 60_000;
const timeoutMs = 1_500;

// A server of our own: it is paused and killed.
describeWith('zookeeper', () => {
  let server: ProcessServer;
  let proxy: FaultProxy;
  let store: LockStore;
  /** Another process, with a connection that never breaks. */
  let other: LockStore;
  let made = 0;
  let key: string;
  let serial = 0;

  beforeAll(async () => {
    server = await zookeeperServer();
    proxy = await startProxy(server, { protocol: 'chunks' });
    const makeClient = clientsOf(proxy.url);
    const counted = (): ZookeeperClient => {
      made += 1;
      return makeClient();
    };
    store = zookeeperStore({ client: counted, timeoutMs, breaker: false });
    other = zookeeperStore({ client: clientsOf(server.url), timeoutMs, breaker: false });
  }, 90_000);
  beforeEach(async () => {
    key = `key-${serial++}`;
    await healthy();
  });
  afterEach(() => proxy.heal());
  afterAll(async () => {
    await Promise.all([store.close(), other.close()]);
    await proxy.close();
    await server.stop();
  });

  async function healthy(): Promise<void> {
    const answers = (each: LockStore): Promise<boolean> =>
      each.read(key).then(
        () => true,
        () => false,
      );
    for (const each of [store, other]) while (!(await answers(each))) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  async function created(value = 'mine'): Promise<Version> {
    const version = await store.create(key, value, minute);
    if (version === undefined) throw new Error('not created');
    return version;
  }
  const seen = async (): Promise<{ value: string; fence: bigint | undefined } | undefined> => {
    const entry = await other.read(key);
    return entry && { value: entry.value, fence: entry.version.fence };
  };

  const losses: [string, () => void][] = [
    ['a reset', () => proxy.resetAfterApply()],
    ['a close', () => proxy.closeAfterApply()],
    ['a partial reply', () => proxy.cutReply(10)],
  ];

  test.each(losses)('after %s what was done counts as done', async (_, lose) => {
    lose();
    const first = await created('1');
    expect(await seen()).toEqual({ value: '1', fence: first.fence });
    lose();
    const second = (await store.replace(key, '2', first, minute)) as Version;
    expect(await seen()).toEqual({ value: '2', fence: second.fence });
    lose();
    const third = (await store.append?.(key, ' +é', second)) as Version;
    expect(await seen()).toEqual({ value: '2 +é', fence: third.fence });
    lose();
    expect(await store.remove(key, third)).toBe(true);
    expect(await seen()).toBeUndefined();
  });

  test.each(losses)('after %s what is theirs stays theirs', async (_, lose) => {
    const stale = await created();
    const theirs = (await other.replace(key, 'theirs', stale, minute)) as Version;
    lose();
    expect(await store.create(key, 'mine', minute)).toBeUndefined();
    lose();
    expect(await store.replace(key, 'mine', stale, minute)).toBeUndefined();
    lose();
    expect(await store.append?.(key, ' mine', stale)).toBeUndefined();
    lose();
    expect(await store.remove(key, stale)).toBe(false);
    expect(await seen()).toEqual({ value: 'theirs', fence: theirs.fence });
  });

  test('after a loss, whether what is gone was removed or had ended is not guessed', async () => {
    const version = await store.create(key, 'short', 80);
    while ((await other.read(key)) !== undefined);
    await other.create(key, 'theirs', minute);
    await other.remove(key, (await other.read(key))?.version as Version);
    proxy.resetAfterApply();
    await expect(store.remove(key, version as Version)).rejects.toMatchObject({
      ...unavailable,
      message: expect.stringContaining('It is gone: it was released, or had expired'),
    });
  });

  test.each<[string, () => void]>([
    ['a black hole', () => proxy.blackHole()],
    ['requests that vanish', () => proxy.dropRequests()],
  ])('%s is an error at the deadline; three in a row, and another client is made', async (_, breakIt) => {
    const version = await created();
    const before = made;
    breakIt();
    for (let round = 0; round < 3; round += 1) {
      const { error, awakeMs } = await timed(store.replace(key, 'next', version, minute));
      expect(error).toMatchObject({
        ...unavailable,
        code: 'ERR_GIVEWAY_STORE_TIMEOUT',
        message: expect.stringMatching(/^ZooKeeper (did not answer|gave no session) within 1500 ms/),
      });
      expect(awakeMs).toBeLessThan(timeoutMs + 300);
    }
    proxy.heal();
    await healthy();
    expect(made).toBeGreaterThan(before);
  });

  test('a reply that came while the process was blocked beyond the deadline is believed', async () => {
    const version = (await other.create(key, 'value', minute)) as Version;
    const removal = other.remove(key, version);
    await new Promise((resolve) => setTimeout(resolve, 2)); // it is sent
    const until = performance.now() + timeoutMs + 200;
    while (performance.now() < until);
    expect(await removal).toBe(true);
  });

  test('while there is no connection nothing is put into the queue of the client', async () => {
    await server.kill();
    await expect(store.create(`${key} ghost`, 'ghost', minute)).rejects.toMatchObject(unavailable);
    await server.start();
    await healthy();
    expect(await other.read(`${key} ghost`)).toBeUndefined();
  });

  test('a session that expired costs no lock: another client is made, and pushes go on', async () => {
    const held = await created('held');
    let calls = 0;
    using _ = store.subscribe?.(key, () => {
      calls += 1;
    }) as Disposable;
    while (calls === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const before = made;
    proxy.dropRequests(); // nor are its pings heard
    const expired = performance.now() + 5_500; // longer than the longest session of this server, twenty ticks
    while (performance.now() < expired) await store.read(key).catch(() => {});
    proxy.heal();
    await healthy();
    expect(made).toBeGreaterThan(before);
    const next = (await store.replace(key, 'still mine', held, minute)) as Version;
    calls = 0;
    await other.remove(key, next);
    while (calls === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  test('who waits and asks nothing is pushed to again after its session expired', async () => {
    let clients = 0;
    let latest: ZookeeperClient | undefined;
    const makeClient = clientsOf(proxy.url, { sessionTimeout: 400 });
    const third = zookeeperStore({
      client: () => {
        clients += 1;
        latest = makeClient();
        return latest;
      },
    });
    const version = (await other.create(key, 'value', minute)) as Version;
    let calls = 0;
    third.subscribe?.(key, () => {
      calls += 1;
    });
    while (calls === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    // A node that goes with the session tells when it has expired.
    await promised((callback) => (latest as unknown as Ephemeral).create('/session', 1, callback));
    proxy.dropRequests();
    proxy.resetConnections();
    const watcher = clientsOf(server.url)();
    watcher.connect();
    const isThere = async (): Promise<boolean> => {
      const [stat] = await promised<[object?]>((callback) => watcher.exists('/session', () => {}, callback as never));
      return stat !== undefined && stat !== null;
    };
    while (await isThere());
    watcher.close();
    proxy.heal();
    proxy.resetConnections();
    while (clients < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    while (calls < 2) await new Promise((resolve) => setTimeout(resolve, 5)); // it watches again
    await other.remove(key, version);
    while (calls < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    await third.close();
  });

  test('a client that was handed in ends with its session, and the error says what to do', async () => {
    const client = clientsOf(proxy.url, { sessionTimeout: 400 })();
    client.connect();
    const third = zookeeperStore({ client, timeoutMs, breaker: false });
    expect(await third.create(key, 'value', minute)).toBeDefined();
    const expired = new Promise<void>((resolve) => client.on('state', ({ name }) => name === 'EXPIRED' && resolve()));
    server.pause();
    proxy.resetConnections();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    server.resume();
    await Promise.race([expired, new Promise((resolve) => setTimeout(resolve, 2_000))]);
    if (client.getState().name !== 'SYNC_CONNECTED') {
      await expect(third.read(key)).rejects.toMatchObject({ ...unavailable, message: expect.stringContaining('ended the session') });
    }
    await third.close();
    client.close();
  });

  test('a server that is stopped for two seconds is an error each time, within the deadline, and works when it goes on', async () => {
    const version = await created();
    server.pause();
    const end = performance.now() + 2_000;
    while (performance.now() < end) {
      const { error, awakeMs } = await timed(store.create(`${key} another`, 'value', minute));
      expect(error).toMatchObject(unavailable);
      expect(awakeMs).toBeLessThan(timeoutMs + 300);
    }
    server.resume();
    await healthy();
    expect(await store.remove(key, version)).toBe(true);
  });
});
