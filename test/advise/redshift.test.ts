/** On tables of PostgreSQL that have the names and the shape that Redshift's documentation gives. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { giveway } from '../cli/in-process.ts';
import { query } from '../support/services.ts';
import { describeWith } from '../support/shared.ts';

const systemTables = `
  create table stl_tr_conflict (xact_id bigint, process_id bigint, xact_start_ts timestamp, abort_time timestamp, table_id bigint);
  create table svl_statementtext (userid integer, xid bigint, pid integer, label varchar(320), starttime timestamp, endtime timestamp,
    sequence integer, type varchar(10), text char(200));
  create table stl_connection_log (event char(50), recordtime timestamp, pid integer, username char(50), application_name char(250));
`;

/** A statement in pieces of 200 characters, its line ends written as Redshift writes them. */
function ran(xid: number, second: number, text: string): string {
  const escaped = text.replaceAll('\n', '\\n').replaceAll("'", "''");
  const pieces = escaped.match(/.{1,200}/g) ?? [];
  const at = (seconds: number): string => `timestamp '2026-11-28 03:00:00' + interval '${seconds} s'`;
  const rows = pieces.map(
    (piece, index) => `(10, ${xid}, ${xid}, 'default', ${at(second)}, ${at(second + 1)}, ${index}, 'QUERY', '${piece}')`,
  );
  return `insert into svl_statementtext values ${rows.join(', ')};`;
}

describeWith('postgres', (service) => {
  const ask = (...args: string[]) => giveway(['advise', '--database-url', service.url, ...args], { cwd: tmpdir() });
  beforeAll(() => query(service.url, systemTables));
  beforeEach(() => query(service.url, 'truncate stl_tr_conflict, svl_statementtext, stl_connection_log'));

  test('conflicts, and what ran beside them, are read from the system tables', async () => {
    const longList = `${'x, '.repeat(150)}x`;
    await query(
      service.url,
      [
        ran(1, 0, 'begin'),
        ran(1, 1, `select ${longList}\nfrom analytics.events`),
        ran(1, 3, 'update visits set n = 1'),
        ran(2, 2, "copy analytics.events from 's3://bucket/key' iam_role default gzip"),
        ran(3, 20, 'delete from analytics.events'),
        "insert into stl_tr_conflict values (1, 1, '2026-11-28 03:00:00', '2026-11-28 03:00:05', 4711)",
        "insert into stl_connection_log values ('set application_name', '2026-11-28 02:00:00', 1, 'etl', 'nightly')",
      ].join(';'),
    );
    const folder = mkdtempSync(join(tmpdir(), 'giveway-redshift-'));
    const { code, out } = await ask('--json', '--write', join(folder, 'c.ts'));
    const { jobs, ...report } = JSON.parse(out) as { jobs: readonly { name: string; scope: object }[] };
    expect({ code, report }).toMatchObject({
      code: 0,
      report: { conflicts: { all: 1, cycle: 1 }, kept: 1, unkept: [], redshift: { conflicts: 1, tables: [['table 4711', 1]] } },
    });
    expect(Object.fromEntries(jobs.map(({ name, scope }) => [name, scope]))).toEqual({
      'copy analytics.events': { writes: [], appends: ['analytics.events'], reads: [] },
      'nightly: update visits': { writes: ['visits'], appends: [], reads: ['analytics.events'] },
    });
    expect(readFileSync(join(folder, 'c.ts'), 'utf8')).toContain(
      "'nightly: update visits': { writes: ['visits'], reads: ['analytics.events'] },",
    );
    rmSync(folder, { recursive: true });
  });

  test('it says that this was never run on Redshift, and that there is no conflict', async () => {
    expect(await ask()).toMatchObject({
      code: 0,
      out: expect.stringMatching(/There is no conflict in it\.[\s\S]*never run on a Redshift/),
    });
  });

  test('a transaction of which nothing is to be seen is said to be unknown', async () => {
    await query(service.url, "insert into stl_tr_conflict values (9, 9, '2026-11-28 03:00:00', '2026-11-28 03:00:05', 4711)");
    expect(await ask()).toMatchObject({ code: 0, out: expect.stringContaining('SYSLOG ACCESS UNRESTRICTED') });
  });
});

describeWith('postgres', (service) => {
  test('a database that is no Redshift is told to be none, without its password', async () => {
    const url = service.url.replace('postgres@', 'postgres:secret@');
    const { code, err } = await giveway(['advise', '--database-url', url]);
    expect({ code, err }).toEqual({ code: 70, err: expect.stringContaining('it is no Redshift, it seems') });
    expect(err).not.toContain('secret');
  });
});
