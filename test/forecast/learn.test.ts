import { describe, expect, test } from '@jest/globals';
import { castOf } from '../../src/forecast/cast.ts';
import { readCron } from '../../src/forecast/cron.ts';
import { firesBetween } from '../../src/forecast/fires.ts';
import { type ForecastInput, forecast } from '../../src/forecast/index.ts';
import { randomOf } from '../../src/forecast/random.ts';
import { learnRhythm } from '../../src/forecast/rhythm.ts';
import type { HoldEntry, JournalEntry, SkipEntry } from '../../src/observe/index.ts';

const dayMs = 86_400_000;
const fromMs = Date.UTC(2026, 10, 2);
const toMs = fromMs + 14 * dayMs;
const random = randomOf(3);

function startsOf(cron: string): readonly number[] {
  return firesBetween(readCron(cron), 'UTC', fromMs, toMs).timesMs.map((atMs) => atMs + random() * 900);
}

describe('the rhythm of a job', () => {
  test.each(['0 * * * *', '*/5 * * * *', '7-59/15 * * * *', '30 2 * * *', '5,35 8,9,10,11 * * *', '15 6 * * 1,2,3,4,5', '* * * * *'])(
    '%s is learnt from its starts',
    (cron) => {
      expect(learnRhythm(startsOf(cron), fromMs, toMs)).toEqual({ rhythm: { cron, timezone: 'UTC' }, sureness: 1, instances: 1 });
    },
  );

  test('also where some starts are missing, late or by hand, and says how sure that is', () => {
    const starts = startsOf('0 * * * *').filter((_, index) => index % 10 !== 0);
    const learnt = learnRhythm(
      [...starts, fromMs + 3.21 * dayMs, fromMs + 5.43 * dayMs].sort((a, b) => a - b),
      fromMs,
      toMs,
    );
    expect(learnt).toMatchObject({ rhythm: { cron: '0 * * * *' } });
    expect(learnt.sureness).toBeGreaterThan(0.85);
    expect(learnt.sureness).toBeLessThan(0.95);
  });

  test('of a time in which the clock was changed it tells whose clock the job goes by', () => {
    const [beginMs, endMs] = [Date.UTC(2026, 9, 18), Date.UTC(2026, 10, 1)];
    const startsIn = (timezone: string) => firesBetween(readCron('30 4 * * *'), timezone, beginMs, endMs).timesMs;
    const zones = ['UTC', 'Europe/Berlin', 'Asia/Kolkata'];
    for (const timezone of zones.slice(0, 2)) {
      const expected = { rhythm: { cron: '30 4 * * *', timezone }, sureness: 1, instances: 1 };
      expect(learnRhythm(startsIn(timezone), beginMs, endMs, zones)).toEqual(expected);
    }
    // Nothing tells a zone without summer time from UTC.
    expect(learnRhythm(startsIn('Asia/Kolkata'), beginMs, endMs, zones).rhythm).toEqual({ cron: '0 23 * * *', timezone: 'UTC' });
  });

  test('two starts at each fire are two instances', () => {
    const starts = startsOf('0 * * * *').flatMap((atMs) => [atMs, atMs + 20]);
    expect(learnRhythm(starts, fromMs, toMs)).toMatchObject({ rhythm: { cron: '0 * * * *' }, instances: 2 });
  });

  test('a job without a schedule has so many starts in each hour of the day', () => {
    const starts = Array.from({ length: 1_400 }, () => fromMs + Math.floor(random() * 14) * dayMs + (8 + 4 * random()) * 3_600_000).sort(
      (a, b) => a - b,
    );
    const { rhythm } = learnRhythm(starts, fromMs, toMs);
    expect('perHour' in rhythm && rhythm.perHour.map((count) => count > 0)).toEqual(
      Array.from({ length: 24 }, (_, hour) => hour >= 8 && hour < 12),
    );
  });
});

test('a weekday that was not seen is not one on which it does not come', () => {
  const lastFrom = toMs - 3 * dayMs;
  const daily = startsOf('30 2 * * *').filter((atMs) => atMs >= lastFrom);
  expect(learnRhythm([...daily, ...daily], lastFrom, toMs).rhythm).toEqual({ cron: '30 2 * * *', timezone: 'UTC' });
});

