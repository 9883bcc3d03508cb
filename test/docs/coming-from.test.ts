import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { problemsOf } from '../jobs/compile.ts';
import { codeBlocks } from './code-blocks.ts';

const root = join(__dirname, '../..');
const blocks = codeBlocks('docs/coming-from.md');

test('the code of giveway in docs/coming-from.md compiles', () => {
  const ours = blocks.filter(({ language }) => language === 'ts');
  const files = Object.fromEntries(ours.map(({ code, file }, index) => [file ?? `block-${index}.ts`, code]));
  expect(Object.keys(files)).toHaveLength(6);
  expect(problemsOf(files)).toEqual([]);
}, 60_000);

test('its commands run', () => {
  const commands = blocks.filter(({ code }) => code.startsWith('giveway ')).map(({ code }) => code.trim());
  expect(commands).toHaveLength(2);
  const folder = mkdtempSync(join(tmpdir(), 'giveway-coming-'));
  const program = (name: string, code: string): void => writeFileSync(join(folder, name), `#!/bin/sh\n${code}\n`, { mode: 0o755 });
  program(
    'giveway',
    `exec "${process.execPath}" --import "${join(root, 'node_modules/tsx/dist/loader.mjs')}" "${join(root, 'src/cli/main.ts')}" "$@"`,
  );
  program('rollup.sh', 'echo rolled up');
  program('php', 'echo rolled up');
  try {
    const env = { PATH: `${folder}:${process.env['PATH']}`, XDG_STATE_HOME: join(folder, 'state'), GIVEWAY_STORE: 'sqlite:' };
    const said = commands.map((command) => execFileSync('sh', ['-c', command], { cwd: folder, env, encoding: 'utf8' }));
    expect(said).toEqual(['rolled up\n', 'rolled up\n']);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
