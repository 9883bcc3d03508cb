import { expect, test } from '@jest/globals';
import type { Row } from '../matrix/table.ts';
import { mayInstall } from '../support/programs.ts';
import { root, run } from './consumer.ts';

if (!mayInstall()) process.stderr.write('No other packages are installed beside it: GIVEWAY_INSTALL=1 npm run check:package does.\n');
const testOnServers = mayInstall() ? test : test.skip;

testOnServers('it works with the oldest and the newest of the packages it can be used with', () => {
  const rows = JSON.parse(run(root, 'tsx', 'test/matrix/main.ts', 'peers', '--ci', '--json')) as Row[];
  expect(rows.map(({ what }) => what)).toEqual(['the oldest of each', 'the newest of each']);
  expect(rows.filter(({ passed }) => !passed)).toEqual([]);
});
