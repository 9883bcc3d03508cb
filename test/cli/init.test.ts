import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { loadConfig } from 'giveway/config';
import { query } from '../support/services.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { ask, folder } from './stage.ts';

test('writes a config that loads, and refuses to overwrite it', async () => {
  expect(await ask('init', '--store', 'memcached://cache:11211', '--file', 'giveway.config.json')).toMatchObject({ code: 0 });
  expect((await loadConfig({ cwd: folder, env: {} })).store.label).toBe('memcached://cache:11211');
  const before = readFileSync(join(folder, 'giveway.config.json'), 'utf8');
  for (const file of ['giveway.config.json', 'giveway.config.ts', 'other.mjs']) {
    expect(await ask('init', '--file', file)).toMatchObject({ code: 73, err: expect.stringContaining('is there already') });
  }
  expect(readFileSync(join(folder, 'giveway.config.json'), 'utf8')).toBe(before);
});

test('says why a config that is there forbids another beside it', async () => {
  await ask('init', '--store', 'memory:');
  const there = join(folder, 'giveway.config.ts');
  expect(await ask('init', '--file', 'a.json')).toMatchObject({
    code: 73,
    err: `giveway: ${there} is there already, and is what giveway finds in this folder: a.json would not be found beside it; nothing is written\n`,
  });
  expect(await ask('init')).toMatchObject({ code: 73, err: `giveway: ${there} is there already; nothing is written\n` });
});

test.each(['giveway.config.ts', 'giveway.config.json'])('%s leaves giveway run its hour', async (file) => {
  await ask('init', '--store', 'memory:', '--file', file);
  const summary = (await ask('check', '--config', file, '--json')).out;
  expect(JSON.parse(summary)).toMatchObject({ others: { ttlMs: 30_000, inGivewayRun: { maxHoldMs: 3_600_000 } } });
});

test('refuses a store that no config may name', async () => {
  expect(await ask('init', '--store', 'memcache://user:secret@cache:11211')).toMatchObject({
    code: 64,
    out: '',
    err: expect.stringMatching(/^giveway: --store: received "memcache:\/\/\*\*\*@cache:11211"; .*memcached:/),
  });
  expect(readdirSync(folder)).toEqual([]);
});

test('keeps credentials out of the file', async () => {
  expect(await ask('init', '--store', 'redis://user:secret@cache')).toMatchObject({
    code: 0,
    err: expect.stringContaining('GIVEWAY_STORE'),
  });
  expect(readFileSync(join(folder, 'giveway.config.ts'), 'utf8')).not.toContain('secret');
});

test('names the commands that find what it wrote', async () => {
  mkdirSync(join(folder, 'etc'));
  const next = async (file: string): Promise<string> => (await ask('init', '--file', file)).out.replace(/^.*Next: /, '');
  expect(await next("it's locks.json")).toBe(
    "giveway check --config 'it'\\''s locks.json', giveway doctor --config 'it'\\''s locks.json'.\n",
  );
  expect(await next('etc/giveway.config.json')).toContain('giveway check --config etc/giveway.config.json, ');
  expect(await next('giveway.config.mjs')).toBe('giveway check, giveway doctor.\n');
});

test('refuses a file that no config can be', async () => {
  expect(await ask('init', '--file', 'giveway.yaml')).toMatchObject({ code: 64 });
});

describeWith('postgres', (service) => {
  test('init lists the tables of a database, quoted as the database folds them', async () => {
    const tables = [uniqueName(), `"Mixed ${uniqueName()}"`, `"it's ${uniqueName()}"`];
    for (const table of tables) await query(service.url, `create table ${service.prefix}.${table} (id int)`);
    expect(await ask('init', '--database-url', service.url)).toMatchObject({ code: 0, err: '' });
    const text = readFileSync(join(folder, 'giveway.config.ts'), 'utf8');
    expect(text).not.toContain(service.url);
    const listed = [...text.matchAll(/^ {4}'(.*)': \{\},$/gm)].map(([, name = '']) => name.replace(/\\(.)/g, '$1'));
    expect(listed).toEqual(expect.arrayContaining(tables.map((table) => `${service.prefix}.${table}`)));
    writeFileSync(join(folder, 'giveway.config.json'), JSON.stringify({ store: 'memory:', resources: listed }));
    rmSync(join(folder, 'giveway.config.ts'));
    expect((await ask('check')).code).toBe(0);
  });

  test('init lists all that can be written to, a materialised view too, and what cannot be not', async () => {
    const [table, view, rows, parts, part] = [uniqueName(), uniqueName(), uniqueName(), uniqueName(), uniqueName()];
    const at = service.prefix;
    await query(service.url, `create table ${at}.${table} (id int)`);
    await query(service.url, `create view ${at}.${view} as select 1 as one`);
    await query(service.url, `create materialized view ${at}.${rows} as select id from ${at}.${table}`);
    await query(service.url, `create table ${at}.${parts} (id int) partition by list (id)`);
    await query(service.url, `create table ${at}.${part} partition of ${at}.${parts} for values in (1)`);
    await query(service.url, `create temporary table ${uniqueName()} (id int)`);
    const { out } = await ask('init', '--database-url', service.url, '--json');
    const { tables } = JSON.parse(out) as { tables: readonly string[] };
    expect(tables).toEqual(expect.arrayContaining([table, rows, parts, part].map((name) => `${at}.${name}`)));
    expect(tables).not.toContain(`${at}.${view}`);
    expect(tables.filter((name) => /^(pg_|information_schema\.)/.test(name))).toEqual([]);
  });

  test('init says so when the database is not there', async () => {
    expect(await ask('init', '--database-url', 'postgres://u:secret@127.0.0.1:1/x')).toMatchObject({
      code: 70,
      err: expect.stringMatching(/^giveway: --database-url: postgres:\/\/\*\*\*@127\.0\.0\.1:1\/x .*ECONNREFUSED/),
    });
  });
});
