import { expect, test } from '@jest/globals';
import { codeBlocks } from '../docs/code-blocks.ts';
import { problemsOf } from './compile.ts';

/** In a package of their own: queues.test.ts compiles and runs them. */
const elsewhere = /from '(pg-boss|graphile-worker|agenda)'/;

test('the code of docs/jobs.md compiles', () => {
  const blocks = codeBlocks('docs/jobs.md').filter(({ language, code }) => language === 'ts' && !elsewhere.test(code));
  const files = Object.fromEntries(blocks.map(({ code, file }, index) => [file ?? `block-${index}.ts`, code]));
  expect(Object.keys(files).length).toBeGreaterThan(7);
  expect(problemsOf(files)).toEqual([]);
}, 60_000);
