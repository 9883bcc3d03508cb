import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { memcachedServer, type ProcessServer } from '../support/services.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { startWorker, type Worker } from './spawn.ts';

const ttlMs = 1_000;

describeWith('memcached', () => {
  let server: ProcessServer;
  let namespace: string;
  let locker: ResourceLocker;
  let workers: Worker[] = [];

  beforeAll(async () => {
    server = await memcachedServer();
  });
  afterEach(async () => {
    for (const worker of workers) worker.process.kill('SIGKILL');
    await Promise.all(workers.map(({ ended }) => ended));
    workers = [];
    await locker?.close();
  });
  afterAll(() => server.stop());

  function start(task: string): Worker {
    namespace = uniqueName();
    locker = createLocker({ store: memcachedStore({ servers: `${server.host}:${server.port}` }), namespace, closesStore: true });
    const worker = startWorker('worker.ts', [task], { MEMCACHED: `${server.host}:${server.port}`, NAMESPACE: namespace });
    workers.push(worker);
    return worker;
  }

  test('P3: a holder that is killed frees its resource within ttlMs + 3 s', async () => {
    const holder = start('hold');
    await holder.told('held');
    expect(await locker.tryLock('events')).toBeUndefined();
    holder.process.kill('SIGKILL');
    await holder.ended;
    const killedAt = Date.now();
    for (;;) {
      const askedAt = Date.now();
      if ((await locker.tryLock('events')) !== undefined) break;
      expect(askedAt - killedAt).toBeLessThanOrEqual(ttlMs + 3_000); // refused
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });

  test('P6: a holder that was stopped beyond its TTL learns of it before its next write', async () => {
    const holder = start('write');
    await holder.told('write');
    holder.process.kill('SIGSTOP');
    const lock = await locker.lock('events');
    const takenAt = Date.now();
    holder.process.kill('SIGCONT');
    expect(await holder.told('stopped')).toMatchObject({ reason: 'expired' });
    expect(holder.lines.filter(({ what, at }) => what === 'write' && at >= takenAt)).toEqual([]);
    expect(await lock.unlock()).toBe(true);
  });

  test('P6: a holder that blocked its own event loop beyond its TTL sees it when it looks', async () => {
    const holder = start('stall');
    expect(await holder.told('awake')).toMatchObject({ aborted: true, reason: 'expired' });
  });

  test('a process that has let go ends by itself, with nothing to close', async () => {
    const worker = start('once');
    await worker.told('ran');
    expect(await worker.ended).toBe(0);
  });

  test('a process that waits stays alive for it', async () => {
    const taken = createLocker({ store: memcachedStore({ servers: `${server.host}:${server.port}` }), closesStore: true });
    const worker = start('wait');
    const lock = await locker.lock('events');
    await worker.told('waiting');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(worker.process.exitCode).toBeNull();
    await lock.unlock();
    await worker.told('held');
    expect(await worker.ended).toBe(0);
    await taken.close();
  });

  test('a server that dies under a holder is a loss, not a crash', async () => {
    const holder = start('hold');
    await holder.told('held');
    await server.stop();
    expect(await holder.told('lost')).toMatchObject({ reason: 'unreachable' });
    expect(holder.lines.some(({ what }) => what === 'unhandled')).toBe(false);
    expect(holder.process.exitCode).toBeNull();
    server = await memcachedServer();
  });

  test('P4: after a restart of the server with CAS numbers reused, the former holder frees nobody', async () => {
    const before = start('once');
    await before.ended;
    const former = await locker.lock('visits', { ttlMs: 60_000 });
    await server.restart();
    const successor = createLocker({ store: memcachedStore({ servers: `${server.host}:${server.port}` }), namespace, closesStore: true });
    const lock = await successor.lock('visits');
    expect(await former.unlock()).toBe(false);
    expect(await successor.inspect('visits')).toMatchObject([{ token: lock.token }]);
    await successor.close();
  });
});
