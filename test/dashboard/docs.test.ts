import { expect, test } from '@jest/globals';
import { codeBlocks } from '../docs/code-blocks.ts';
import { problemsOf } from '../jobs/compile.ts';

const given = `import type { ResourceLocker } from 'giveway';\ndeclare const locker: ResourceLocker;\n`;

test('the code of docs/dashboard.md compiles', () => {
  const blocks = codeBlocks('docs/dashboard.md').filter(({ language }) => language === 'ts');
  const files = Object.fromEntries(
    blocks.map(({ code }, index) => [`block-${index}.ts`, code.includes('const locker') ? code : given + code]),
  );
  expect(Object.keys(files)).toHaveLength(5);
  expect(problemsOf(files)).toEqual([]);
}, 60_000);
