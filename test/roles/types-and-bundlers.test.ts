import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeWith } from '../support/shared.ts';
import { type Newcomer, newcomer } from './newcomer.ts';

describeWith('memcached', (memcached) => {
  let user: Newcomer;
  beforeAll(() => {
    user = newcomer('types-and-bundlers', { MEMCACHED_SERVERS: memcached.url });
  });
  afterAll(() => user.leaves());

  test('a strict compiler accepts the types of the library, and one file runs without node_modules', async () => {
    expect(await user.types('npm install giveway esbuild typescript@5.9 @types/node@20')).toMatchObject({ code: 0 });
    user.writes('handler.ts');
    user.writes('tsconfig.json');
    expect(await user.types('npx tsc --project .')).toMatchObject({ code: 0, stdout: '' });
    const bundle = 'npx esbuild handler.ts --bundle --platform=node --target=node20 --format=esm --outfile=handler.mjs';
    expect(await user.types(bundle)).toMatchObject({ code: 0 });
    const run =
      'node --eval "import(\'./handler.mjs\').then(({ handler }) => handler()).then((said) => { console.log(said); process.exit(); })"';
    user.loses('node_modules');
    expect(await user.types(run)).toMatchObject({ code: 0, stdout: '42 rows\n', stderr: '' });
  });
});
