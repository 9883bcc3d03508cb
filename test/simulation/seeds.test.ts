import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { drawPlan } from './draw.ts';
import { takesLimits } from './identity.ts';
import { play } from './play.ts';
import { reportKinds } from './report.ts';
import type { Tally } from './seeds.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** As `npm run test:simulation` does it, in processes of their own. */
function playSeeds(...args: readonly string[]): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const command = ['--import', 'tsx', 'test/simulation/main.ts', '--json', ...args];
    execFile(process.execPath, command, { cwd: root, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (stdout.startsWith('{')) resolve(JSON.parse(stdout) as Tally);
      else reject(error ?? new Error(stderr));
    });
  });
}

test('a thousand worlds keep every promise', async () => {
  const { worlds, failures } = await playSeeds('--seeds', '1000');
  expect(reportKinds(failures)).toBe('');
  expect(worlds).toBe(1_000);
}, 90_000);

test('the same seed makes the same history', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const [first, second] = [await play(drawPlan(seed, takesLimits)), await play(drawPlan(seed, takesLimits))];
    expect(second.history().join('\n')).toBe(first.history().join('\n'));
    expect(first.history().length).toBeGreaterThan(10);
  }
}, 60_000);