const about = { host: 'etl', pid: 1 } as const;
const hold = (job: string | undefined, resource: string, atMs: number, heldMs: number, waitedMs = 0): HoldEntry => {
  const times = { from: new Date(atMs), to: new Date(atMs + heldMs) };
  return {
    kind: 'hold',
    ...about,
    job,
    resource,
    mode: 'write',
    ...times,
    outcome: 'released',
    reason: undefined,
    waitedMs,
    isProtected: true,
  };
};
const skip = (job: string, resource: string, atMs: number, waitedMs: number): SkipEntry => {
  return { kind: 'skip', ...about, job, resource, at: new Date(atMs + waitedMs), reason: 'busy', holders: [], waitedMs };
};
const inputOf = (entries: readonly JournalEntry[], jobs?: ForecastInput['jobs']): ForecastInput => {
  const spans = { historyFromMs: fromMs, historyToMs: toMs, fromMs: toMs, toMs: toMs + 7 * dayMs };
  return { jobs, rules: {}, entries, ...spans, plays: 30, seed: 1 };
};

test('the hour of the day is that of the job’s own clock, also after a change of clocks', () => {
  const [beginMs, changeMs, endMs] = [Date.UTC(2026, 8, 25), Date.UTC(2026, 9, 25, 1), Date.UTC(2026, 10, 1)];
  const entries = firesBetween(readCron('0 * * * *'), 'Europe/Berlin', beginMs, changeMs).timesMs.map((atMs) =>
    hold('load', 'events', atMs, new Date(atMs).getUTCHours() === 2 ? 600_000 : 1_000),
  );
  const jobs = { load: { cron: '0 * * * *', timezone: 'Europe/Berlin', writes: 'events' } };
  const spans = { historyFromMs: beginMs, historyToMs: changeMs, fromMs: changeMs, toMs: endMs };
  const draw = castOf({ jobs, rules: {}, entries, ...spans })[0]?.holds.forPlay(random);
  // 4 o'clock, which was 2 o'clock UTC and is 3 o'clock now.
  expect([2, 3, 4].map((hour) => draw?.(Date.UTC(2026, 9, 28, hour)))).toEqual([1_000, 600_000, 1_000]);
});

test('a journal that began a while ago tells how often a job comes since then', () => {
  const entries = Array.from({ length: 360 }, (_, index) => hold('insert', 'events', toMs - 10_800_000 + index * 30_000, 100));
  const [job] = castOf(inputOf(entries));
  const perHour = job !== undefined && 'perHour' in job.rhythm ? job.rhythm.perHour : [];
  expect(perHour).toHaveLength(24);
  for (const count of perHour) expect(count).toBeCloseTo(120, 5);
});

describe('a journal alone', () => {
  const hourly = startsOf('0 * * * *');
  const half = startsOf('1 * * * *');
  const entries = [
    ...hourly.flatMap((atMs) => [hold('load', 'events', atMs, 120_000), hold('load', 'visits', atMs, 120_000)]),
    ...half.map((atMs, index) =>
      index % 2 === 0 ? skip('rollup', 'events', atMs, 30_000) : hold('rollup', 'events', atMs + 20_000, 60_000, 20_000),
    ),
    ...startsOf('*/10 * * * *').map((atMs) => hold(undefined, 'users', atMs, 1_000)),
  ];
  const { outlook } = forecast(inputOf(entries));
  const of = (name: string) => outlook.jobs.find(({ job }) => job.name === name);

  test('tells the jobs, when they fire, what they take and whether they wait', () => {
    expect(outlook.jobs.map(({ job }) => job.name)).toEqual(['load', 'rollup', 'users']);
    expect(of('load')?.job.needs.map(({ resource, mode }) => [resource, mode])).toEqual([
      ['events', 'write'],
      ['visits', 'write'],
    ]);
    expect(of('rollup')?.job).toMatchObject({ rhythm: { cron: '1 * * * *' }, waits: true, maxWaitMs: 30_000, sureness: 1 });
    expect(of('load')?.job).toMatchObject({ waits: false, origin: 'journal' });
    expect(of('load')?.job.holds.samples).toBe(hourly.length);
  });

  test('is enough to forecast', () => {
    expect(of('rollup')?.skips).toEqual({ mean: 168, low: 168, high: 168 });
  });

  test('what the config says of a job counts for more, its holds come from the journal', () => {
    const jobs = { rollup: { cron: '30 * * * *', timezone: 'UTC', writes: 'events' } };
    const described = forecast(inputOf(entries, jobs)).outlook.jobs.find(({ job }) => job.name === 'rollup');
    expect(described?.job).toMatchObject({ origin: 'config', waits: false, rhythm: { cron: '30 * * * *' } });
    expect(described?.job.holds.quantileMs(0.5)).toBe(60_000);
    expect(described?.skips.mean).toBe(0);
  });
});
