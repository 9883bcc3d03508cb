import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { query } from '../support/services.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { type Answer, giveway } from './in-process.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'giveway-tables-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const init = (env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Answer> =>
  giveway(['init', '--create-tables', ...args], { cwd: folder, env });

test('a store without tables needs none, and it says how to get a journal', async () => {
  expect(await init({}, '--store', 'memory:')).toEqual({
    code: 0,
    out: `Wrote ${join(folder, 'giveway.config.ts')}.\nThe locks need no table: memory:.\nNo journal: GIVEWAY_JOURNAL=postgres://… names a database for one.\nNext: giveway check, giveway doctor.\n`,
    err: '',
  });
});

test('a database that does not answer is named, without its password, and the config stays written', async () => {
  const { code, err } = await init({ GIVEWAY_STORE: 'postgres://app:secret@127.0.0.1:1/db' });
  expect({ code, err }).toEqual({
    code: 69,
    err: expect.stringMatching(/^giveway: Postgres at 127\.0\.0\.1:1 refuses connections[^\n]*\n$/),
  });
  const journal = await init({ GIVEWAY_STORE: 'memory:', GIVEWAY_JOURNAL: 'postgres://app:secret@127.0.0.1:1/db' });
  expect(journal).toMatchObject({
    code: 70,
    err: 'giveway: giveway_journal could not be made: connect ECONNREFUSED 127.0.0.1:1 (postgres://***@127.0.0.1:1/db)\n',
  });
  expect(existsSync(join(folder, 'giveway.config.ts'))).toBe(true);
});

describeWith('mysql', (service) => {
  test('a table of MySQL is made', async () => {
    const table = uniqueName('locks');
    const store = `${service.url}?table=${table}`;
    expect((await init({ GIVEWAY_STORE: store })).out).toMatch(new RegExp(`\nMade ${table} in mysql:.*, for the locks\\.\n`));
    expect((await init({ GIVEWAY_STORE: store })).out).toMatch(new RegExp(`\n${table} is there already, in mysql:`));
  });
});

