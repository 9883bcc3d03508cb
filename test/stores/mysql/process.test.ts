import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { createPool } from 'mysql2/promise';
import { InvalidOptionError, type Version } from '../../../src/index.ts';
import { createTableSql, type MysqlStoreOptions, mysqlStore } from '../../../src/stores/mysql/index.ts';
import { describeWith, uniqueName } from '../../support/shared.ts';

const source = join(__dirname, '../../../src/stores/mysql/index.ts');
const minute = 60_000;
const uri = 'mysql://u:hunter2@db/d';

test.each<[string, object, RegExp]>([
  ['neither uri nor pool', {}, /^uri: received undefined; either `uri` or `pool` is needed/],
  ['both', { uri, pool: { getConnection() {} } }, /^uri: received "both"/],
  ['another URL', { uri: 'postgres://u:hunter2@db/d' }, /^uri: received "postgres:…"; a URL such as mysql:/],
  ['a URL without a host', { uri: 'mysql:///d' }, /^uri: received "mysql:…"/],
  ['a pool that is none', { pool: {} }, /^pool: received .*; a pool of mysql2\/promise is allowed/],
  ['a pool with callbacks', { pool: { getConnection() {}, promise() {} } }, /hand in pool\.promise\(\)/],
  ['a table in quotes', { uri, table: '`locks`' }, /^table: received "`locks`"; a name or database\.name/],
  ['a deadline of nothing', { uri, timeoutMs: 0 }, /^timeoutMs: received 0; an integer from 1 to 60000/],
  ['a text for createTable', { uri, createTable: 'yes' }, /^createTable: received "yes"; true or false/],
  [
    'the URL under another name',
    { connectionString: uri },
    /^connectionString: received "…"; there is no such option\. Allowed: uri, pool/,
  ],
])('%s is refused before anything is sent, and no password is told', (_, options, message) => {
  const make = (): unknown => mysqlStore(options as MysqlStoreOptions);
  expect(make).toThrow(InvalidOptionError);
  expect(make).toThrow(message);
  expect(make).not.toThrow(/hunter2/);
});

describeWith('mysql', (service) => {
  test('a store that is idle and was never closed does not keep its process alive', async () => {
    const script = `
      import { mysqlStore } from ${JSON.stringify(source)};
      const store = mysqlStore({ uri: process.env.STORE_URL, createTable: true, table: process.env.TABLE, timeoutMs: 10_000 });
      const version = await store.create('key', 'value', 60_000);
      console.log(await store.remove('key', version));
    `;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      env: { ...process.env, STORE_URL: service.url, TABLE: uniqueName() },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 20_000,
    });
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    expect({ said, code }).toEqual({ said: 'true\n', code: 0 });
  });

  test('the table is made by many at once, by its SQL too, and what nobody has written for an hour is deleted', async () => {
    const table = uniqueName();
    const stores = Array.from({ length: 5 }, () => mysqlStore({ uri: service.url, table, timeoutMs: 5_000 }));
    await Promise.all(stores.map((store) => store.createTable()));
    const pool = createPool(service.url);
    await pool.query(createTableSql(table));
    const old = (Date.now() - 2 * 3_600_000) * 1_000;
    await pool.query(`insert into ${table} values ('old', '', ${old}, '1970-01-01'), ('held', '', ${old}, '2100-01-01')`);
    await pool.query(`insert into ${table} values ('let go', '', ${Date.now() * 1_000}, '1970-01-01')`);
    expect(await stores[0]?.create('key', 'value', minute)).toBeDefined();
    const names = async (): Promise<string[]> => {
      const [rows] = await pool.query(`select cast(name as char) as name from ${table} order by name`);
      return (rows as { name: string }[]).map(({ name }) => name);
    };
    while ((await names()).includes('old'));
    expect(await names()).toEqual(['held', 'key', 'let go']);
    await pool.end();
    for (const store of stores) await store.close();
  });

  test('fences of one key grow, also after the clock of the server was set back', async () => {
    const table = uniqueName();
    const store = mysqlStore({ uri: service.url, table, createTable: true, timeoutMs: 10_000 });
    const first = (await store.create('key', 'value', minute)) as Version;
    const pool = createPool(service.url);
    await pool.query(`update ${table} set version = version + 3600000000`); // as if it had been an hour ahead
    const { version } = (await store.read('key')) ?? { version: first };
    expect(await store.remove('key', version)).toBe(true);
    const next = (await store.create('key', 'value', minute)) as Version;
    expect(next.fence).toBe((version.fence ?? 0n) + 1n);
    await pool.end();
    await store.close();
  });
});
