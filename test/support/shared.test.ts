import { expect, test } from '@jest/globals';
import { Client } from 'pg';
import { describeWith, uniqueName } from './shared.ts';

describeWith('postgres', (service) => {
  test('a schema of its own is first in the search path', async () => {
    const client = new Client({ connectionString: service.url });
    await client.connect();
    await client.query('create table seen (n int)');
    const { rows } = await client.query("select schemaname from pg_tables where tablename = 'seen'");
    await client.end();
    expect(rows).toEqual([{ schemaname: service.prefix }]);
  });
});

describeWith('memcached', (service) => {
  test('has an address', () => {
    expect(service.url).toMatch(/^\S+:\d+/);
  });
});

describeWith('redis', (service) => {
  test('has an address', () => {
    expect(service.url).toMatch(/^rediss?:\/\//);
  });
});

test('names are unique, and valid as schema, key and namespace', () => {
  expect(uniqueName()).toMatch(/^t_[a-z0-9]+_[a-z0-9]+$/);
  expect(uniqueName()).not.toBe(uniqueName());
});
