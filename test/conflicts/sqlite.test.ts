/** Conflicts that a real SQLite makes, by each driver in its own words. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { describeWith } from '../support/shared.ts';

const run = promisify(execFile);
const file = require.resolve('./sqlite.node.ts');

async function conflictsBy(driver: string, node: string): Promise<unknown> {
  const env = { ...process.env, NODE_OPTIONS: '', SQLITE_DRIVER: driver };
  const { stdout } = await run(node, ['--import', 'tsx', file], { env, timeout: 25_000 });
  return JSON.parse(stdout);
}

/** What the driver calls them, and what they are taken for. */
const conflicts = (busy: string, snapshot: string): object => ({
  busy: { kind: 'lock-timeout', retry: true, code: busy },
  snapshot: { kind: 'serialization', retry: true, code: snapshot },
});

test('@photostructure/sqlite', async () => {
  expect(await conflictsBy('@photostructure/sqlite', process.execPath)).toEqual(conflicts('5', '517'));
});

describeWith('node22', (node) => {
  test.each([
    ['better-sqlite3', 'SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT'],
    ['node:sqlite', '5', '517'],
  ])('%s', async (driver, busy, snapshot) => {
    expect(await conflictsBy(driver, node.url)).toEqual(conflicts(busy, snapshot));
  });
});
