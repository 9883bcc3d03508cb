import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { Client, Pool } from 'pg';
import { createLocker } from '../../../src/lock/api/locker.ts';
import type { Entry, LockStore, Version } from '../../../src/lock/store.ts';
import { postgresStore } from '../../../src/stores/postgres/index.ts';
import { type FaultProxy, startProxy } from '../../support/proxy.ts';
import { type ProcessServer, postgresServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';

const minute = 60_000;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] as number;
}

describeWith('postgres', () => {
  let server: ProcessServer;
  let proxy: FaultProxy;
  beforeAll(async () => {
    server = await postgresServer();
    proxy = await startProxy(server, { protocol: 'postgres' });
  }, 90_000);
  afterEach(() => proxy.heal());
  afterAll(async () => {
    await proxy.close();
    await server.stop();
  });

  const connectionString = (): string => server.url.replace(String(server.port), String(proxy.port));

  test('any number of subscriptions cost one request on one connection, and each hears of its own key alone', async () => {
    const writer = postgresStore({ connectionString: server.url, createTable: true, listen: false });
    const listening = postgresStore({ connectionString: connectionString() });
    const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
    const versions = await Promise.all(keys.map((key) => writer.create(key, key, minute)));
    proxy.forget();
    const heard = new Map<string, number>();
    const hear = (key: string) => (): void => void heard.set(key, (heard.get(key) ?? 0) + 1);
    const subscriptions = keys.map((key) => listening.subscribe?.(key, hear(key)));
    await until(() => heard.size === 50); // all are told once when it begins to listen
    heard.clear();
    await writer.remove('key-7', versions[7] as Version);
    await writer.replace('key-8', 'next', versions[8] as Version, minute);
    await until(() => heard.size === 2);
    expect([...heard]).toEqual([
      ['key-7', 1],
      ['key-8', 1],
    ]);
    expect({ requests: proxy.operations, connections: proxy.connections }).toEqual({ requests: ['query'], connections: 1 });
    for (const subscription of subscriptions) subscription?.[Symbol.dispose]();
    await Promise.all([writer.close(), listening.close()]);
  });

  test('a replace says what stands there now, and by that version it can be removed; a removal says nothing more', async () => {
    const open = (): LockStore => postgresStore({ connectionString: server.url, createTable: true });
    const [writer, listening] = [open(), open()];
    await writer.read('told');
    const heard: unknown[] = [];
    listening.subscribe?.('told', (now) => heard.push(now));
    await until(() => heard.length === 1);
    const first = (await writer.create('told', '1 é', minute)) as Version;
    const second = (await writer.replace('told', '2\né', first, minute)) as Version;
    await until(() => heard.length === 2);
    expect(heard[1]).toEqual({ value: '2\né', version: second });
    expect(await listening.remove('told', (heard[1] as Entry).version)).toBe(true);
    await until(() => heard.length === 3);
    expect(heard[2]).toBeUndefined();
    const longest = 'é'.repeat((7_900 - 'told'.length) / 2);
    const third = (await writer.replace('told', longest, (await writer.create('told', '', minute)) as Version, minute)) as Version;
    await until(() => heard.length === 4);
    expect(heard[3]).toEqual({ value: longest, version: third });
    const fourth = (await writer.replace('told', `${longest}x`, third, minute)) as Version;
    await until(() => heard.length === 5);
    expect(heard[4]).toBeUndefined(); // Postgres takes no notification of 8,000 bytes
    expect(await writer.remove('told', fourth)).toBe(true);
    await Promise.all([writer.close(), listening.close()]);
  });

  test('version 0.1.0 hears the keys that we change, and we hear its', async () => {
    const store = postgresStore({ connectionString: server.url, createTable: true });
    const old = new Client({ connectionString: server.url });
    await old.connect();
    const older: (string | undefined)[] = [];
    old.on('notification', ({ payload }) => older.push(payload));
    await old.query('listen giveway_locks');
    let calls = 0;
    store.subscribe?.('rolling', () => calls++);
    await until(() => calls === 1);
    const version = (await store.create('rolling', '1', minute)) as Version;
    await store.remove('rolling', (await store.replace('rolling', '2', version, minute)) as Version);
    await until(() => older.length === 3);
    expect(older.filter((payload) => payload === 'rolling')).toHaveLength(2);
    await until(() => calls === 3);
    await old.query(`select pg_notify('giveway_locks', 'rolling')`);
    await until(() => calls === 4);
    await old.end();
    await store.close();
  });

  test('a listener that throws harms nobody', async () => {
    const store = postgresStore({ connectionString: server.url, createTable: true });
    const version = (await store.create('throws', 'value', minute)) as Version;
    let calls = 0;
    store.subscribe?.('throws', () => {
      throw new Error('a listener failed');
    });
    store.subscribe?.('throws', () => calls++);
    await until(() => calls === 1);
    await store.remove('throws', version);
    await until(() => calls === 2);
    await store.close();
  });

  test('when the listening connection breaks it is opened again, and whoever waits is told to look', async () => {
    const store = postgresStore({ connectionString: server.url, createTable: true });
    const version = (await store.create('breaks', 'value', minute)) as Version;
    let calls = 0;
    store.subscribe?.('breaks', () => calls++);
    await until(() => calls === 1);
    const pool = new Pool({ connectionString: server.url });
    await pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %'`);
    await until(() => calls >= 2 && store.traits.pushes);
    const before = calls;
    await store.remove('breaks', version);
    await until(() => calls > before);
    await pool.end();
    await store.close();
  });

  test('while the listening connection cannot be opened waiters poll, and an operator is told why', async () => {
    const admin = new Pool({ connectionString: server.url });
    await admin.query('create role listening nologin');
    const holding = postgresStore({ connectionString: server.url, createTable: true, listen: false });
    const waiting = postgresStore({ connectionString: server.url, listen: server.url.replace('postgres@', 'listening@') });
    const notices: string[] = [];
    waiting.onNotice?.(({ code, message }) => notices.push(`${code} ${message}`));
    const [held, waited] = [createLocker({ store: holding }), createLocker({ store: waiting })];
    const lock = await held.lock('unheard', { ttlMs: 60_000 });
    const next = waited.lock('unheard', { retry: { maxWaitMs: 20_000 } });
    await until(() => notices.length > 0);
    expect(waiting.traits.pushes).toBe(false);
    expect(notices).toEqual([
      expect.stringMatching(/^ERR_GIVEWAY_NO_PUSH The connection for LISTEN cannot be opened: .* refused the login/),
    ]);
    await lock.unlock();
    await (await next).unlock();
    // Once it can be opened, they are pushed to again.
    let calls = 0;
    const subscription = waiting.subscribe?.('unheard', () => calls++);
    await admin.query('alter role listening login');
    await until(() => waiting.traits.pushes && calls > 0);
    expect(notices).toHaveLength(1);
    subscription?.[Symbol.dispose]();
    await Promise.all([held.close(), waited.close(), holding.close(), waiting.close(), admin.end()]);
  });

  test('the listening connection is probed while it is silent', async () => {
    const probes = jest.spyOn(Socket.prototype, 'setKeepAlive');
    const store = postgresStore({ connectionString: server.url, createTable: true });
    let calls = 0;
    store.subscribe?.('probed', () => calls++);
    await until(() => calls === 1);
    expect(probes.mock.calls).toEqual([[true, 10_000]]);
    probes.mockRestore();
    await store.close();
  });

  test('a server that was killed and started again is listened to again', async () => {
    const store = postgresStore({ connectionString: server.url, createTable: true, breaker: false });
    const version = (await store.create('restart', 'value', minute)) as Version;
    let calls = 0;
    store.subscribe?.('restart', () => calls++);
    await until(() => calls === 1);
    await server.restart();
    // Told that it broke, that it cannot be opened, or both; and in the end that it stands.
    await until(() => calls >= 2 && store.traits.pushes);
    const before = calls;
    await store.remove('restart', version);
    await until(() => calls > before);
    await store.close();
  });

  test('close does not hang on a server that has gone silent', async () => {
    const store = postgresStore({ connectionString: server.url, timeoutMs: 300, createTable: true });
    let calls = 0;
    store.subscribe?.('silent', () => calls++);
    await until(() => calls === 1);
    const pool = new Pool({ connectionString: server.url });
    const { rows } = await pool.query<{ pid: number }>(`select pid from pg_stat_activity where application_name = 'giveway'`);
    for (const { pid } of rows) process.kill(pid, 'SIGSTOP');
    const { tookMs, awakeMs } = await timed(store.close());
    for (const { pid } of rows) process.kill(pid, 'SIGCONT');
    await pool.end();
    expect(tookMs).toBeGreaterThan(250); // it did wait, and no longer than it may
    expect(awakeMs).toBeLessThan(800);
  });

  test('without listen there is no subscribe, and no connection for it', () => {
    for (const store of [
      postgresStore({ connectionString: server.url, listen: false }),
      postgresStore({ pool: { connect: () => Promise.reject(new Error('not asked')) } }),
    ]) {
      expect(store.subscribe).toBeUndefined();
      expect(store.traits.pushes).toBe(false);
    }
  });

  test('32 waiters cost no query while the resource is held, and at most one each time a holder ends', async () => {
    const holder = createLocker({ store: postgresStore({ connectionString: server.url, createTable: true }) });
    const store = postgresStore({ connectionString: connectionString() });
    const waiting = createLocker({ store });
    const held = await holder.lock('events');
    const waiters = Array.from({ length: 32 }, async () => {
      const lock = await waiting.lock('events', { retry: { maxWaitMs: 20_000, delayMs: 10_000, maxDelayMs: 10_000 } });
      await lock.unlock();
    });
    await sleep(400); // it subscribes, looks, and looks once more when it begins to listen: sooner or later
    do {
      proxy.forget();
      await sleep(1_500);
    } while (proxy.requests > 0); // whoever is called looks once in ten seconds, for what no call tells
    await held.unlock();
    await Promise.all(waiters);
    // 32 holders ended here, and the one over there.
    expect(proxy.requests).toBeLessThanOrEqual(2 * 33);
    await Promise.all([holder.close(), waiting.close()]);
    await store.close();
  });

  test('from one process to another a lock passes in less than 5 ms, or ten round trips where the machine is busy', async () => {
    const stores = [0, 1].map(() => postgresStore({ connectionString: server.url, createTable: true }));
    const [one, other] = stores.map((store) => createLocker({ store }));
    const roundTripMs: number[] = [];
    const handOverMs: number[] = [];
    for (let round = 0; round < 31; round += 1) {
      const [from, to] = round % 2 === 0 ? [one, other] : [other, one];
      const held = await from?.lock('hand-over');
      // Who polls would look again in ten seconds.
      const next = to?.lock('hand-over', { retry: { delayMs: 10_000, maxDelayMs: 10_000 } });
      await sleep(60);
      const askedMs = performance.now();
      await stores[1]?.read('hand-over');
      const releasedMs = performance.now();
      await held?.unlock();
      const lock = await next;
      handOverMs.push(performance.now() - releasedMs);
      roundTripMs.push(releasedMs - askedMs);
      await lock?.unlock();
    }
    expect(Math.min(...handOverMs)).toBeLessThan(Math.max(5, 10 * median(roundTripMs)));
    await Promise.all([one?.close(), other?.close(), ...stores.map((store) => store.close())]);
  });
});
