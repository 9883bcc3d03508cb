import { readdirSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { problemsOf } from '../jobs/compile.ts';
import { codeBlocks } from './code-blocks.ts';

test('the code in docs/stores/ and docs/errors.md compiles as it stands', () => {
  const pages = ['errors.md', ...readdirSync('docs/stores').map((name) => `stores/${name}`)];
  const blocks = pages.flatMap((name) =>
    codeBlocks(`docs/${name}`)
      .filter(({ language }) => language === 'ts')
      .map(({ code }, index) => [`${name.replaceAll(/\W/g, '-')}-${index}.ts`, code] as const),
  );
  expect(blocks.length).toBeGreaterThan(15);
  // docs/stores/zookeeper.md says to write this.
  const declared = { 'zookeeper.d.ts': "declare module 'node-zookeeper-client';" };
  expect(problemsOf({ ...Object.fromEntries(blocks), ...declared })).toEqual([]);
}, 60_000);
