import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Newcomer, newcomer } from './newcomer.ts';

let developer: Newcomer;
beforeAll(() => {
  developer = newcomer('nest');
});
afterAll(() => developer.leaves());

test('two instances give way to each other; one that is told to end finishes its work first', async () => {
  const packages = '@nestjs/common@11 @nestjs/core@11 @nestjs/schedule@6 reflect-metadata rxjs @photostructure/sqlite@1';
  expect(await developer.types(`npm install giveway ${packages}`)).toMatchObject({ code: 0 });
  expect(await developer.types('npm install typescript@5.9 @types/node@20')).toMatchObject({ code: 0 });
  developer.writes('src/app.module.ts');
  developer.writes('src/main.ts');
  const compile =
    'npx tsc --target es2022 --module commonjs --experimentalDecorators --skipLibCheck --types node --outDir dist src/main.ts';
  expect(await developer.types(compile)).toMatchObject({ code: 0, stdout: '' });

  const said: string[] = [];
  const instances = [1, 2].map(() => developer.starts('node dist/main.js', (line) => said.push(line)));
  await Promise.all(instances.map(({ says }) => says(/(?:refreshing visits\nrefreshed\n){2}/)));
  for (const { kill } of instances) kill('SIGTERM');
  const ended = await Promise.all(instances.map((instance) => instance.ended));
  expect(ended.map(({ stderr }) => stderr)).toEqual(['', '']);
  expect(ended.map(({ stdout }) => stdout.split('\n').at(-2))).toEqual(['closed', 'closed']);
  // Whoever begins ends before the other one begins.
  const work = said.filter((line) => line.startsWith('refresh'));
  expect(work.filter((line, index) => line !== ['refreshing visits', 'refreshed'][index % 2])).toEqual([]);
});
