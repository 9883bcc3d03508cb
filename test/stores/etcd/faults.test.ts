import { expect, test } from '@jest/globals';
import { Etcd3 } from 'etcd3';
import type { Version } from '../../../src/lock/store.ts';
import { type EtcdClient, etcdStore } from '../../../src/stores/etcd/index.ts';
import { etcdServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';
import { minute, setFaultStage, testLateReply, testStoppedServer, unavailable } from '../fault-stage.ts';

const timeoutMs = 800;

/** The next answers to `method` are lost on their way, after etcd has done what it was asked. */
function losing(client: Etcd3): EtcdClient & { loseNext(): void } {
  let losses = 0;
  return {
    kv: {
      range: (request, options) => client.kv.range(request, options),
      txn: async (request, options) => {
        const reply = await client.kv.txn(request, options);
        if (losses === 0) return reply;
        losses -= 1;
        throw new Error('14 UNAVAILABLE: Connection dropped');
      },
    },
    leaseClient: client.leaseClient as EtcdClient['leaseClient'],
    watchClient: client.watchClient as EtcdClient['watchClient'],
    loseNext: () => {
      losses += 1;
    },
  };
}

/** As in a cluster of which some members hang, and others are down: the next requests meet one of these. */
function patchy(client: Etcd3): EtcdClient & { meet(...members: ('hung' | 'down')[]): void } {
  const next: ('hung' | 'down')[] = [];
  const through =
    <Request, Options, Reply>(send: (request: Request, options: Options) => Promise<Reply>) =>
    (request: Request, options: Options): Promise<Reply> => {
      const member = next.shift();
      if (member === 'hung') return new Promise(() => {});
      if (member === 'down') return Promise.reject(new Error('14 UNAVAILABLE: No connection established. Last error: ECONNREFUSED'));
      return send(request, options);
    };
  return {
    kv: {
      range: through((request: object, options) => client.kv.range(request, options)),
      txn: through((request: object, options) => client.kv.txn(request, options)),
    } as EtcdClient['kv'],
    leaseClient: {
      leaseGrant: through((request: object, options) => client.leaseClient.leaseGrant(request as never, options as never)),
      leaseRevoke: (request, options) => client.leaseClient.leaseRevoke(request as never, options),
      leaseTimeToLive: (request, options) => client.leaseClient.leaseTimeToLive(request as never, options),
    },
    watchClient: client.watchClient as EtcdClient['watchClient'],
    meet: (...members) => void next.push(...members),
  };
}

describeWith('etcd', () => {
  let clients: Etcd3[];
  const stage = setFaultStage({
    protocol: 'chunks',
    start: etcdServer,
    async open(server, proxy) {
      clients = [new Etcd3({ hosts: `http://${proxy.url}` }), new Etcd3({ hosts: server.url })];
      return clients.map((client) => etcdStore({ client, timeoutMs, breaker: false }));
    },
    end() {
      for (const client of clients) client.close();
    },
  });
  const leases = async (): Promise<number> => (await clients[1]?.leaseClient.leaseLeases())?.leases.length ?? -1;

  test('no lease outlives the entry it was made for', async () => {
    const before = await leases();
    const first = await stage.created();
    expect(await stage.store.create(stage.key, 'refused', minute)).toBeUndefined();
    expect(await stage.store.replace(stage.key, 'refused', { ...first, fence: 1n } as Version, minute)).toBeUndefined();
    const second = (await stage.store.replace(stage.key, 'next', first, minute)) as Version;
    while ((await leases()) > before + 1);
    expect(await stage.store.read(stage.key)).toEqual({ value: 'next', version: second });
    expect(await stage.store.remove(stage.key, second)).toBe(true);
    while ((await leases()) > before);
  });

  test('close waits until useless leases are revoked', async () => {
    const before = await leases();
    const third = etcdStore({ client: clients[1] as Etcd3 });
    const versions = await Promise.all(Array.from({ length: 20 }, (_, index) => third.create(`${stage.key} ${index}`, 'value', minute)));
    await Promise.all(versions.map((version, index) => third.remove(`${stage.key} ${index}`, version as Version)));
    await third.close();
    expect(await leases()).toBe(before);
  });

  test('when the answer to a transaction is lost, what was done counts as done', async () => {
    const lossy = losing(clients[1] as Etcd3);
    const third = etcdStore({ client: lossy });
    lossy.loseNext();
    const first = (await third.create(stage.key, '1', minute)) as Version;
    expect(await stage.other.read(stage.key)).toEqual({ value: '1', version: first });
    lossy.loseNext();
    const second = (await third.replace(stage.key, '2', first, minute)) as Version;
    expect(await stage.other.read(stage.key)).toEqual({ value: '2', version: second });
    lossy.loseNext();
    const longer = (await third.append?.(stage.key, ' +é', second)) as Version;
    expect(await stage.other.read(stage.key)).toEqual({ value: '2 +é', version: longer });
    lossy.loseNext();
    expect(await third.remove(stage.key, longer)).toBe(true);
    expect(await stage.other.read(stage.key)).toBeUndefined();
    await third.close();
  });

  test('a write whose answer is lost, and to which somebody appends before it is sent again, is a no that leaves both there', async () => {
    const client = clients[1] as Etcd3;
    let meanwhile: (() => Promise<unknown>) | undefined;
    const interrupted: EtcdClient = {
      kv: {
        range: (request, options) => client.kv.range(request, options),
        txn: async (request, options) => {
          const reply = await client.kv.txn(request, options);
          const interrupt = meanwhile;
          meanwhile = undefined;
          if (interrupt === undefined) return reply;
          await interrupt();
          throw new Error('14 UNAVAILABLE: Connection dropped');
        },
      },
      leaseClient: client.leaseClient as EtcdClient['leaseClient'],
      watchClient: client.watchClient as EtcdClient['watchClient'],
    };
    const third = etcdStore({ client: interrupted });
    meanwhile = async () => stage.other.append?.(stage.key, ' theirs', (await stage.other.read(stage.key))?.version as Version);
    expect(await third.create(stage.key, 'mine', minute)).toBeUndefined();
    await third.close(); // no lease is revoked under what stands there
    expect((await stage.other.read(stage.key))?.value).toBe('mine theirs');
  });

  test('when the answer to a transaction is lost, what is theirs stays theirs', async () => {
    const lossy = losing(clients[1] as Etcd3);
    const third = etcdStore({ client: lossy });
    const stale = (await third.create(stage.key, '1', minute)) as Version;
    const theirs = (await stage.other.replace(stage.key, 'theirs', stale, minute)) as Version;
    lossy.loseNext();
    expect(await third.create(stage.key, 'mine', minute)).toBeUndefined();
    lossy.loseNext();
    expect(await third.replace(stage.key, 'mine', stale, minute)).toBeUndefined();
    lossy.loseNext();
    expect(await third.append?.(stage.key, ' mine', stale)).toBeUndefined();
    lossy.loseNext();
    expect(await third.remove(stage.key, stale)).toBe(false);
    expect(await stage.other.read(stage.key)).toEqual({ value: 'theirs', version: theirs });
    // Gone since long: whether it was removed or had ended cannot be told.
    await stage.other.remove(stage.key, theirs);
    const gone = { ...stale, lease: '7' } as Version;
    lossy.loseNext();
    await expect(third.remove(stage.key, gone)).rejects.toMatchObject({ ...unavailable, message: expect.stringContaining('It is gone') });
    await third.close();
  });

  test('a stream of watches that has gone silent is noticed: waiters poll until there is another', async () => {
    const version = await stage.created();
    let calls = 0;
    using _ = stage.store.subscribe?.(stage.key, () => {
      calls += 1;
    }) as Disposable;
    while (calls === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stage.proxy.dropRequests();
    while (stage.store.traits.pushes) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(calls).toBe(2);
    stage.proxy.heal();
    stage.proxy.resetConnections();
    while (!stage.store.traits.pushes) await new Promise((resolve) => setTimeout(resolve, 20));
    const before = calls;
    await stage.other.remove(stage.key, version);
    while (calls === before) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  test('members that hang or are down are no failure while another works', async () => {
    const cluster = patchy(clients[1] as Etcd3);
    const third = etcdStore({ client: cluster, timeoutMs: 2_000, breaker: false });
    cluster.meet('hung', 'down', 'down', 'down');
    const first = (await third.create(stage.key, '1', minute)) as Version;
    cluster.meet('down', 'down', 'hung', 'down');
    const second = (await third.replace(stage.key, '2', first, minute)) as Version;
    expect(await stage.other.read(stage.key)).toEqual({ value: '2', version: second });
    cluster.meet('hung', 'hung');
    expect(await third.remove(stage.key, second)).toBe(true);
    cluster.meet('hung', 'down', 'hung');
    expect(await third.read(stage.key)).toBeUndefined();
    await third.close();
  });

  test.each<[string, () => void]>([
    ['a reset', () => stage.proxy.resetAfterApply()],
    ['a close', () => stage.proxy.closeAfterApply()],
    ['a partial reply', () => stage.proxy.cutReply(5)],
  ])('after %s on the wire the answers are right, and come from the same client', async (_, breakIt) => {
    breakIt();
    const first = await stage.created('1');
    expect(await stage.other.read(stage.key)).toEqual({ value: '1', version: first });
    breakIt();
    const second = (await stage.store.replace(stage.key, '2', first, minute)) as Version;
    expect(await stage.other.read(stage.key)).toEqual({ value: '2', version: second });
    breakIt();
    expect(await stage.store.remove(stage.key, second)).toBe(true);
    expect(await stage.other.read(stage.key)).toBeUndefined();
  });

  test.each<[string, () => void]>([
    ['a black hole', () => stage.proxy.blackHole()],
    ['requests that vanish', () => stage.proxy.dropRequests()],
  ])('%s is an error at the deadline', async (_, breakIt) => {
    const version = await stage.created();
    breakIt();
    const { error, awakeMs } = await timed(stage.store.replace(stage.key, 'next', version, minute));
    expect(error).toMatchObject({
      ...unavailable,
      code: 'ERR_GIVEWAY_STORE_TIMEOUT',
      message: `etcd did not answer within ${timeoutMs} ms`,
    });
    expect(awakeMs).toBeLessThan(timeoutMs + 300);
    stage.proxy.heal();
    stage.proxy.resetConnections();
  });

  test('a server killed in mid-operation, and started again: nobody is told a lie, nothing is forgotten', async () => {
    const held = await stage.created('held');
    const calls = Array.from({ length: 20 }, (_, index) => stage.other.create(`${stage.key} ${index}`, `value ${index}`, minute));
    const outcomes = Promise.allSettled(calls);
    await stage.server.kill();
    await expect(stage.store.replace(stage.key, 'too early', held, minute)).rejects.toMatchObject(unavailable);
    await stage.server.start();
    await stage.healthy();
    for (const [index, outcome] of (await outcomes).entries()) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(unavailable);
      else expect((await stage.other.read(`${stage.key} ${index}`))?.value).toBe(`value ${index}`);
    }
    expect(await stage.other.read(stage.key)).toEqual({ value: 'held', version: held });
    const next = (await stage.store.replace(stage.key, 'next', held, minute)) as Version;
    expect((next.fence ?? 0n) > (held.fence ?? 0n)).toBe(true);
    expect(await stage.store.remove(stage.key, next)).toBe(true);
  });

  testLateReply(stage, timeoutMs);
  testStoppedServer(stage, timeoutMs);
});
