import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { stage } from './stage.ts';

test('an append to a table inside an append to its schema holds the table', () =>
  stage(
    'redis',
    async ({ p1, p2, settle }) => {
      const inside: unknown[] = [];
      const running = p1.run({ appends: 's.*' }, () =>
        p1.run({ appends: 's.t' }, async () => {
          inside.push(await p2.tryLock({ writes: 's.t' }));
        }),
      );
      await settle(running);
      expect(inside).toEqual([undefined]);
    },
    { resources: ['s.*', 's.t'] },
  ));

test('close() that is awaited inside a run does not wait for that run', () =>
  stage('redis', async ({ p1, settle }) => {
    await settle(
      p1.run('t', () => p1.close()),
      1_000,
    );
  }));

test('a store whose subscribe throws ends the wait in its time', async () => {
  const script = `
    import { createLocker } from '${new URL('../../../src/index.ts', import.meta.url).href}';
    import { memoryStore } from '${new URL('../../../src/stores/memory.ts', import.meta.url).href}';
    const memory = memoryStore();
    const store = (connection) => ({ ...connection, subscribe() { throw new Error('no channel'); } });
    const holder = createLocker({ store: memory });
    await holder.lock('t');
    const waiter = createLocker({ store: store(memory.connect()) });
    const failed = await waiter.lock('t', { retry: { maxWaitMs: 300 } }).then(() => 'held', (error) => error.code ?? error.message);
    console.log(failed);
    process.exit();
  `;
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    cwd: root,
    timeout: 15_000,
  });
  expect(stdout.trim()).not.toBe('held');
}, 20_000);
