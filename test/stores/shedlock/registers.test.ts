/** What the suite cannot ask of stores that hold a holder, and not any text. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { decodeRecord } from '../../../src/lock/record/record.ts';
import { newToken } from '../../../src/lock/record/tokens.ts';
import type { LockStore } from '../../../src/lock/store.ts';
import { shedlockMemcached, shedlockRedis, shedlockTable } from '../../../src/stores/shedlock/index.ts';
import { query } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { openClient } from '../redis/clients.ts';
import { freshName, record, shedlockDdl } from './stage.ts';

const minute = 60_000;

function testRegister(open: () => LockStore): void {
  test('one creates, reads back its token, its host and its times; the other does not get in', async () => {
    const [store, other, name, token] = [open(), open(), freshName(), newToken()];
    expect(await store.create(name, record({ token, host: 'one@two:3' }), minute)).toBeDefined();
    expect(await other.create(name, record(), minute)).toBeUndefined();
    const found = decodeRecord((await other.read(name))?.value ?? '')?.holders;
    expect(found).toMatchObject([{ token, mode: 'write', host: 'one@two:3' }]);
    expect(Math.abs((found?.[0]?.since ?? 0) - Date.now())).toBeLessThan(10_000);
    await Promise.all([store.close(), other.close()]);
  });

  test('a version that was replaced, or removed, touches nothing', async () => {
    const [store, name, token] = [open(), freshName(), newToken()];
    const first = await store.create(name, record({ token }), minute);
    const second = first && (await store.replace(name, record({ token, beat: 2 }), first, 2 * minute));
    if (first === undefined || second === undefined) throw new Error('not written');
    expect(await store.replace(name, record({ token, beat: 3 }), first, minute)).toBeUndefined();
    expect(await store.remove(name, first)).toBe(false);
    expect(await store.remove(name, second)).toBe(true);
    expect(await store.remove(name, second)).toBe(false);
    expect(await store.replace(name, record({ token, beat: 4 }), second, minute)).toBeUndefined();
    expect(await store.read(name)).toBeUndefined();
    const next = await store.create(name, record(), minute);
    expect(next).toBeDefined();
    expect(await store.remove(name, second)).toBe(false);
    await store.close();
  });

  test('the version that read gives is good, whoever wrote; what is written next differs', async () => {
    const [store, other, name, token] = [open(), open(), freshName(), newToken()];
    await store.create(name, record({ token }), minute);
    for (let round = 0; round < 3; round++) {
      const seen = await other.read(name);
      const beat = decodeRecord(seen?.value ?? '')?.holders[0]?.beat ?? 0;
      expect(seen && (await other.replace(name, record({ token, beat: beat + 1 }), seen.version, minute + round))).toBeDefined();
      expect(seen && (await store.remove(name, seen.version))).toBe(false);
    }
    await Promise.all([store.close(), other.close()]);
  });

  test('names are exact', async () => {
    const [store, name] = [open(), freshName()];
    const names = [name, name.toUpperCase(), `${name}:a`, `${name}/a`, `"${name}"`, `${name}%20`];
    for (const each of names) expect(await store.create(each, record(), minute)).toBeDefined();
    await store.close();
  });

  test('what the layout has no room for is refused, and nothing is written', async () => {
    const [store, name] = [open(), freshName()];
    const [lease, two] = [{ v: 1, holders: [] }, JSON.parse(record()) as { holders: object[] }];
    two.holders.push(JSON.parse(record()).holders[0]);
    for (const value of ['no record', JSON.stringify(lease), JSON.stringify(two), record({ token: 'no token of ours' })])
      await expect(store.create(name, value, minute)).rejects.toMatchObject({ name: 'InvalidOptionError' });
    expect(await store.read(name)).toBeUndefined();
    await store.close();
  });

  test('a store that was closed says so', async () => {
    const store = open();
    await store.close();
    await expect(store.read(freshName())).rejects.toMatchObject({ code: 'ERR_GIVEWAY_STORE_CLOSED' });
  });
}

describeWith('postgres', (service) => {
  beforeAll(() => query(service.url, shedlockDdl));
  testRegister(() => shedlockTable({ connectionString: service.url, usingDbTime: true, timeoutMs: 10_000 }));

  test('a table lists the names that are held', async () => {
    const store = shedlockTable({ connectionString: service.url, usingDbTime: true, timeoutMs: 10_000 });
    const prefix = freshName();
    const versions = await Promise.all(['c', 'a', 'b'].map((each) => store.create(`${prefix}${each}`, record(), minute)));
    await store.remove(`${prefix}b`, versions[2] ?? {});
    const names: string[] = [];
    for await (const { key } of store.list?.(prefix) ?? []) names.push(key);
    expect(names).toEqual([`${prefix}a`, `${prefix}c`]);
    await store.close();
  });
});

describeWith('redis', (service) => {
  let client: Redis;
  const hangUp: (() => void)[] = [];
  beforeAll(async () => {
    const open = await openClient('ioredis', service.url);
    client = open.client as Redis;
    hangUp.push(open.close);
  });
  afterAll(() => {
    for (const end of hangUp) end();
  });
  const open = (): LockStore => shedlockRedis({ client, environment: service.prefix, timeoutMs: 10_000 });
  testRegister(open);

  test.each(['ours', 'OTHER:2026-11-28T00:00:00.000Z@host', 'ADDED:yesterday@host'])(
    '%s under a key is busy, and left alone',
    async (text) => {
      const [store, name] = [open(), freshName()];
      await client.set(`job-lock:${service.prefix}:${name}`, text);
      expect(await store.create(name, record(), minute)).toBeUndefined();
      expect((await store.read(name))?.value).toBe(text);
      await store.close();
    },
  );

  test('a key without an end is shown as held for ever', async () => {
    const [store, name] = [open(), freshName()];
    await client.set(`job-lock:${service.prefix}:${name}`, 'ADDED:2026-11-28T00:00:00.000Z@host:0f8fad5b-d9cb-469f-a165-70867728950e');
    const [holder] = decodeRecord((await store.read(name))?.value ?? '')?.holders ?? [];
    expect(holder).toMatchObject({ host: 'host', since: Date.parse('2026-11-28'), until: 8.64e15 });
    await store.close();
  });
});

describeWith('memcached', (service) => {
  const open = (): LockStore => shedlockMemcached({ servers: service.url, environment: service.prefix, timeoutMs: 10_000 });
  testRegister(open);
});

test.each<[string, Record<string, unknown>]>([
  ['environment', { environment: 7 }],
  ['servers', { servers: 'one:11211,two:11211' }],
  ['servers', { servers: ['one', 'two'] }],
])('shedlockMemcached refuses %s: %j', (path, wrong) => {
  expect(() => shedlockMemcached({ servers: 'one', ...wrong } as never)).toThrow(expect.objectContaining({ path }));
});

test.each<[string, Record<string, unknown>]>([
  ['client', { client: {} }],
  ['environment', { environment: 7 }],
  ['keyPrefix', { keyPrefix: null }],
  ['timeoutMs', { timeoutMs: 0 }],
  ['safeUpdate', { safeUpdate: true }],
])('shedlockRedis refuses %s', (path, wrong) => {
  const client = new Redis({ lazyConnect: true });
  expect(() => shedlockRedis({ client, ...wrong } as never)).toThrow(expect.objectContaining({ name: 'InvalidOptionError', path }));
});
