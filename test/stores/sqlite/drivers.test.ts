import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { storeBehaviours } from '../../../src/testing/index.ts';
import { describeWith } from '../../support/shared.ts';

const file = require.resolve('./drivers.node.ts');

describeWith('node22', (node) => {
  test.each(['node:sqlite', 'better-sqlite3'])(
    'the suite passes on %s, and Node says nothing of experiments',
    async (driver) => {
      const child = spawn(node.url, ['--import', 'tsx', '--test', '--test-reporter=tap', file], {
        env: { ...process.env, NODE_OPTIONS: '', SQLITE_DRIVER: driver },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const [said, warned] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
      expect(said).toMatch(/^# fail 0$/m);
      expect(said).toMatch(new RegExp(`^# pass ${storeBehaviours.length}$`, 'm'));
      expect(said + warned).not.toContain('ExperimentalWarning');
    },
    120_000,
  );
});
