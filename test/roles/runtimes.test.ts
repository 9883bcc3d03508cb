import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeWith } from '../support/shared.ts';
import { type Newcomer, newcomer } from './newcomer.ts';

describeWith('node22', (node22) => {
  let user: Newcomer;
  beforeAll(() => {
    user = newcomer('runtimes', { PATH: `${dirname(node22.url)}:${process.env['PATH']}` });
  });
  afterAll(() => user.leaves());

  test('Node 22 locks in a file with nothing but giveway installed', async () => {
    expect(await user.types('npm install giveway')).toMatchObject({ code: 0 });
    user.writes('first.mjs');
    const { code, stdout, stderr } = await user.types('node first.mjs');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^alone, with fence \d{16}\n$/);
  });
});
