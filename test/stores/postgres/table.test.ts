import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Pool } from 'pg';
import type { Version } from '../../../src/lock/store.ts';
import { createFenceTableSql, createTableSql, type PostgresStore, postgresStore } from '../../../src/stores/postgres/index.ts';
import { describeWith, uniqueName } from '../../support/shared.ts';

const minute = 60_000;

describe('createTableSql', () => {
  test('is what the documentation shows, and so is the SQL of the fence table', () => {
    const page = readFileSync(join(__dirname, '../../../docs/stores/postgres.md'), 'utf8');
    expect(page).toContain(`\`\`\`sql\n${createTableSql()}\`\`\``);
    expect(page).toContain(`\`\`\`sql\n${createFenceTableSql()}\`\`\``);
  });

  test('names the sequence after the table, in its schema', () => {
    expect(createTableSql('ops.locks')).toContain('create sequence if not exists ops.locks_version');
  });

  test.each(['Locks', 'locks; drop table a', '', 'a.b.c', '"quoted"', '1st', 'x'.repeat(56), 7])('refuses the name %j', (name) => {
    expect(() => createTableSql(name as string)).toThrow(/^table: received .*; a name or schema\.name of lower-case letters/);
  });
});

describeWith('postgres', (service) => {
  let pool: Pool;
  beforeAll(() => {
    pool = new Pool({ connectionString: service.url });
  });
  afterAll(() => pool.end());

  async function withStore(work: (store: PostgresStore, table: string) => Promise<void>): Promise<void> {
    const table = uniqueName('locks');
    const store = postgresStore({ connectionString: service.url, table });
    await store.createTable();
    await work(store, table).finally(() => store.close());
  }

  test('an append draws a new version and leaves the end of the entry as it is, to the microsecond', async () => {
    await withStore(async (store, table) => {
      const row = async (): Promise<unknown> => (await pool.query(`select value, version::text, expires_at::text from ${table}`)).rows[0];
      const version = (await store.create('line', 'held', minute)) as Version;
      const before = await row();
      const next = await store.append?.('line', ', waited for', version);
      expect(await row()).toEqual({ ...(before as object), value: 'held, waited for', version: String(next?.fence) });
      expect(next?.fence).toBeGreaterThan(version.fence as bigint);
    });
  });

  test('a missing table is an error that says how to make it', async () => {
    const table = uniqueName('locks');
    const store = postgresStore({ connectionString: service.url, table });
    await expect(store.create('key', 'value', minute)).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      code: 'ERR_GIVEWAY_TABLE_MISSING',
      message: expect.stringContaining(`has no table ${table}. Call createTable() once, or run:\n${createTableSql(table)}`),
    });
    await store.createTable();
    expect(await store.create('key', 'value', minute)).toBeDefined();
    await store.close();
  });

  test('with createTable a missing table is made on the way, and many processes can do it at once', async () => {
    const table = uniqueName('locks');
    const stores = Array.from({ length: 6 }, () => postgresStore({ connectionString: service.url, table, createTable: true }));
    const versions = await Promise.all(stores.map((store) => store.create('key', 'value', minute)));
    expect(versions.filter((version) => version !== undefined)).toHaveLength(1);
    await Promise.all(stores.map((store) => store.close()));
  });

  test('the table can be made again, by hand and by the store, and keeps what is in it', async () => {
    await withStore(async (store, table) => {
      const version = await store.create('key', 'value', minute);
      await pool.query(createTableSql(table));
      await store.createTable();
      expect(await store.read('key')).toEqual({ value: 'value', version });
    });
  });

  test('createTable makes a sequence that is missing beside its table', async () => {
    await withStore(async (store, table) => {
      await pool.query(`drop sequence ${table}_version`);
      await store.createTable();
      expect(await store.create('key', 'value', minute)).toBeDefined();
    });
  });

  test('a table in another schema, named, and the same table found by the search path are one', async () => {
    await withStore(async (store, table) => {
      const named = postgresStore({ connectionString: service.url, table: `${service.prefix}.${table}` });
      const version = (await store.create('key', 'value', minute)) as Version;
      let calls = 0;
      store.subscribe?.('key', () => calls++);
      while (calls === 0) await new Promise((resolve) => setTimeout(resolve, 5)); // it listens
      expect(await named.remove('key', version)).toBe(true);
      while (calls === 1) await new Promise((resolve) => setTimeout(resolve, 5));
      await named.close();
    });
  });

  test("a table that is not giveway's is refused by name", async () => {
    const table = uniqueName('locks');
    await pool.query(`create table ${table} (key text primary key, note text)`);
    const store = postgresStore({ pool, table });
    await expect(store.read('key')).rejects.toThrow(
      `has a table ${table} that is not giveway's: choose another name with the option \`table\``,
    );
    await expect(store.createTable()).rejects.toMatchObject({ name: 'StoreUnavailableError' });
  });

  test('fences outlive the rows: they go on growing after the table was emptied and dropped', async () => {
    await withStore(async (store, table) => {
      const before = await store.create('key', 'value', minute);
      await pool.query(`truncate ${table} restart identity`);
      const emptied = await store.create('key', 'value', minute);
      await pool.query(`drop table ${table}`);
      await store.createTable();
      const dropped = await store.create('key', 'value', minute);
      expect([before, emptied, dropped].map((version) => typeof version?.fence)).toEqual(['bigint', 'bigint', 'bigint']);
      expect(emptied?.fence).toBeGreaterThan(before?.fence as bigint);
      expect(dropped?.fence).toBeGreaterThan(emptied?.fence as bigint);
    });
  });

  test('a released row stays, empty, and is used again; one row per key', async () => {
    await withStore(async (store, table) => {
      for (let round = 0; round < 5; round += 1) {
        const version = (await store.create('key', 'value', minute)) as Version;
        expect(await store.remove('key', version)).toBe(true);
      }
      expect((await pool.query(`select key, value from ${table}`)).rows).toEqual([{ key: 'key', value: null }]);
    });
  });

  test('under contention each holder of a key has a larger fence than the one before', async () => {
    await withStore(async (store, table) => {
      const others = Array.from({ length: 5 }, () => postgresStore({ connectionString: service.url, table, listen: false }));
      const fences: bigint[] = [];
      await Promise.all(
        [store, ...others].map(async (taker) => {
          for (let taken = 0; taken < 40; ) {
            const version = await taker.create('key', 'value', minute);
            if (version === undefined) continue;
            taken += 1;
            fences.push(version.fence as bigint);
            expect(await taker.remove('key', version)).toBe(true);
          }
        }),
      );
      expect(fences).toHaveLength(240);
      expect(fences).toEqual([...fences].sort((a, b) => (a < b ? -1 : 1)));
      await Promise.all(others.map((taker) => taker.close()));
    });
  });

  test('rows that ended an hour ago are swept away by a create, every ten minutes, and no others', async () => {
    await withStore(async (store, table) => {
      for (const key of ['held', 'released', 'ended', 'long ended', 'long released']) await store.create(key, key, minute);
      for (const key of ['released', 'long released']) await store.remove(key, (await store.read(key))?.version as Version);
      await pool.query(`update ${table} set expires_at = clock_timestamp() - interval '1 second' where key = 'ended'`);
      await pool.query(`update ${table} set expires_at = clock_timestamp() - interval '61 minutes' where key like 'long %'`);
      const keys = async (): Promise<string[]> =>
        (await pool.query<{ key: string }>(`select key from ${table}`)).rows.map(({ key }) => key).sort();
      await store.create('before', 'value', minute);
      expect(await keys()).toHaveLength(6);
      const now = performance.now();
      const clock = jest.spyOn(performance, 'now').mockImplementation(() => now + 600_001);
      await store.create('after', 'value', minute);
      clock.mockRestore();
      while ((await keys()).length > 5);
      expect(await keys()).toEqual(['after', 'before', 'ended', 'held', 'released']);
      // What one sweep cannot do the next create goes on with, and does not wait.
      await pool.query(`insert into ${table} select 'old ' || n, null, 1, '2000-01-01' from generate_series(1, 2500) as n`);
      jest.spyOn(performance, 'now').mockImplementation(() => now + 1_200_002);
      while ((await keys()).length > 5) {
        const version = (await store.create('after that', 'value', minute)) as Version;
        await store.remove('after that', version);
        await pool.query(`delete from ${table} where key = 'after that'`);
      }
      jest.restoreAllMocks();
    });
  });
});
