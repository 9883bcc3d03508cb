import { expect, test } from '@jest/globals';
import { codeBlocks } from '../docs/code-blocks.ts';
import { problemsOf } from '../jobs/compile.ts';

test('the code of docs/nestjs.md compiles', () => {
  const blocks = codeBlocks('docs/nestjs.md').filter(({ language }) => language === 'ts');
  const files = Object.fromEntries(blocks.map(({ code, file = '' }) => [file, code]));
  expect(Object.keys(files)).toHaveLength(6);
  const config = 'export abstract class ConfigService { abstract readonly storeOfReports: string }';
  expect(problemsOf({ ...files, 'config.service.ts': config }, { experimentalDecorators: true })).toEqual([]);
}, 60_000);
