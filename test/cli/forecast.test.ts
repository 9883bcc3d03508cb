import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createJournalTableSql } from 'giveway/observe';
import { query } from '../support/services.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { type Answer, giveway } from './in-process.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'giveway-forecast-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const configure = (config: object): void =>
  writeFileSync(join(folder, 'giveway.config.json'), JSON.stringify({ store: 'memory:', ...config }));
const utc = { timezone: 'UTC' };
const jobs = {
  load: { ...utc, cron: '0 * * * *', writes: 'events' },
  rollup: { ...utc, cron: '0 * * * *', writes: 'visits', reads: 'events' },
};

describe('forecast without a journal', () => {
  const ask = (...args: string[]): Promise<Answer> => giveway(['forecast', ...args], { cwd: folder });

  test('plays the jobs of the config, and says what is not known', async () => {
    configure({ jobs });
    const { code, out, err } = await ask('--plays', '20', '--days', '2');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^From \d{4}-\d\d-\d\d \d\d:\d\d UTC, for 2 days: 20 plays, seed 1\./);
    expect(out).toMatch(/^JOB +SCHEDULE +FIRES +SKIPS +WAITS +LATE +LONGEST WAIT +KNOWN FROM$/m);
    expect(out).toMatch(/^rollup +0 \* \* \* \* UTC +48 +\d+ \(\d+-\d+\) +- +- +- +config, no hold seen: 10s taken$/m);
    expect(out).toContain('No journal is named (GIVEWAY_JOURNAL)');
    expect(out).toMatch(/\d+ times rollup finds events taken by load, most at \d\d:00 UTC/);
    expect(out).toMatch(
      /Proposal: move 1 of 2 jobs\.\n {2}(load|rollup) +0 \* \* \* \* +-> \d+ \* \* \* \* +UTC\nSkips would fall from \d+ to 0\.0\.\n$/,
    );
  });

  test('the same as JSON, the same for the same seed', async () => {
    configure({ jobs });
    const { out } = await ask('--json', '--plays', '20', '--seed', '5');
    const { from: _, to: __, ...answer } = JSON.parse(out);
    expect(answer).toMatchObject({
      plays: 20,
      seed: 5,
      jobs: [{ job: 'load', origin: 'config', cron: '0 * * * *', timezone: 'UTC', holds: 0, fires: 168 }, { job: 'rollup' }],
      clashes: expect.arrayContaining([expect.objectContaining({ table: 'events', by: 'load', job: 'rollup' })]),
      proposal: { moves: [{ from: '0 * * * *' }], skips: { after: 0 } },
      notes: [expect.stringContaining('No journal is named')],
    });
    const { from: ___, to: ____, ...again } = JSON.parse((await ask('--json', '--plays', '20', '--seed', '5')).out);
    expect(again.jobs).toEqual(answer.jobs);
  });

  test('a fleet without clashes: it says so, and proposes nothing', async () => {
    configure({ jobs: { ...jobs, rollup: { ...utc, cron: '30 * * * *', writes: 'visits', reads: 'events' } } });
    const { out } = await ask('--plays', '20');
    expect(out).toContain('No clashes are to be expected.');
    expect(out).not.toContain('Proposal');
  });

  test.each<[string, object, readonly string[], RegExp]>([
    [
      'no jobs and no journal',
      {},
      [],
      /^giveway: There are no jobs to play\. Describe them under `jobs` in the config, or name the journal/,
    ],
    ['a backtest without a journal', { jobs }, ['--backtest', '7d'], /^giveway: There are no jobs to play\. Name the journal/],
    [
      'an expression that is none',
      { jobs: { load: { cron: 'x', writes: 'events' } } },
      [],
      /jobs\.load\.cron: received "x"; a cron expression/,
    ],
    ['a table that is not listed', { jobs, resources: ['events'] }, [], /jobs\.rollup: "visits" is not a listed resource/],
    ['no days', { jobs }, ['--days', '0'], /A whole number from 1 to 60 is allowed/],
  ])('%s: refused by name, with 64', async (_, config, args, message) => {
    configure(config);
    const { code, err } = await ask(...args);
    expect({ code, err }).toEqual({ code: 64, err: expect.stringMatching(message) });
  });
});

