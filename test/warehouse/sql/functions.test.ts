import { expect, test } from '@jest/globals';
import { Client } from 'pg';
import { isReadOnlyFunction, readOnlyFunctions } from '../../../src/warehouse/sql/functions.ts';
import { describeWith } from '../../support/shared.ts';

test('a schema of its own makes a function somebody’s', () => {
  expect(isReadOnlyFunction(['count'])).toBe(true);
  expect(isReadOnlyFunction(['pg_catalog', 'count'])).toBe(true);
  expect(isReadOnlyFunction(['analytics', 'count'])).toBe(false);
  expect(isReadOnlyFunction(['refresh_all'])).toBe(false);
});

describeWith('postgres', (service) => {
  test('every function listed as PostgreSQL’s is there, and none runs SQL it is handed', async () => {
    const client = new Client({ connectionString: service.url });
    await client.connect();
    try {
      const { rows } = await client.query<{ name: string; runs: boolean }>(
        `select proname as name, bool_or(obj_description(oid, 'pg_proc') ~ '(map|result of|contents of) .*(query|table|cursor|schema|database)|statistics of tsvector column')
           as runs from pg_proc where pronamespace = 'pg_catalog'::regnamespace group by proname`,
      );
      const onServer = new Map(rows.map(({ name, runs }) => [name, runs]));
      const listed = [...readOnlyFunctions.postgres];
      expect(listed.filter((name) => !onServer.has(name))).toEqual([]);
      expect(listed.filter((name) => onServer.get(name))).toEqual([]);
      expect([...onServer].filter(([, runs]) => runs).map(([name]) => name)).toContain('query_to_xml');
    } finally {
      await client.end();
    }
  });
});
