import { expect, test } from '@jest/globals';
import type { Version } from '../../../src/lock/store.ts';
import { promised } from '../../../src/stores/zookeeper/client.ts';
import { type ZookeeperClient, zookeeperStore } from '../../../src/stores/zookeeper/index.ts';
import { zookeeperServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';
import { minute, setFaultStage, testLateReply, testStoppedServer, unavailable } from '../fault-stage.ts';
import { clientsOf } from './clients.ts';

/** What giveway itself does not do with a client: `mode` 1 makes a node that ends with the session. */
interface Ephemeral {
  create(path: string, mode: number, callback: (error: unknown) => void): void;
}

const timeoutMs = 1_500;

describeWith('zookeeper', () => {
  let made = 0;
  const stage = setFaultStage({
    protocol: 'chunks',
    start: zookeeperServer,
    async open(server, proxy) {
      const makeClient = clientsOf(proxy.url);
      const counted = (): ZookeeperClient => {
        made += 1;
        return makeClient();
      };
      return [
        zookeeperStore({ client: counted, timeoutMs, breaker: false }),
        zookeeperStore({ client: clientsOf(server.url), timeoutMs, breaker: false }),
      ];
    },
  });
  const seen = async (): Promise<{ value: string; fence: bigint | undefined } | undefined> => {
    const entry = await stage.other.read(stage.key);
    return entry && { value: entry.value, fence: entry.version.fence };
  };

  const losses: [string, () => void][] = [
    ['a reset', () => stage.proxy.resetAfterApply()],
    ['a close', () => stage.proxy.closeAfterApply()],
    ['a partial reply', () => stage.proxy.cutReply(10)],
  ];

  test.each(losses)('after %s what was done counts as done', async (_, lose) => {
    lose();
    const first = await stage.created('1');
    expect(await seen()).toEqual({ value: '1', fence: first.fence });
    lose();
    const second = (await stage.store.replace(stage.key, '2', first, minute)) as Version;
    expect(await seen()).toEqual({ value: '2', fence: second.fence });
    lose();
    const third = (await stage.store.append?.(stage.key, ' +é', second)) as Version;
    expect(await seen()).toEqual({ value: '2 +é', fence: third.fence });
    lose();
    expect(await stage.store.remove(stage.key, third)).toBe(true);
    expect(await seen()).toBeUndefined();
  });

  test.each(losses)('after %s what is theirs stays theirs', async (_, lose) => {
    const stale = await stage.created();
    const theirs = (await stage.other.replace(stage.key, 'theirs', stale, minute)) as Version;
    lose();
    expect(await stage.store.create(stage.key, 'mine', minute)).toBeUndefined();
    lose();
    expect(await stage.store.replace(stage.key, 'mine', stale, minute)).toBeUndefined();
    lose();
    expect(await stage.store.append?.(stage.key, ' mine', stale)).toBeUndefined();
    lose();
    expect(await stage.store.remove(stage.key, stale)).toBe(false);
    expect(await seen()).toEqual({ value: 'theirs', fence: theirs.fence });
  });

  test('after a loss, whether what is gone was removed or had ended is not guessed', async () => {
    const version = await stage.store.create(stage.key, 'short', 80);
    while ((await stage.other.read(stage.key)) !== undefined);
    await stage.other.create(stage.key, 'theirs', minute);
    await stage.other.remove(stage.key, (await stage.other.read(stage.key))?.version as Version);
    stage.proxy.resetAfterApply();
    await expect(stage.store.remove(stage.key, version as Version)).rejects.toMatchObject({
      ...unavailable,
      message: expect.stringContaining('It is gone: it was released, or had expired'),
    });
  });

  test.each<[string, () => void]>([
    ['a black hole', () => stage.proxy.blackHole()],
    ['requests that vanish', () => stage.proxy.dropRequests()],
  ])('%s is an error at the deadline; three in a row, and another client is made', async (_, breakIt) => {
    const version = await stage.created();
    const before = made;
    breakIt();
    for (let round = 0; round < 3; round += 1) {
      const { error, awakeMs } = await timed(stage.store.replace(stage.key, 'next', version, minute));
      expect(error).toMatchObject({
        ...unavailable,
        code: 'ERR_GIVEWAY_STORE_TIMEOUT',
        message: expect.stringMatching(/^ZooKeeper (did not answer|gave no session) within 1500 ms/),
      });
      expect(awakeMs).toBeLessThan(timeoutMs + 300);
    }
    stage.proxy.heal();
    await stage.healthy();
    expect(made).toBeGreaterThan(before);
  });

  test('while there is no connection nothing is put into the queue of the client', async () => {
    await stage.server.kill();
    await expect(stage.store.create(`${stage.key} ghost`, 'ghost', minute)).rejects.toMatchObject(unavailable);
    await stage.server.start();
    await stage.healthy();
    expect(await stage.other.read(`${stage.key} ghost`)).toBeUndefined();
  });

  test('a session that expired costs no lock: another client is made, and pushes go on', async () => {
    const held = await stage.created('held');
    let calls = 0;
    using _ = stage.store.subscribe?.(stage.key, () => {
      calls += 1;
    }) as Disposable;
    while (calls === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const before = made;
    stage.proxy.dropRequests(); // nor are its pings heard
    const expired = performance.now() + 5_500; // longer than the longest session of this server, twenty ticks
    while (performance.now() < expired) await stage.store.read(stage.key).catch(() => {});
    stage.proxy.heal();
    await stage.healthy();
    expect(made).toBeGreaterThan(before);
    const next = (await stage.store.replace(stage.key, 'still mine', held, minute)) as Version;
    calls = 0;
    await stage.other.remove(stage.key, next);
    while (calls === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  test('who waits and asks nothing is pushed to again after its session expired', async () => {
    let clients = 0;
    let latest: ZookeeperClient | undefined;
    const makeClient = clientsOf(stage.proxy.url, { sessionTimeout: 400 });
    const third = zookeeperStore({
      client: () => {
        clients += 1;
        latest = makeClient();
        return latest;
      },
    });
    const version = (await stage.other.create(stage.key, 'value', minute)) as Version;
    let calls = 0;
    third.subscribe?.(stage.key, () => {
      calls += 1;
    });
    while (calls === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    // A node that goes with the session tells when it has expired.
    await promised((callback) => (latest as unknown as Ephemeral).create('/session', 1, callback));
    stage.proxy.dropRequests();
    stage.proxy.resetConnections();
    const watcher = clientsOf(stage.server.url)();
    watcher.connect();
    const isThere = async (): Promise<boolean> => {
      const [stat] = await promised<[object?]>((callback) => watcher.exists('/session', () => {}, callback as never));
      return stat !== undefined && stat !== null;
    };
    while (await isThere());
    watcher.close();
    stage.proxy.heal();
    stage.proxy.resetConnections();
    while (clients < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    while (calls < 2) await new Promise((resolve) => setTimeout(resolve, 5)); // it watches again
    await stage.other.remove(stage.key, version);
    while (calls < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    await third.close();
  });

  test('a client that was handed in ends with its session, and the error says what to do', async () => {
    const client = clientsOf(stage.proxy.url, { sessionTimeout: 400 })();
    client.connect();
    const third = zookeeperStore({ client, timeoutMs, breaker: false });
    expect(await third.create(stage.key, 'value', minute)).toBeDefined();
    const expired = new Promise<void>((resolve) => client.on('state', ({ name }) => name === 'EXPIRED' && resolve()));
    stage.server.pause();
    stage.proxy.resetConnections();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    stage.server.resume();
    await Promise.race([expired, new Promise((resolve) => setTimeout(resolve, 2_000))]);
    if (client.getState().name !== 'SYNC_CONNECTED') {
      await expect(third.read(stage.key)).rejects.toMatchObject({ ...unavailable, message: expect.stringContaining('ended the session') });
    }
    await third.close();
    client.close();
  });

  testLateReply(stage, timeoutMs);
  testStoppedServer(stage, timeoutMs);
});
