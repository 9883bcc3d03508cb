import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from '@swc/core';

// The store in the documentation passes the suite in the documentation: both blocks run here, as they are printed.
const page = readFileSync(join(__dirname, '../../docs/writing-a-store.md'), 'utf8');
const printed = new Map<string, unknown>();

for (const [, name, source] of page.matchAll(/```ts\n\/\/ (\S+)\n(.*?)```/gs)) {
  printed.set(`./${name}`, run(source as string));
}

function run(source: string): unknown {
  const { code } = transformSync(source, { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'commonjs' } });
  const exported = {};
  new Function('require', 'exports', code)((name: string) => printed.get(name) ?? require(name), exported);
  return exported;
}
