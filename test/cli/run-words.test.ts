/** What `giveway run` says of who is in the way is true: of a wait that was none, and of work that has ended. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loadLocker } from '../../src/config/index.ts';
import type { ResourceLocker } from '../../src/index.ts';
import { temporaryDirectory } from '../support/server-process.ts';
import { type Answer, giveway } from './in-process.ts';

let folder: string;
let store: string;
let locker: ResourceLocker;
beforeAll(async () => {
  folder = temporaryDirectory('words');
  store = `sqlite:${join(folder, 'locks.db')}`;
  locker = await loadLocker({ env: {}, overrides: { store, job: 'load' } });
});
afterAll(async () => {
  await locker.close();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...args: string[]): Promise<Answer> => giveway(['run', '--store', store, ...args, '--', '/bin/true']);

test('to wait for no time is to skip, and is told so', async () => {
  await using _ = await locker.lock('events');
  for (const args of [['--wait', '0'], ['--wait', '0ms'], ['--skip'], []]) {
    const { code, err } = await run('--write', 'events', ...args);
    expect({ code, err }).toEqual({ code: 75, err: expect.stringMatching(/^giveway: skipped: events is held by load on [^\n]*\n$/) });
    expect(err).not.toMatch(/wait/i);
  }
  expect((await run('--write', 'events', '--wait', '50ms')).err).toMatch(/\ngiveway: gave up: events is held by load on [^\n]*\n$/);
});

test('of work that has ended the end of its shortest hold is told, not when it would have had to end', async () => {
  await locker.run('visits', () => {}, { minHoldMs: 30_000, maxHoldMs: 3_600_000 });
  const words = await run('--write', 'visits');
  const [sight] = JSON.parse((await giveway(['status', 'visits', '--json', '--store', store])).out);
  const { until, latestEnd } = sight.holders[0];
  expect(latestEnd).toBe(until);
  expect(Date.parse(until)).toBeLessThan(Date.now() + 30_000);
  expect(words).toMatchObject({
    code: 75,
    err: expect.stringMatching(new RegExp(`^giveway: skipped: visits is held by load on .*, until ${until} at the latest\\)\n$`)),
  });
  const [holder] = JSON.parse((await run('--json', '--write', 'visits')).err).holders;
  expect(holder).toMatchObject({ job: 'load', state: 'min-hold', latestEnd: until });
});

test('of a fire it says who took it, and when, whether that one still runs or not', async () => {
  const fire = ['--once-per', '1h', '--name', 'rollup'];
  expect(await run(...fire)).toMatchObject({ code: 0, err: '' });
  const { code, err } = await run(...fire);
  expect({ code, err }).toEqual({
    code: 0,
    err: expect.stringMatching(/^giveway: another took this fire: rollup on \S+, pid \d+, at \S+Z\n$/),
  });
  expect(JSON.parse((await run('--json', ...fire)).err)).toMatchObject({
    giveway: 'elsewhere',
    holders: [{ job: 'rollup', state: 'min-hold' }],
  });
});
