import fs, { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { LockStore, Version } from '../../../src/index.ts';
import { loadDriver } from '../../../src/stores/sqlite/driver.ts';
import { type SqliteStoreOptions, sqliteStore } from '../../../src/stores/sqlite/index.ts';
import { sharedFileSystem } from '../../../src/stores/sqlite/place.ts';
import { temporaryDirectory } from '../../support/server-process.ts';

const minute = 60_000;
let folder: string;
let file: string;
const stores: LockStore[] = [];

beforeEach(() => {
  folder = temporaryDirectory('sqlite');
  file = join(folder, 'locks.db');
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(options: Partial<SqliteStoreOptions> = {}): LockStore {
  const store = sqliteStore({ file, breaker: false, ...options });
  stores.push(store);
  return store;
}

describe('options', () => {
  test.each<[string, object, RegExp]>([
    ['an empty path', { file: '' }, /^file: received ""; an absolute path is allowed/],
    ['a relative path', { file: 'locks.db' }, /^file: received "locks.db"; an absolute path is allowed/],
    ['a database in memory', { file: ':memory:' }, /^file: received ":memory:"; an absolute path/],
    ['a file of another host', { file: '//server/share/locks.db' }, /^file: .*a file of another host is of no use/],
    ['a deadline of nothing', { file: '/x', timeoutMs: 0 }, /^timeoutMs: received 0; an integer from 1 to 60000/],
    ['a text for flush', { file: '/x', flush: 'yes' }, /^flush: received "yes"; true or false/],
    [
      'an unknown driver',
      { file: '/x', driver: 'sqlite3' },
      /^driver: received "sqlite3"; better-sqlite3, node:sqlite, @photostructure\/sqlite/,
    ],
    ['a breaker that is none', { file: '/x', breaker: { failures: 0 } }, /^breaker.failures: received 0/],
  ])('%s is refused before a file is touched', (_, options, message) => {
    expect(() => sqliteStore(options as SqliteStoreOptions)).toThrow(expect.objectContaining({ name: 'InvalidOptionError' }));
    expect(() => sqliteStore(options as SqliteStoreOptions)).toThrow(message);
  });

  test('nothing is opened before it is needed', async () => {
    const store = open();
    expect(readdirSync(folder)).toEqual([]);
    await store.read('key');
    expect(existsSync(file)).toBe(true);
  });

  test('without a file it is that of this user, whose folder is made for him alone', async () => {
    const before = process.env['XDG_STATE_HOME'];
    process.env['XDG_STATE_HOME'] = join(folder, 'state');
    try {
      const store = sqliteStore();
      stores.push(store);
      await store.create('key', 'value', minute);
    } finally {
      if (before === undefined) delete process.env['XDG_STATE_HOME'];
      else process.env['XDG_STATE_HOME'] = before;
    }
    expect(existsSync(join(folder, 'state/giveway/locks.db'))).toBe(true);
    expect(fs.statSync(join(folder, 'state/giveway')).mode & 0o777).toBe(0o700);
  });

  test('a version of another store is refused', async () => {
    await expect(open().replace('key', 'value', {}, minute)).rejects.toThrow(
      /^version: received undefined; a version that this store gave/,
    );
  });
});

describe('a place that cannot be used', () => {
  async function refused(store: LockStore): Promise<unknown> {
    return store.create('key', 'value', minute).then(
      () => 'worked',
      (error: unknown) => error,
    );
  }

  test('a folder that is not there is named', async () => {
    file = join(folder, 'nowhere', 'locks.db');
    expect(await refused(open())).toMatchObject({
      name: 'StoreUnavailableError',
      code: 'ERR_GIVEWAY_STORE_SETUP',
      message: `The folder ${join(folder, 'nowhere')} is not there: make it, or name another file`,
    });
  });

  test('a file that is no database is left as it is', async () => {
    writeFileSync(file, 'Dear diary, '.repeat(100));
    expect(await refused(open())).toMatchObject({
      code: 'ERR_GIVEWAY_STORE_SETUP',
      message: expect.stringContaining('is not a lock file'),
    });
  });

  test('a database with a table of that name that is not giveway’s', async () => {
    const connection = (await loadDriver())(file);
    connection.exec('create table giveway_locks (something text); create table giveway_fence (something text)');
    connection.close();
    expect(await refused(open())).toMatchObject({
      code: 'ERR_GIVEWAY_STORE_SETUP',
      message: expect.stringContaining('is not a lock file'),
    });
  });

  test('a folder in the place of the file', async () => {
    mkdirSync(file);
    expect(await refused(open())).toMatchObject({
      code: 'ERR_GIVEWAY_STORE_FORBIDDEN',
      message: expect.stringContaining('to make files in its folder'),
    });
  });

  test('a file on a file system that other hosts may share', async () => {
    const stats = fs.statfsSync(folder);
    const asked = jest.spyOn(fs, 'statfsSync').mockReturnValue(Object.assign(stats, { type: 0x6969 }));
    expect(await refused(open())).toMatchObject({
      code: 'ERR_GIVEWAY_STORE_SETUP',
      message: `${file} is on NFS, which other hosts may share: locks there hold on one host alone. Name a file on a disk of this host`,
    });
    expect(readdirSync(folder)).toEqual([]);
    asked.mockRestore();
    expect(await refused(open())).toBe('worked');
  });

  test.each([
    [0x6969, 'NFS'],
    [0xfe534d42, 'SMB'],
    [0x65735546, 'FUSE'],
    [0xef53, undefined],
    [0x1021994, undefined],
    [0x794c7630, undefined],
  ])('a file system of type %p is %p', (type, name) => {
    expect(sharedFileSystem(type)).toBe(name);
  });

  test('a driver that is not there, or not for this Node, is named with what to install', async () => {
    // better-sqlite3 13 would end a process of Node 20; this is the version in node_modules.
    const [driver, message] = process.versions.node.startsWith('20.')
      ? (['better-sqlite3', /needs better-sqlite3, which is not there for Node 20\.[\d.]+: npm install better-sqlite3@12$/] as const)
      : (['@photostructure/sqlite', /./] as const);
    const error = await refused(open({ driver }));
    if (driver === 'better-sqlite3')
      expect(error).toMatchObject({ code: 'ERR_GIVEWAY_PEER_MISSING', message: expect.stringMatching(message) });
    else expect(error).toBe('worked');
  });
});

describe('a file that others use', () => {
  test('one that stays locked is an outage after the deadline; reads go on, and so does the loop', async () => {
    const store = open({ timeoutMs: 300 });
    const version = (await store.create('key', 'value', minute)) as Version;
    const stranger = (await loadDriver())(file);
    stranger.exec('begin immediate');
    let turns = 0;
    const turning = setInterval(() => {
      turns += 1;
    }, 10);
    const startMs = performance.now();
    await expect(store.replace('key', 'next', version, minute)).rejects.toMatchObject({
      code: 'ERR_GIVEWAY_STORE_TIMEOUT',
      concerns: 'server',
      message: expect.stringMatching(/locks\.db was locked by another process for 300 ms/),
    });
    expect(performance.now() - startMs).toBeGreaterThan(290);
    clearInterval(turning);
    expect(turns).toBeGreaterThan(5);
    expect((await store.read('key'))?.value).toBe('value');
    expect(await store.create('key', 'thief', minute)).toBeUndefined(); // a no needs no lock
    stranger.exec('rollback');
    stranger.close();
    expect(await store.replace('key', 'next', version, minute)).toBeDefined();
  });

  test('one that is let go within the deadline is waited for', async () => {
    const store = open();
    await store.read('key');
    const stranger = (await loadDriver())(file);
    stranger.exec('begin immediate');
    const created = store.create('key', 'value', minute);
    await sleep(100);
    stranger.exec('rollback');
    stranger.close();
    expect(await created).toBeDefined();
  });

  test('one that is deleted is made anew by whoever comes first, all go on with that, and fences go on growing', async () => {
    const [one, another] = [open(), open()];
    const before = (await one.create('key', 'before', minute)) as Version;
    await another.read('key');
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    const after = (await another.create('key', 'after', minute)) as Version;
    expect((await one.read('key'))?.value).toBe('after');
    expect(await one.remove('key', before)).toBe(false);
    expect((after.fence ?? 0n) > (before.fence ?? 0n)).toBe(true);
    expect(await one.remove('key', after)).toBe(true);
  });
});

test('what has expired is deleted by the next process that comes by', async () => {
  const store = open();
  for (let index = 0; index < 20; index += 1) await store.create(`short ${index}`, 'value', 1);
  await sleep(5);
  await open().create('key', 'value', minute);
  const connection = (await loadDriver())(file);
  expect(connection.prepare('select count(*) as rows from giveway_locks').get()).toEqual({ rows: 1 });
  connection.close();
});

test('each of 1,200 entries is listed once', async () => {
  const connection = open();
  for (let index = 0; index < 1_200; index += 1) await connection.create(`a:${index}`, 'value', minute);
  const keys: string[] = [];
  for await (const { key } of connection.list?.('a:') ?? []) keys.push(key);
  expect(new Set(keys).size).toBe(1_200);
  expect(keys).toHaveLength(1_200);
});
