import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import type { Version } from '../../../src/lock/store.ts';
import { type MysqlStore, mysqlStore } from '../../../src/stores/mysql/index.ts';
import { type FaultProxy, startProxy } from '../../support/proxy.ts';
import { mysqlServer, type ProcessServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';

const unavailable = { name: 'StoreUnavailableError' };
const minute = 60_000;
const timeoutMs = 1_500;

// A server of our own: it is paused and killed.
describeWith('mysql', () => {
  let server: ProcessServer;
  let proxy: FaultProxy;
  let store: MysqlStore;
  /** Another process, with a connection that never breaks. */
  let other: MysqlStore;
  let key: string;
  let serial = 0;

  const throughProxy = (): string => server.url.replace(String(server.port), String(proxy.port));

  /** A statement is prepared on each connection at its first use: so that a fault meets the statement itself. */
  async function prepareAll(): Promise<void> {
    await Promise.all(
      ['one', 'two', 'three', 'four'].map(async (name) => {
        const version = (await store.create(`${key} ${name}`, '1', minute)) as Version;
        const next = (await store.replace(`${key} ${name}`, '2', version, minute)) as Version;
        await store.remove(`${key} ${name}`, (await store.append?.(`${key} ${name}`, '3', next)) as Version);
        await store.read(key);
      }),
    );
  }

  beforeAll(async () => {
    server = await mysqlServer();
    proxy = await startProxy(server, { protocol: 'mysql' });
    store = mysqlStore({ uri: throughProxy(), createTable: true, timeoutMs, breaker: false });
    other = mysqlStore({ uri: server.url, timeoutMs: 5_000 });
    await store.createTable();
  }, 90_000);
  beforeEach(async () => {
    key = `key-${serial++}`;
    await other.read(key);
    await prepareAll();
    proxy.forget();
  });
  afterEach(() => proxy.heal());
  afterAll(async () => {
    await Promise.all([store.close(), other.close()]);
    await proxy.close();
    await server.stop();
  });

  async function created(value = 'mine'): Promise<Version> {
    const version = await store.create(key, value, minute);
    if (version === undefined) throw new Error('not created');
    return version;
  }

  test('create and remove are one request each, and so are a refused create and the look at who has it', async () => {
    expect(await store.remove(key, await created())).toBe(true);
    expect(proxy.operations).toEqual(['execute', 'execute']);
    await other.create(key, 'theirs', minute);
    expect(await store.create(key, 'mine', minute)).toBeUndefined();
    expect(await store.read(key)).toMatchObject({ value: 'theirs' });
    expect(proxy.operations).toEqual(['execute', 'execute', 'execute', 'execute']);
  });

  test('however many calls there are at once, the store has two connections', async () => {
    const fresh = mysqlStore({ uri: throughProxy(), timeoutMs: 5_000 });
    await Promise.all(Array.from({ length: 50 }, (_, index) => fresh.read(`${key} ${index}`)));
    expect(proxy.connections).toBe(2);
    await fresh.close();
  });

  const losses: [string, (times?: number) => void][] = [
    ['a reset', (times) => proxy.resetAfterApply(times)],
    ['a close', (times) => proxy.closeAfterApply(times)],
    ['a partial reply', (times) => proxy.cutReply(5, times)],
  ];

  test.each(losses)('after %s the write is read back: it was ours', async (_, lose) => {
    lose();
    const first = await created('1');
    expect(await other.read(key)).toEqual({ value: '1', version: first });
    await prepareAll();
    lose();
    const second = (await store.replace(key, '2', first, minute)) as Version;
    expect(await other.read(key)).toEqual({ value: '2', version: second });
    await prepareAll();
    lose();
    const third = (await store.append?.(key, ' +é', second)) as Version;
    expect(await other.read(key)).toEqual({ value: '2 +é', version: third });
    await prepareAll();
    lose();
    expect(await store.remove(key, third)).toBe(true);
    expect(await other.read(key)).toBeUndefined();
    expect(await store.remove(key, third)).toBe(false);
  });

  test.each(losses)('after %s the write is read back: it is theirs', async (_, lose) => {
    const stale = await created();
    expect(await other.remove(key, stale)).toBe(true);
    const theirs = await other.create(key, 'theirs', minute);
    lose();
    expect(await store.create(key, 'mine', minute)).toBeUndefined();
    lose();
    expect(await store.replace(key, 'mine', stale, minute)).toBeUndefined();
    lose();
    expect(await store.append?.(key, ' mine', stale)).toBeUndefined();
    await prepareAll();
    lose();
    // Whether it was this call that removed the old one cannot be told any more. Theirs stands in any case.
    await expect(store.remove(key, stale)).rejects.toMatchObject(unavailable);
    expect(await other.read(key)).toEqual({ value: 'theirs', version: theirs });
  });

  test('a removal that was not done because the entry had expired is a no, also after a lost reply', async () => {
    const version = (await store.create(key, 'short', 1)) as Version;
    while ((await other.read(key)) !== undefined);
    proxy.resetAfterApply();
    expect(await store.remove(key, version)).toBe(false);
  });

  test.each([
    ['a black hole', () => proxy.blackHole()],
    ['requests that vanish', () => proxy.dropRequests()],
  ] as [string, () => void][])('%s is an error at the deadline, and the next call works', async (_, breakIt) => {
    const version = await created();
    breakIt();
    const { error, awakeMs } = await timed(store.remove(key, version));
    expect(error).toMatchObject({ ...unavailable, code: 'ERR_GIVEWAY_STORE_TIMEOUT' });
    expect(awakeMs).toBeLessThan(timeoutMs + 300);
    proxy.heal();
    expect(await store.read(`${key} another`)).toBeUndefined();
  });

  test('a statement that the server was told to end, and a connection that it was told to end', async () => {
    const admin = await createConnection(server.url);
    const [rows] = await admin.query("select id from information_schema.processlist where user = 'root' and id <> connection_id()");
    for (const { id } of rows as { id: number }[]) await admin.query(`kill ${id}`);
    await admin.end();
    expect(await store.create(key, 'mine', minute)).toBeDefined();
  });

  test('of a server that refuses connections the address is told, and no password', async () => {
    const gone = mysqlStore({ uri: 'mysql://root:hunter2@127.0.0.1:1/giveway', timeoutMs });
    await expect(gone.create(key, 'mine', minute)).rejects.toMatchObject({
      ...unavailable,
      concerns: 'server',
      message: 'MySQL at 127.0.0.1:1 refuses connections: is it running, and is this the right port?',
    });
    await gone.close();
  });

  test('a server that only reads is an outage', async () => {
    const admin = await createConnection(server.url);
    await admin.query("create user reader@'%' identified by 'right'");
    await admin.query("grant all on giveway.* to reader@'%'");
    await admin.query('set global read_only = 1');
    const reader = mysqlStore({ uri: server.url.replace('root@', 'reader:right@'), timeoutMs: 5_000 });
    await expect(reader.create(key, 'mine', minute)).rejects.toMatchObject({
      concerns: 'server',
      message: expect.stringContaining('is read-only here'),
    });
    await admin.query('set global read_only = 0');
    await admin.end();
    expect(await reader.create(key, 'mine', minute)).toBeDefined();
    await reader.close();
  });
});
