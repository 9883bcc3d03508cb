import { beforeEach, expect, test } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import type { Version } from '../../../src/lock/store.ts';
import { mysqlStore } from '../../../src/stores/mysql/index.ts';
import { mysqlServer } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';
import { minute, setFaultStage, unavailable } from '../fault-stage.ts';

const timeoutMs = 1_500;

describeWith('mysql', () => {
  const stage = setFaultStage({
    protocol: 'mysql',
    start: mysqlServer,
    async open(server, proxy) {
      const uri = server.url.replace(String(server.port), String(proxy.port));
      const store = mysqlStore({ uri, createTable: true, timeoutMs, breaker: false });
      await store.createTable();
      return [store, mysqlStore({ uri: server.url, timeoutMs: 5_000 })];
    },
  });
  const throughProxy = (): string => stage.server.url.replace(String(stage.server.port), String(stage.proxy.port));

  /** A statement is prepared on each connection at its first use: so that a fault meets the statement itself. */
  async function prepareAll(): Promise<void> {
    await Promise.all(
      ['one', 'two', 'three', 'four'].map(async (name) => {
        const version = (await stage.store.create(`${stage.key} ${name}`, '1', minute)) as Version;
        const next = (await stage.store.replace(`${stage.key} ${name}`, '2', version, minute)) as Version;
        await stage.store.remove(`${stage.key} ${name}`, (await stage.store.append?.(`${stage.key} ${name}`, '3', next)) as Version);
        await stage.store.read(stage.key);
      }),
    );
  }

  beforeEach(async () => {
    await prepareAll();
    stage.proxy.forget();
  });

  test('create and remove are one request each, and so are a refused create and the look at who has it', async () => {
    expect(await stage.store.remove(stage.key, await stage.created())).toBe(true);
    expect(stage.proxy.operations).toEqual(['execute', 'execute']);
    await stage.other.create(stage.key, 'theirs', minute);
    expect(await stage.store.create(stage.key, 'mine', minute)).toBeUndefined();
    expect(await stage.store.read(stage.key)).toMatchObject({ value: 'theirs' });
    expect(stage.proxy.operations).toEqual(['execute', 'execute', 'execute', 'execute']);
  });

  test('however many calls there are at once, the store has two connections', async () => {
    const fresh = mysqlStore({ uri: throughProxy(), timeoutMs: 5_000 });
    await Promise.all(Array.from({ length: 50 }, (_, index) => fresh.read(`${stage.key} ${index}`)));
    expect(stage.proxy.connections).toBe(2);
    await fresh.close();
  });

  const losses: [string, (times?: number) => void][] = [
    ['a reset', (times) => stage.proxy.resetAfterApply(times)],
    ['a close', (times) => stage.proxy.closeAfterApply(times)],
    ['a partial reply', (times) => stage.proxy.cutReply(5, times)],
  ];

  test.each(losses)('after %s the write is read back: it was ours', async (_, lose) => {
    lose();
    const first = await stage.created('1');
    expect(await stage.other.read(stage.key)).toEqual({ value: '1', version: first });
    await prepareAll();
    lose();
    const second = (await stage.store.replace(stage.key, '2', first, minute)) as Version;
    expect(await stage.other.read(stage.key)).toEqual({ value: '2', version: second });
    await prepareAll();
    lose();
    const third = (await stage.store.append?.(stage.key, ' +é', second)) as Version;
    expect(await stage.other.read(stage.key)).toEqual({ value: '2 +é', version: third });
    await prepareAll();
    lose();
    expect(await stage.store.remove(stage.key, third)).toBe(true);
    expect(await stage.other.read(stage.key)).toBeUndefined();
    expect(await stage.store.remove(stage.key, third)).toBe(false);
  });

  test.each(losses)('after %s the write is read back: it is theirs', async (_, lose) => {
    const stale = await stage.created();
    expect(await stage.other.remove(stage.key, stale)).toBe(true);
    const theirs = await stage.other.create(stage.key, 'theirs', minute);
    lose();
    expect(await stage.store.create(stage.key, 'mine', minute)).toBeUndefined();
    lose();
    expect(await stage.store.replace(stage.key, 'mine', stale, minute)).toBeUndefined();
    lose();
    expect(await stage.store.append?.(stage.key, ' mine', stale)).toBeUndefined();
    await prepareAll();
    lose();
    // Whether it was this call that removed the old one cannot be told any more. Theirs stands in any case.
    await expect(stage.store.remove(stage.key, stale)).rejects.toMatchObject(unavailable);
    expect(await stage.other.read(stage.key)).toEqual({ value: 'theirs', version: theirs });
  });

  test('a removal that was not done because the entry had expired is a no, also after a lost reply', async () => {
    const version = (await stage.store.create(stage.key, 'short', 1)) as Version;
    while ((await stage.other.read(stage.key)) !== undefined);
    stage.proxy.resetAfterApply();
    expect(await stage.store.remove(stage.key, version)).toBe(false);
  });

  test.each([
    ['a black hole', () => stage.proxy.blackHole()],
    ['requests that vanish', () => stage.proxy.dropRequests()],
  ] as [string, () => void][])('%s is an error at the deadline, and the next call works', async (_, breakIt) => {
    const version = await stage.created();
    breakIt();
    const { error, awakeMs } = await timed(stage.store.remove(stage.key, version));
    expect(error).toMatchObject({ ...unavailable, code: 'ERR_GIVEWAY_STORE_TIMEOUT' });
    expect(awakeMs).toBeLessThan(timeoutMs + 300);
    stage.proxy.heal();
    expect(await stage.store.read(`${stage.key} another`)).toBeUndefined();
  });

  test('a statement that the server was told to end, and a connection that it was told to end', async () => {
    const admin = await createConnection(stage.server.url);
    const [rows] = await admin.query("select id from information_schema.processlist where user = 'root' and id <> connection_id()");
    for (const { id } of rows as { id: number }[]) await admin.query(`kill ${id}`);
    await admin.end();
    expect(await stage.store.create(stage.key, 'mine', minute)).toBeDefined();
  });

  test('of a server that refuses connections the address is told, and no password', async () => {
    const gone = mysqlStore({ uri: 'mysql://root:hunter2@127.0.0.1:1/giveway', timeoutMs });
    await expect(gone.create(stage.key, 'mine', minute)).rejects.toMatchObject({
      ...unavailable,
      concerns: 'server',
      message: 'MySQL at 127.0.0.1:1 refuses connections: is it running, and is this the right port?',
    });
    await gone.close();
  });

  test('a server that only reads is an outage', async () => {
    const admin = await createConnection(stage.server.url);
    await admin.query("create user reader@'%' identified by 'right'");
    await admin.query("grant all on giveway.* to reader@'%'");
    await admin.query('set global read_only = 1');
    const reader = mysqlStore({ uri: stage.server.url.replace('root@', 'reader:right@'), timeoutMs: 5_000 });
    await expect(reader.create(stage.key, 'mine', minute)).rejects.toMatchObject({
      concerns: 'server',
      message: expect.stringContaining('is read-only here'),
    });
    await admin.query('set global read_only = 0');
    await admin.end();
    expect(await reader.create(stage.key, 'mine', minute)).toBeDefined();
    await reader.close();
  });
});
