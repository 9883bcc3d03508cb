import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { codeBlocks } from '../docs/code-blocks.ts';
import type { Row } from '../matrix/table.ts';
import { installTools, toolFolder } from '../matrix/tools.ts';
import { findProgram, mayInstall } from '../support/programs.ts';
import { memcachedServer } from '../support/services.ts';
import { type Consumer, install, pack, root, run } from './consumer.ts';

let folder: string;
let consumer: Consumer;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'giveway-bundling-'));
  consumer = install(pack(folder));
});
afterAll(() => {
  consumer?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const canRun = findProgram('memcached') !== undefined && mayInstall();
if (!canRun) process.stderr.write('The bundlers are not run: GIVEWAY_INSTALL=1 npm run check:package installs them.\n');
const testOnServers = canRun ? test : test.skip;

testOnServers('the function of docs/bundling.md is one file that takes a lock', async () => {
  const blocks = codeBlocks('docs/bundling.md');
  consumer.write('handler.ts', blocks.find(({ file }) => file === 'handler.ts')?.code ?? '');
  const [, command = ''] = /^npx esbuild (.*)$/m.exec(blocks.find(({ language }) => language === 'sh')?.code ?? '') ?? [];
  installTools(['esbuild@0.28']);
  consumer.run('node', join(toolFolder('esbuild'), 'bin/esbuild'), ...command.split(' '));
  const server = await memcachedServer();
  try {
    const program = `const { handler } = await import('./handler.mjs'); console.log(await handler(), await handler());`;
    run(consumer.folder, 'cp', 'dist/handler.mjs', folder);
    const said = run(folder, 'env', `MEMCACHED_SERVERS=${server.url}`, 'node', '--input-type=module', '--eval', program);
    expect(said.trim()).toBe('rolled up rolled up');
  } finally {
    await server.stop();
  }
});

testOnServers('every module is bundled, and runs where nothing is installed', () => {
  const rows = JSON.parse(run(root, 'tsx', 'test/matrix/main.ts', 'bundlers', '--ci', '--json')) as Row[];
  expect(new Set(rows.map(({ what }) => what.split(' ')[0]))).toEqual(new Set(['esbuild', 'webpack', 'rollup', 'Bun']));
  expect(rows.filter(({ passed }) => !passed)).toEqual([]);
});
