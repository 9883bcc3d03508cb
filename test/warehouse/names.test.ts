import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { type MemoryStore, memoryStore } from '../../src/stores/memory.ts';
import { createSqlReader, createWarehouse, loadSqlParser } from '../../src/warehouse/index.ts';
import { describeWith, uniqueName } from '../support/shared.ts';

describeWith('postgres', (service) => {
  const database = uniqueName('names');
  const long = 'x'.repeat(70);
  let pool: pg.Pool;
  let backend: MemoryStore;
  let locker: ResourceLocker;
  let guarded: pg.Pool;
  let notices: { code: string; message: string }[];

  beforeAll(async () => {
    await loadSqlParser();
    await asAdmin(`create database ${database}`);
    const url = new URL(service.url);
    url.pathname = database;
    url.search = '';
    pool = new pg.Pool({ connectionString: url.href, max: 4 });
    await pool.query(
      `create table VENTE_ÉTÉ (id int); create table "Events" (id int); create table ${long} (id int); create schema analytics;
       create table analytics.visits (id int); create function one() returns int language sql as 'select 1'`,
    );
  });
  afterAll(async () => {
    await pool?.end();
    await asAdmin(`drop database if exists ${database}`);
  });
  beforeEach(() => {
    backend = memoryStore();
    locker = createLocker({ store: backend.connect(), database });
    guarded = createWarehouse({ pool, locker }).guard();
    notices = [];
    locker.on('notice', ({ code, message }) => notices.push({ code, message }));
  });
  afterEach(() => locker.close());

  async function asAdmin(sql: string): Promise<void> {
    const admin = new pg.Client({ connectionString: service.url });
    await admin.connect();
    await admin.query(sql);
    await admin.end();
  }

  test.each([
    ['VENTE_ÉTÉ', 'delete from VENTE_ÉTÉ'],
    ['vente_ÉtÉ', 'delete from Vente_ÉTÉ'],
    [' "Events" ', 'delete from "Events"'],
    ['public . "Events"', 'delete from public . "Events"'],
    [long, `delete from ${long}`],
    [long.slice(0, 63), `delete from "${long}"`],
    ['Analytics.Visits', 'delete from analytics.visits'],
    [`${database}.analytics.visits`, 'delete from analytics.visits'],
    ['analytics.visits', `delete from ${database}.analytics.visits`],
    ['"Events"', `delete from ${database}.public."Events"`],
  ])('a lock on %j and the guarded statement %j are about one table', async (name, sql) => {
    const lock = await locker.lock(name);
    const other = createLocker({ store: backend.connect(), database });
    const guard = createWarehouse({ pool, locker: other, retry: { maxWaitMs: 0 } }).guard();
    await expect(guard.query(sql)).rejects.toMatchObject({ name: 'ResourceBusyError' });
    await lock.unlock();
    expect(await guard.query(sql)).toMatchObject({ rowCount: 0 });
    await other.close();
  });

  test('a text that changes what names mean is told once', async () => {
    const client = await guarded.connect();
    await client.query('set search_path to analytics, public; insert into visits values (1)').catch(() => {});
    await client.query('set search_path to analytics, public; insert into visits values (1)').catch(() => {});
    await client.query("set local schema 'analytics'");
    await client.query('set search_path to "$user", public');
    await client.query('set search_path to default');
    await client.query("select set_config('search_path', '\"$user\", public', true), set_config('work_mem', '4MB', true)");
    client.release(true);
    expect(notices.map(({ code }) => code)).toEqual(['ERR_GIVEWAY_SEARCH_PATH']);
    expect(notices[0]?.message).toMatch(/^This puts "analytics" first in the search path, .* as one of "public"/);
  });

  test.each([
    ["select set_config('search_path', 'analytics, public', false)", 'analytics'],
    ["select 1, (select pg_catalog.set_config('Search_Path', current_user, true))", '…'],
  ])('so is one that does it by a function: %s', async (sql, first) => {
    await guarded.query(sql);
    expect(notices.map(({ code }) => code)).toEqual(['ERR_GIVEWAY_SEARCH_PATH']);
    expect(notices[0]?.message).toContain(`This puts "${first}" first`);
  });

  test('a function in a statement that writes is told once, unless somebody vouches for it', async () => {
    await guarded.query('insert into analytics.visits select one()');
    await guarded.query('insert into analytics.visits select one() + 1');
    await guarded.query('insert into analytics.visits select abs(-1)');
    await guarded.query('insert into analytics.visits select one() + 2 /* giveway: none */');
    expect(notices.map(({ code }) => code)).toEqual(['ERR_GIVEWAY_UNREAD_FUNCTION']);
    expect(notices[0]?.message).toContain('what "one" writes');
    const reader = createSqlReader({ ...locker.nameRules, readOnlyFunctions: ['one'] });
    await createWarehouse({ pool, locker, reader }).guard().query('insert into analytics.visits select one() + 3');
    expect(notices).toHaveLength(1);
  });
});

test('a reader reads names as its database does', () => {
  const long = 't'.repeat(100);
  const read = (options: Parameters<typeof createSqlReader>[0], sql: string) => createSqlReader(options).tablesWritten(sql);
  expect(read({}, `insert into ${long} values (1)`)?.appends).toEqual(['t'.repeat(63)]);
  expect(read({ dialect: 'redshift' }, `insert into ${long} values (1)`)?.appends).toEqual([long]);
  expect(read({ dialect: 'redshift' }, `insert into "${long.toUpperCase()}" values (1)`)?.appends).toEqual([long]);
  expect(read({ dialect: 'redshift' }, 'delete from "Events"')?.writes).toEqual(['events']);
  expect(read({ database: 'dev', defaultSchema: 'public' }, 'delete from DEV.Public.events')?.writes).toEqual(['events']);
  const across = read({ database: 'dev' }, 'insert into dev.a.b select * from prod.a.c, dev.a.d');
  expect(across).toEqual({ writes: [], appends: ['a.b'], reads: ['a.d'] });
  expect(read({ database: 'dev' }, 'delete from prod.a.b')?.writes).toEqual(['prod.a.b']);
  expect(read({}, 'delete from events\u00a0where')?.writes).toEqual(['events\u00a0where']);
});

test('blanks, the database and a schema above: one lock, whoever writes it', async () => {
  const backend = memoryStore();
  const options = { database: 'dev', resources: ['dev.analytics.events', 'analytics.*', 'events'] };
  await using one = createLocker({ store: backend.connect(), ...options });
  await using other = createLocker({ store: backend.connect(), ...options });
  for (const [held, asked] of [
    ['dev.analytics.events', 'analytics.events'],
    ['analytics.*', 'dev.analytics.events'],
    ['dev.analytics.*', 'analytics.events'],
    [' events', 'events '],
    ['dev . public . events', 'events'],
  ] as const) {
    const lock = await one.lock(held);
    expect([held, asked, await other.tryLock(asked)]).toEqual([held, asked, undefined]);
    await lock.unlock();
  }
  await expect(one.lock('prod.analytics.events')).rejects.toMatchObject({ name: 'InvalidOptionError' });
  expect(() => createLocker({ store: backend, database: 'a.b' })).toThrow('the name of one database is allowed');
  expect(() => createLocker({ store: backend, dialect: 'mysql' as never })).toThrow("'postgres' or 'redshift' is allowed");
});
