import { EventEmitter, once } from 'node:events';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Newcomer, newcomer } from './newcomer.ts';

let developer: Newcomer;
beforeAll(() => {
  developer = newcomer('nest');
});
afterAll(() => developer.leaves());

test('of two instances one runs each fire, and what has begun is finished when they are told to end', async () => {
  const packages = '@nestjs/common@11 @nestjs/core@11 @nestjs/schedule@6 reflect-metadata rxjs @photostructure/sqlite@1';
  expect(await developer.types(`npm install giveway ${packages}`)).toMatchObject({ code: 0 });
  expect(await developer.types('npm install typescript@5.9 @types/node@20')).toMatchObject({ code: 0 });
  developer.writes('src/app.module.ts');
  developer.writes('src/main.ts');
  const compile =
    'npx tsc --target es2022 --module commonjs --experimentalDecorators --skipLibCheck --types node --outDir dist src/main.ts';
  expect(await developer.types(compile)).toMatchObject({ code: 0, stdout: '' });

  const said: string[] = [];
  const begun = (): string[] => said.filter((line) => line.startsWith('refreshing '));
  const enough = new EventEmitter();
  const hears = (line: string): void => {
    said.push(line);
    if (begun().length === 5) enough.emit('fires');
  };
  const fires = once(enough, 'fires');
  const instances = [1, 2].map(() => developer.starts('node dist/main.js', hears));
  await fires;
  for (const { kill } of instances) kill('SIGTERM');
  const ended = await Promise.all(instances.map((instance) => instance.ended));
  // `cron` says there that a fire came some milliseconds late, and runs it.
  const complaints = ended.flatMap(({ stderr }) => stderr.split('\n')).filter((line) => line !== '' && !line.startsWith('[Cron] Missed'));
  expect(complaints).toEqual([]);
  expect(new Set(begun()).size).toBe(begun().length);
  expect(said.filter((line) => line === 'refreshed')).toHaveLength(begun().length);
});