describeWith('dynamodb', (service) => {
  const credentials = { AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any' };
  afterAll(() => {
    for (const name of Object.keys(credentials)) delete process.env[name];
  });

  test('a table of DynamoDB is made', async () => {
    Object.assign(process.env, credentials); // the SDK reads them there
    const table = uniqueName('locks');
    const env = { GIVEWAY_STORE: `dynamodb://${table}?region=eu-west-1&endpoint=${service.url}&timeoutMs=5000` };
    expect((await giveway(['status', 'visits'], { cwd: folder, env })).err).toContain(
      `Create "${table}" with giveway init --create-tables, or name another.`,
    );
    expect((await init(env)).out).toMatch(new RegExp(`\nMade ${table} in dynamodb:.*, for the locks\\.\n`));
    expect(await giveway(['status', 'visits'], { cwd: folder, env })).toMatchObject({ code: 0 });
  });
});

describeWith('postgres', (service) => {
  const roles: string[] = [];
  afterAll(async () => {
    for (const role of roles) await query(service.url, `drop owned by ${role}; drop role ${role}`);
  });
  const fresh = async (): Promise<string> => {
    const schema = uniqueName('s');
    await query(service.url, `create schema ${schema}; create table ${schema}.visits (id int)`);
    return withPath(schema);
  };
  const withPath = (path: string): string => {
    const url = new URL(service.url);
    url.searchParams.set('options', `-c search_path=${path}`);
    return url.href;
  };
  const place = (url: string): string => url.replace(/\/\/[^@]*@/, '//***@');

  test('--database-url is the home of what is named nowhere else; once more, and all is there and stays', async () => {
    const url = await fresh();
    const file = join(folder, 'giveway.config.ts');
    const { code, out, err } = await init({}, '--database-url', url);
    expect(code).toBe(0);
    expect(out).toMatch(/^Wrote .*giveway\.config\.ts with \d+ tables\.\n/);
    expect(out.split('\n').slice(1)).toEqual([
      `Made giveway_locks in ${place(url)}, for the locks.`,
      `Made giveway_journal in ${place(url)}, for the journal.`,
      'Next: giveway check, giveway doctor.',
      '',
    ]);
    expect(err).toBe(
      'giveway: the URL of the database was not written; set it in GIVEWAY_STORE and GIVEWAY_JOURNAL, and GIVEWAY_CONFIG=giveway.config.ts too\n',
    );
    const written = readFileSync(file, 'utf8');
    expect(written).not.toMatch(/memcached|postgres:|giveway_/);
    const named = { GIVEWAY_STORE: url, GIVEWAY_JOURNAL: url, GIVEWAY_CONFIG: 'giveway.config.ts' };
    expect(await giveway(['doctor'], { cwd: folder, env: named })).toMatchObject({
      code: 0,
      out: expect.not.stringMatching(/^(?!ok |$)/m),
    });
    expect(await giveway(['report'], { cwd: folder, env: named })).toMatchObject({ code: 0 });
    const again = await init(named, '--json');
    expect({ ...again, out: JSON.parse(again.out) }).toEqual({
      code: 0,
      out: {
        file,
        tables: [],
        wroteFile: false,
        made: [
          { purpose: 'locks', table: 'giveway_locks', place: place(url), state: 'there' },
          { purpose: 'journal', table: 'giveway_journal', place: place(url), state: 'there' },
        ],
      },
      err: '',
    });
    expect(readFileSync(file, 'utf8')).toBe(written);
  });

  test('once more without variables: the database is the home again, unless the config there names a store', async () => {
    const url = await fresh();
    await init({}, '--database-url', url);
    const again = await init({}, '--database-url', url);
    expect(again).toEqual({
      code: 0,
      out: [
        `${join(folder, 'giveway.config.ts')} is there already, and stays as it is.`,
        `giveway_locks is there already, in ${place(url)}, for the locks.`,
        `giveway_journal is there already, in ${place(url)}, for the journal.`,
        'Next: giveway check, giveway doctor.',
        '',
      ].join('\n'),
      err: 'giveway: the URL of the database was not written; set it in GIVEWAY_STORE and GIVEWAY_JOURNAL, and GIVEWAY_CONFIG=giveway.config.ts too\n',
    });
    const file = join(folder, 'locks.json');
    writeFileSync(file, JSON.stringify({ store: 'memory:' }));
    const named = await init({ GIVEWAY_CONFIG: file }, '--database-url', url);
    expect(named).toMatchObject({ code: 0, out: expect.stringContaining('The locks need no table: memory:.'), err: '' });
    writeFileSync(file, JSON.stringify({ ttlMs: 3 }));
    const wrong = await init({ GIVEWAY_CONFIG: file }, '--database-url', url);
    expect(wrong).toMatchObject({ code: 64, err: expect.stringMatching(/^giveway: .*:\n {2}ttlMs: [^\n]*\n$/) });
  });

  test('tables of other names; what a command misses says how it is made', async () => {
    const url = await fresh();
    const env = { GIVEWAY_STORE: `${url}&table=my_locks`, GIVEWAY_JOURNAL: url };
    expect((await giveway(['status', 'visits'], { cwd: folder, env })).err).toContain(
      'has no table my_locks. Run giveway init --create-tables, which makes it, or in the database:\ncreate sequence',
    );
    expect((await giveway(['doctor'], { cwd: folder, env })).out).toContain('Run giveway init --create-tables, or ');
    expect((await giveway(['report', '--journal-table', 'my_journal'], { cwd: folder, env })).err).toContain(
      'giveway init --create-tables makes it',
    );
    expect((await init(env, '--journal-table', 'my_journal')).out).toMatch(/\nMade my_locks in .*\nMade my_journal in /);
    expect(await giveway(['status', 'visits'], { cwd: folder, env })).toMatchObject({ code: 0 });
  });

  test('the store of a config that is there, whatever it is called', async () => {
    const url = await fresh();
    writeFileSync(join(folder, 'locks.json'), JSON.stringify({ store: `${url}&table=of_the_config` }));
    const { code, out } = await init({}, '--config', 'locks.json');
    expect(code).toBe(0);
    expect(out).toMatch(/locks\.json is there already, and stays as it is\.\nMade of_the_config in /);
    expect(out).toContain('Next: giveway check --config');
    expect(existsSync(join(folder, 'giveway.config.ts'))).toBe(false);
  });

  test('a user without rights is told what somebody else must run; that done, it has what it needs', async () => {
    const url = new URL(await fresh());
    const schema = String(url.searchParams.get('options')).replace(/^.*=/, '');
    const role = uniqueName('user');
    roles.push(role);
    await query(service.url, `create role ${role} login password 'secret'; grant usage on schema ${schema} to ${role}`);
    url.username = role;
    url.password = 'secret';
    const env = { GIVEWAY_STORE: url.href, GIVEWAY_JOURNAL: url.href };
    const { code, out, err } = await init(env);
    expect({ code, out }).toEqual({ code: 73, out: `Wrote ${join(folder, 'giveway.config.ts')}.\n` });
    expect(err).toMatch(
      /^giveway: this user may not make giveway_locks in postgres:\/\/\*\*\*@.*permission denied for schema .*\. Somebody who may must run there:\ncreate sequence/,
    );
    expect(err).toMatch(/^giveway: this user may not make giveway_journal in .*permission denied for schema /m);
    expect(err).not.toContain('secret');
    const { made } = JSON.parse((await init(env, '--json')).out) as { made: { state: string; sql: string }[] };
    expect(made.map(({ state }) => state)).toEqual(['forbidden', 'forbidden']);
    const owner = new Client({ connectionString: withPath(schema) });
    await owner.connect();
    await owner.query(err.replace(/^giveway: .*$/gm, ''));
    await owner.end();
    expect(await init(env)).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/locks is there already.*\n.*journal is there already/),
    });
    const ran = await giveway(['doctor'], { cwd: folder, env });
    expect(ran).toMatchObject({ code: 0, out: expect.not.stringContaining('FAIL') });
  });

  describe('Redshift', () => {
    test('lists its tables, and is home to neither locks nor journal', async () => {
      const schema = uniqueName('s');
      await query(
        service.url,
        `create schema ${schema}; create function ${schema}.version() returns text language sql as $$ select 'Redshift 1.0' $$`,
      );
      const { code, out } = await init({}, '--database-url', withPath(`${schema},pg_catalog`));
      expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/\nThe locks need no table: memcached:.*\nNo journal: /) });
    });
  });
});
