import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { loadSqlParser, tablesWritten } from '../../../src/warehouse/sql/index.ts';
import { qualifiedName } from '../../../src/warehouse/sql/names.ts';
import { describeWith, uniqueName } from '../../support/shared.ts';
import { postgres, type Row, schema } from './corpus.ts';

/** The list a table must be in, by the strongest lock its statement takes. */
const listOfLock: Record<string, RegExp> = {
  AccessShareLock: /^reads$/,
  RowShareLock: /^reads$/,
  RowExclusiveLock: /^(writes|appends)$/,
  ShareUpdateExclusiveLock: /^writes$/,
  ShareLock: /^writes$/,
  ShareRowExclusiveLock: /^writes$/,
  ExclusiveLock: /^writes$/,
  AccessExclusiveLock: /^writes$/,
};
const strength = Object.keys(listOfLock);

const isAsked = ({ unclear, notOnServer, sql }: Row): boolean => unclear === undefined && notOnServer === undefined && !sql.includes('$1 ');

describeWith('postgres', (service) => {
  const database = uniqueName('locks');
  let admin: Client;
  let client: Client;

  beforeAll(async () => {
    await loadSqlParser();
    admin = await connect(service.url);
    await admin.query(`create database ${database}`);
    const url = new URL(service.url);
    url.pathname = database;
    url.search = '';
    client = await connect(url.href);
    await client.query(schema);
  });
  afterAll(async () => {
    await client?.end();
    await admin?.query(`drop database ${database}`);
    await admin?.end();
  });
  beforeEach(async () => {
    await client.query('rollback');
  });

  test.each(postgres.filter(isAsked).map((row) => [row.sql, row] as const))('%s', async (sql, { behind = '' }) => {
    const names = await namesOfTables();
    await client.query('begin');
    await client.query(sql);
    for (const [oid, name] of await namesOfTables()) names.set(oid, names.get(oid) ?? name);
    const locked = new Map<string, string>();
    for (const { oid, mode } of await locksHeld()) {
      const name = names.get(oid);
      if (name === undefined || behind.split(' ').includes(name)) continue;
      const known = locked.get(name);
      if (known === undefined || strength.indexOf(mode) > strength.indexOf(known)) locked.set(name, mode);
    }

    const answer = tablesWritten(sql);
    const lists = (['writes', 'appends', 'reads'] as const).flatMap((list) =>
      (answer?.[list] ?? []).map((name) => [name.replace(/^public\./, ''), list] as const),
    );
    expect(lists.map(([name]) => name).sort()).toEqual([...new Set([...locked.keys(), ...renamed(sql)])].sort());
    for (const [name, list] of lists) expect(list).toMatch(listOfLock[locked.get(name) ?? 'AccessExclusiveLock'] ?? /never/);
  });

  /** By oid: a table that was dropped or renamed goes by the name it had before. */
  async function namesOfTables(): Promise<Map<string, string>> {
    const { rows } = await client.query<{ oid: string; schema: string; name: string }>(
      `select c.oid::text, nspname as schema, relname as name from pg_class c join pg_namespace n on n.oid = relnamespace
       where relkind in ('r', 'p', 'v', 'm', 'f') and nspname !~ '^(pg_|information_schema)'`,
    );
    return new Map(rows.map((row) => [row.oid, qualifiedName(row.schema === 'public' ? [row.name] : [row.schema, row.name])]));
  }

  async function locksHeld(): Promise<{ oid: string; mode: string }[]> {
    const { rows } = await client.query(
      `select relation::text as oid, mode from pg_locks where pid = pg_backend_pid() and locktype = 'relation'`,
    );
    return rows;
  }
});

/** A new name has no lock of its own, though nobody may take it meanwhile. */
function renamed(sql: string): string[] {
  const [, schemaOf = '', newName] = /alter (?:table|view) (\w+\.)?\w+ rename to (\w+)/.exec(sql) ?? [];
  const [, name, newSchema] = /alter table (\w+) set schema (\w+)/.exec(sql) ?? [];
  return [newName && schemaOf + newName, newSchema && `${newSchema}.${name}`].filter(
    (found) => found !== undefined && found !== '',
  ) as string[];
}

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  await client.connect();
  return client;
}
