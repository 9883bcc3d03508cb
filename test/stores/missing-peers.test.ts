/** A package that is missing is a wrong set-up of the store, whatever `onStoreDown` says. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { createLocker, type LockStore } from '../../src/index.ts';
import { mysqlStore } from '../../src/stores/mysql/index.ts';
import { postgresStore } from '../../src/stores/postgres/index.ts';
import { shedlockTable } from '../../src/stores/shedlock/index.ts';

const packages = ['pg', 'mysql2'];

beforeAll(() => {
  for (const name of packages)
    jest.doMock(name, () => {
      throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
    });
});
afterAll(() => {
  for (const name of packages) jest.dontMock(name);
});

test.each<[string, string, () => LockStore]>([
  ['postgres', 'npm install pg', () => postgresStore({ connectionString: 'postgres://127.0.0.1:1/x' })],
  ['shedlock on postgres', 'npm install pg', () => shedlockTable({ connectionString: 'postgres://127.0.0.1:1/x', usingDbTime: true })],
  ['mysql', 'npm install mysql2', () => mysqlStore({ uri: 'mysql://127.0.0.1:1/x' })],
])('%s without its package says what to install: %s', async (_store, advice, open) => {
  const store = open();
  const locker = createLocker({ store, onStoreDown: 'run', closesStore: true });
  await expect(locker.run('events', () => {})).rejects.toMatchObject({
    name: 'StoreUnavailableError',
    code: 'ERR_GIVEWAY_PEER_MISSING',
    concerns: 'setup',
    message: expect.stringContaining(advice),
  });
  await locker.close();
});