describeWith('postgres', (service) => {
  const table = uniqueName('journal').replaceAll('-', '_').toLowerCase();
  const ask = (...args: string[]): Promise<Answer> =>
    giveway(['forecast', ...(args.includes('--journal-table') ? [] : ['--journal-table', table]), ...args], {
      cwd: folder,
      env: { GIVEWAY_JOURNAL: service.url },
    });
  beforeAll(async () => {
    await query(service.url, createJournalTableSql(table));
    // Hourly for ten days: load holds events for three minutes, and rollup, a minute later, is skipped.
    await query(
      service.url,
      `insert into ${table} select 'l' || n, 'hold', 'events', 'load', 'etl', 1, at, at + interval '3 min', at + interval '1 h', 'released', 0,
          '{"mode":"write","isProtected":true}' from (select n, date_trunc('hour', now()) - n * interval '1 h' as at from generate_series(1, 240) n) hours;
        insert into ${table} select 's' || n, 'skip', 'events', 'rollup', 'etl', 1, at, at, at, 'busy', 0, '{"holders":[]}'
          from (select n, date_trunc('hour', now()) - n * interval '1 h' + interval '1 min' as at from generate_series(1, 240) n where n % 24 <> 0) hours;
        insert into ${table} select 'r' || n, 'hold', 'events', 'rollup', 'etl', 1, at, at + interval '1 min', at + interval '1 h', 'released', 0,
          '{"mode":"write","isProtected":true}' from (select n, date_trunc('hour', now()) - n * interval '24 h' + interval '1 min' as at from generate_series(1, 10) n) days`,
    );
  });
  afterAll(() => query(service.url, `drop table ${table}`));

  test('forecast learns the jobs from the journal, and says how sure it is', async () => {
    configure({});
    const { code, out, err } = await ask('--plays', '20');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^load +0 \* \* \* \* UTC +168 +0 +- +- +- +journal, 100 % sure, 240 holds$/m);
    // One fewer in the first minute of an hour: the load before it began before now.
    expect(out).toMatch(/^rollup +1 \* \* \* \* UTC +168 +(16[78]) \(\1-\1\) +- +- +- +journal, 100 % sure, 10 holds$/m);
    expect(out).toMatch(/Proposal: move 1 of 2 jobs/);
  });

  test('a journal needs no config beside it; one that is named or broken is read all the same', async () => {
    const env = { GIVEWAY_JOURNAL: service.url };
    const empty = join(folder, 'empty');
    mkdirSync(join(empty, '.git'), { recursive: true });
    const alone = (...args: string[]) => giveway(['forecast', '--journal-table', table, '--plays', '20', ...args], { cwd: empty, env });
    expect(await alone()).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^rollup +1 \* \* \* \* UTC/m) });
    expect(await alone('--config', 'none.json')).toMatchObject({ code: 64, err: expect.stringContaining('none.json') });
    writeFileSync(join(empty, 'giveway.config.json'), '{"jobs": 1}');
    expect(await alone()).toMatchObject({ code: 64, err: expect.stringContaining('jobs: ') });
    expect(await giveway(['forecast'], { cwd: empty, env: {} })).toMatchObject({ code: 64 });
  });

  test('a journal without work in the time that is read: there is nothing to play', async () => {
    configure({});
    const nothing = (time: string) => ({
      code: 64,
      out: '',
      err: expect.stringMatching(new RegExp(`^giveway: There are no jobs to play: the journal tells of none ${time} \\d{4}-`)),
    });
    await query(service.url, createJournalTableSql(`${table}_empty`));
    expect(await ask('--journal-table', `${table}_empty`)).toEqual(nothing('since'));
    for (const settings of [{}, { jobs }]) {
      configure(settings);
      expect(await ask('--journal-table', `${table}_empty`, '--backtest', '2d')).toMatchObject({
        code: 64,
        err: expect.stringMatching(/^giveway: The journal tells of nothing since \d{4}-.*: there is no past to hold a forecast against\n$/),
      });
    }
    await query(service.url, `drop table ${table}_empty`);
    configure({ jobs: {} });
    expect(await giveway(['forecast'], { cwd: folder })).toMatchObject({ code: 64, err: expect.stringContaining('no jobs to play') });
  });

  test('--backtest puts what happened beside what would have been forecast', async () => {
    configure({});
    const { code, out } = await ask('--backtest', '8d', '--plays', '20', '--json');
    const { jobs: tested } = JSON.parse(out);
    expect({ code, names: tested.map(({ job }: { job: string }) => job) }).toEqual({ code: 0, names: ['load', 'rollup'] });
    expect(tested[0]).toMatchObject({ actual: 0, isWithin: true, skips: { mean: 0 } });
    expect(tested[1].actual).toBeGreaterThan(85);
    // The journal begins ten days ago: of a longer past, that is the whole.
    const { from } = JSON.parse((await ask('--backtest', '30d', '--plays', '20', '--json')).out);
    expect((Date.now() - Date.parse(from)) / 86_400_000).toBeCloseTo(5, 0);
    expect((await ask('--backtest', '8d', '--plays', '20')).out).toMatch(/^JOB +SKIPS FORECAST +SKIPS +WITHIN$/m);
  });

  test('a journal that cannot be read is named', async () => {
    configure({ jobs });
    const { code, err } = await ask('--journal-table', 'not_there');
    expect({ code, err }).toEqual({ code: 69, err: expect.stringMatching(/^giveway: The journal could not be read: .*not_there/) });
  });
});
