import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as jestGlobals from '@jest/globals';
import { transformSync } from '@swc/core';
import * as errors from '../../src/lock/errors.ts';
import * as testing from '../../src/testing/index.ts';

// The store in the documentation passes the suite in the documentation: both blocks run here, as they are printed.
const page = readFileSync(join(__dirname, '../../docs/writing-a-store.md'), 'utf8');
const modules: Record<string, unknown> = { giveway: errors, 'giveway/testing': testing, '@jest/globals': jestGlobals };

for (const [, name, source] of page.matchAll(/```ts\n\/\/ (\S+)\n(.*?)```/gs)) {
  modules[`./${name}`] = run(source as string);
}

function run(source: string): unknown {
  const { code } = transformSync(source, { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } });
  const exported = {};
  new Function('require', 'exports', code)((name: string) => modules[name], exported);
  return exported;
}
