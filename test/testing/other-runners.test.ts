import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { storeBehaviours } from '../../src/testing/index.ts';

test('the suite runs on node:test as it runs on jest', () => {
  const file = require.resolve('./memory-suite.node.ts');
  const { stdout, status } = spawnSync(process.execPath, ['--import', 'tsx', '--test', '--test-reporter=tap', file], { encoding: 'utf8' });
  expect(stdout).toMatch(/^# fail 0$/m);
  expect(stdout).toMatch(new RegExp(`^# pass ${storeBehaviours.length}$`, 'm'));
  expect(status).toBe(0);
});
