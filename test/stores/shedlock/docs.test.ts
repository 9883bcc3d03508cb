import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { codeBlocks } from '../../docs/code-blocks.ts';
import { projectFolder } from '../../docs/project-folder.ts';
import { query } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { shedlockDdl } from './stage.ts';

const blocks = codeBlocks('docs/stores/shedlock.md').filter(({ language }) => language === 'ts');
const blockWith = (text: string): string => blocks.find(({ code }) => code.includes(text))?.code ?? '';

let folder: string;
beforeAll(() => {
  folder = projectFolder();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a block and `more`; resolves with what it printed. */
async function run(code: string, more: string, env: Record<string, string> = {}): Promise<string> {
  writeFileSync(join(folder, 'block.ts'), `${code}\n${more}\nprocess.exit(0);\n`);
  const options = { cwd: folder, timeout: 60_000, env: { ...process.env, NODE_OPTIONS: '', ...env } };
  return (await promisify(execFile)(process.execPath, ['--import', 'tsx', 'block.ts'], options)).stdout;
}

describeWith('postgres', (service) => {
  beforeAll(() => query(service.url, shedlockDdl));
  test('docs/stores/shedlock.md: the table', async () => {
    const more = `console.log((await pool.query('select name from shedlock')).rows[0].name);`;
    expect(await run(blockWith('shedlockTable('), more, { DATABASE_URL: service.url })).toBe('refreshOrders\n');
  }, 60_000);
});

const nobody = `console.log(await store.read('refreshOrders'));`;

describeWith('redis', (service) => {
  test('docs/stores/shedlock.md: Redis', async () => {
    expect(await run(blockWith('shedlockRedis(').replace('new Redis()', `new Redis('${service.url}')`), nobody)).toBe('undefined\n');
  }, 60_000);
});

describeWith('memcached', (service) => {
  test('docs/stores/shedlock.md: Memcached', async () => {
    expect(await run(blockWith('shedlockMemcached(').replace('cache:11211', service.url), nobody)).toBe('undefined\n');
  }, 60_000);
});

test('docs/stores/shedlock.md: every block is run by the tests above', () => expect(blocks).toHaveLength(3));
