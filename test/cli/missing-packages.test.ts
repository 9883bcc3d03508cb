/** A package that is missing is somebody's to install: one exit code, whatever it was needed for, and its name. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { giveway } from './in-process.ts';

const packages = [
  'pg',
  'mysql2',
  'ioredis',
  'redis',
  '@aws-sdk/client-dynamodb',
  '@gomomento/sdk',
  'etcd3',
  'node-zookeeper-client',
  'better-sqlite3',
  '@photostructure/sqlite',
  'node:sqlite',
];
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'giveway-missing-'));
  for (const name of packages)
    jest.doMock(
      name,
      () => {
        throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
      },
      { virtual: true },
    );
});
afterAll(() => {
  for (const name of packages) jest.dontMock(name);
  rmSync(folder, { recursive: true });
});

const stores: readonly (readonly [url: string, name: string])[] = [
  ['redis://127.0.0.1:1', 'ioredis'],
  ['postgres://127.0.0.1:1/x', 'pg'],
  ['mysql://127.0.0.1:1/x', 'mysql2'],
  ['dynamodb://locks', '@aws-sdk/client-dynamodb'],
  ['momento:cache', '@gomomento/sdk'],
  ['etcd://127.0.0.1:1', 'etcd3'],
  ['zookeeper://127.0.0.1:1', 'node-zookeeper-client'],
  ['shedlock+postgres://127.0.0.1:1/x?usingDbTime=true', 'pg'],
  ['shedlock+redis://127.0.0.1:1', 'ioredis'],
];
const commands = [
  ['status', 'events'],
  ['why', 'events'],
  ['unlock', 'events', '--yes'],
  ['run', '--write', 'events', 'true'],
  ['doctor'],
  ['dashboard', '--port', '0'],
];

test.each(stores.flatMap(([url, name]) => commands.map((command) => [url, name, command] as const)))(
  '%s without %s: %j',
  async (url, name, [command = '', ...args]) => {
    const { code, out, err } = await giveway([command, '--store', url, ...args], { cwd: folder });
    expect({ code, out, err }).toEqual({ code: 64, out: '', err: expect.stringContaining(`npm install ${name}`) });
  },
);

const database = 'postgres://u:secret@127.0.0.1:1/x';
test.each([
  ['report'],
  ['forecast'],
  ['dashboard', '--port', '0', '--store', 'memory:'],
  ['advise', '--database-url', database],
  ['init', '--database-url', database],
  ['init', '--create-tables', '--store', 'memory:'],
  ['doctor', '--store', 'memory:', '--database-url', database],
])('a database without pg: %s %s', async (...args) => {
  const { code, out, err } = await giveway(args, { cwd: folder, env: { GIVEWAY_JOURNAL: database } });
  rmSync(join(folder, 'giveway.config.ts'), { force: true });
  expect({ code, err }).toEqual({ code: 64, err: expect.stringMatching(/npm install pg\b/) });
  expect(out + err).not.toContain('secret');
});
