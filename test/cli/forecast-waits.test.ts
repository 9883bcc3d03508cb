import { expect, test } from '@jest/globals';
import { ask, configure } from './stage.ts';

const hourly = { cron: '0 * * * *', timezone: 'UTC' };
const forecast = (...args: readonly string[]) => ask('forecast', '--plays', '20', ...args);

test('a proposal that takes away waits says so, and not that skips fall from nothing to nothing', async () => {
  const waiting = { ...hourly, writes: 'events', onBusy: 'retry' };
  configure({ store: 'memory:', jobs: { load: waiting, rollup: waiting } });
  const { out } = await forecast();
  expect(out).toMatch(/Proposal: move 1 of 2 jobs\.\n.*\nWaits would fall from \d+ to 0\.0\.\n$/);
  expect(out).not.toContain('Skips would');
  const { waits, skips } = JSON.parse((await forecast('--json')).out).proposal;
  expect(waits).toMatchObject({ before: expect.any(Number), after: 0 });
  expect(waits.before).toBeGreaterThan(100);
  expect(skips).toEqual({ before: 0, after: 0 });
});

test('where both fall, both are said, each with the jobs that are left with some', async () => {
  configure({
    store: 'memory:',
    jobs: {
      load: { ...hourly, writes: 'events', onBusy: 'retry' },
      rollup: { ...hourly, writes: 'events', onBusy: 'skip' },
    },
  });
  const { out } = await forecast();
  expect(out).toMatch(/\nSkips would fall from \d+ to 0\.0\.\nWaits would fall from \d+ to 0\.0\.\n$/);
});

test('waits that no other times take away are told of as skips are', async () => {
  const waiting = { cron: '* * * * *', timezone: 'UTC', writes: 'events', onBusy: 'retry' };
  configure({ store: 'memory:', jobs: { load: waiting, rollup: waiting } });
  expect((await forecast('--days', '1')).out).toContain('No other times would help enough to be proposed.');
});
