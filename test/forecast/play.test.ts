import { describe, expect, test } from '@jest/globals';
import { Clashes } from '../../src/forecast/clashes.ts';
import { holdsFrom } from '../../src/forecast/holds.ts';
import { type ForecastInput, forecast } from '../../src/forecast/index.ts';
import type { Job } from '../../src/forecast/jobs.ts';
import { play } from '../../src/forecast/play.ts';
import { playsFor } from '../../src/forecast/plays-for.ts';
import { randomOf } from '../../src/forecast/random.ts';
import { scriptOf } from '../../src/forecast/script.ts';
import type { Fate } from '../../src/forecast/tally.ts';
import type { Mode } from '../../src/index.ts';
import type { HoldEntry } from '../../src/observe/index.ts';

const minute = 60_000;
const dayMs = 86_400_000;
const fromMs = Date.UTC(2026, 10, 2);

interface Part extends Partial<Omit<Job, 'needs' | 'holds' | 'rhythm'>> {
  readonly cron: string;
  readonly heldMs: number;
  readonly takes: Readonly<Record<string, Mode>>;
  readonly limit?: number;
}

function jobOf(name: string, { cron, heldMs, takes, limit, ...rest }: Part): Job {
  return {
    name,
    rhythm: { cron, timezone: 'UTC' },
    origin: 'config',
    sureness: undefined,
    needs: Object.entries(takes).map(([resource, mode]) => ({ resource, mode, limit })),
    holds: holdsFrom([{ atMs: fromMs, heldMs }], () => 0),
    waits: false,
    maxWaitMs: 10_000,
    minHoldMs: 0,
    maxHoldMs: 3_600_000,
    waitsWithinPeriod: true,
    instances: 1,
    after: undefined,
    ...rest,
  };
}

/** What became of each job in a day. */
function playDay(parts: Readonly<Record<string, Part>>): Readonly<Record<string, Fate>> {
  const jobs = Object.entries(parts).map(([name, part]) => jobOf(name, part));
  const tally = play(scriptOf(jobs, fromMs, fromMs + dayMs), randomOf(1), new Clashes());
  return Object.fromEntries(jobs.map(({ name }, index) => [name, tally.fateOf(index)]));
}

const write = { events: 'write' } as const;

describe('a play goes by the lock', () => {
  test('whoever finds a table taken is skipped; who needs another table, or goes together, is not', () => {
    const fates = playDay({
      long: { cron: '0 * * * *', heldMs: 10 * minute, takes: write },
      late: { cron: '5 * * * *', heldMs: minute, takes: write },
      later: { cron: '11 * * * *', heldMs: minute, takes: write },
      elsewhere: { cron: '5 * * * *', heldMs: minute, takes: { visits: 'write' } },
      reader: { cron: '20 * * * *', heldMs: 10 * minute, takes: { events: 'read' } },
      beside: { cron: '25 * * * *', heldMs: minute, takes: { events: 'read' } },
      appender: { cron: '25 * * * *', heldMs: minute, takes: { events: 'append' } },
    });
    const skips = Object.fromEntries(Object.entries(fates).map(([name, { skips: each }]) => [name, each]));
    expect(skips).toEqual({ long: 0, late: 24, later: 0, elsewhere: 0, reader: 0, beside: 0, appender: 24 });
    expect(fates['late']?.fires).toBe(24);
  });

  test('of a scope, all or nothing is taken', () => {
    const fates = playDay({
      long: { cron: '0 * * * *', heldMs: 10 * minute, takes: { visits: 'write' } },
      both: { cron: '5 * * * *', heldMs: 30 * minute, takes: { events: 'write', visits: 'write' } },
      after: { cron: '10 * * * *', heldMs: minute, takes: write },
    });
    expect([fates['both']?.skips, fates['after']?.skips]).toEqual([24, 0]);
  });

  test('whoever waits is let in when the holder leaves, in order, or gives up', () => {
    const waits = { waits: true, maxWaitMs: 10 * minute };
    const fates = playDay({
      long: { cron: '0 * * * *', heldMs: 10 * minute, takes: write },
      first: { cron: '5 * * * *', heldMs: 8 * minute, takes: write, ...waits },
      second: { cron: '6 * * * *', heldMs: minute, takes: write, ...waits },
      hasty: { cron: '4 * * * *', heldMs: minute, takes: write, ...waits, maxWaitMs: minute },
    });
    expect(fates['first']?.skips).toBe(0);
    expect(fates['first']?.longestMs).toBeCloseTo(5 * minute, -3);
    expect([fates['second']?.skips, fates['hasty']?.skips]).toEqual([24, 24]);
  });

  test('a wait ends before the next fire, as that of schedule does', () => {
    const long = { cron: '1 0 * * *', heldMs: 20 * minute, takes: write };
    const eager = { cron: '*/2 * * * *', heldMs: minute / 2, takes: write, waits: true, maxWaitMs: 60 * minute };
    expect(playDay({ long, eager })['eager']?.skips).toBeGreaterThanOrEqual(9);
    expect(playDay({ long, eager: { ...eager, waitsWithinPeriod: false, cron: '2 0 * * *' } })['eager']?.skips).toBe(0);
  });

  test('limits and shortest holds count', () => {
    const append = { cron: '0 * * * *', heldMs: minute, takes: { events: 'append' }, limit: 2 } as const;
    const three = playDay({ a: append, b: append, c: append });
    expect((three['a']?.skips ?? 0) + (three['b']?.skips ?? 0) + (three['c']?.skips ?? 0)).toBe(24);
    const short = { cron: '0 * * * *', heldMs: 1_000, takes: write, minHoldMs: 5 * minute };
    const next = { cron: '3 * * * *', heldMs: 1_000, takes: write };
    expect(playDay({ short, next })['next']?.skips).toBe(24);
    const patient = playDay({ short, next: { ...next, waits: true, maxWaitMs: 10 * minute } })['next'];
    expect(patient?.skips).toBe(0);
    expect(patient?.longestMs).toBeGreaterThan(2 * minute);
  });

  test('each instance fires for itself', () => {
    const fates = playDay({ rollup: { cron: '0 * * * *', heldMs: minute, takes: write, instances: 3 } });
    expect(fates['rollup']).toMatchObject({ fires: 72, skips: 48 });
  });
});

/** A hold of each hour. */
function history(job: string, heldMs: number): readonly HoldEntry[] {
  return Array.from({ length: 48 }, (_, hour): HoldEntry => {
    const from = new Date(fromMs - 2 * dayMs + hour * 60 * minute + 10);
    const about = { kind: 'hold', resource: 'events', mode: 'write', job, host: 'etl', pid: 1, reason: undefined } as const;
    return { ...about, from, to: new Date(from.getTime() + heldMs), outcome: 'released', waitedMs: 0, isProtected: true };
  });
}

function inputOf(jobs: ForecastInput['jobs'], entries: ForecastInput['entries'], days = 7): ForecastInput {
  const spans = { historyFromMs: fromMs - 2 * dayMs, historyToMs: fromMs, fromMs, toMs: fromMs + days * dayMs };
  return { jobs, rules: { resources: ['events', 'visits'] }, entries, ...spans, plays: 40, seed: 7 };
}

describe('forecast', () => {
  const entries = [...history('load', 4 * minute), ...history('rollup', 6 * minute)];
  const load = { cron: '0 * * * *', timezone: 'UTC', writes: 'events' };
  const rollup = { cron: '2 * * * *', timezone: 'UTC', writes: 'events' };

  test('the same seed gives the same answer, another one another', () => {
    const input = inputOf({ load, rollup: { ...rollup, cron: '0 * * * *' } }, entries);
    const once = JSON.stringify(forecast(input));
    expect(JSON.stringify(forecast(input))).toBe(once);
    expect(JSON.stringify(forecast({ ...input, seed: 8 }))).not.toBe(once);
  });

  test('says who keeps whom from what, and proposes one move that keeps them apart', () => {
    const { outlook, proposal } = forecast(inputOf({ load, rollup }, entries));
    expect(outlook.jobs.map(({ job, skips }) => [job.name, skips.mean])).toEqual([
      ['load', 0],
      ['rollup', 168],
    ]);
    expect(outlook.clashes).toEqual([{ job: 'rollup', by: 'load', table: 'events', minuteOfDay: 2, times: 168 }]);
    expect(proposal?.moves).toHaveLength(1);
    expect(proposal?.outlook.jobs.map(({ skips }) => skips.high)).toEqual([0, 0]);
  });

  test('a fleet without clashes gets no proposal', () => {
    expect(forecast(inputOf({ load, rollup: { ...rollup, cron: '30 * * * *' } }, entries)).proposal).toBeUndefined();
    expect(forecast(inputOf({ load, rollup: { ...rollup, writes: 'visits' } }, entries)).proposal).toBeUndefined();
  });

  test('what comes after another job stays after it, and not before that is done', () => {
    const others = { rollup: { ...rollup, after: 'load' }, load };
    const { proposal } = forecast(inputOf(others, entries));
    const minutes = Object.fromEntries(proposal?.moves.map(({ job, to }) => [job, Number(to.split(' ')[0])]) ?? []);
    expect((minutes['rollup'] ?? 2) - (minutes['load'] ?? 0)).toBeGreaterThanOrEqual(4);
  });

  test('where no minute helps an hour may, if that is allowed', () => {
    const long = [...history('load', 59.5 * minute), ...history('rollup', 50 * minute)];
    const nightly = { load: { ...load, cron: '0 2 * * *' }, rollup: { ...rollup, cron: '30 2 * * *' } };
    expect(forecast(inputOf(nightly, long)).proposal).toBeUndefined();
    const { proposal } = forecast(inputOf(nightly, long), true);
    expect(proposal?.moves[0]?.to).toMatch(/^\d+ [0134] \* \* \*$/);
  });

  test('where nobody says how often it is played two hundred times, and less often where there are many fires', () => {
    const played: string[] = [];
    const onPlay: ForecastInput['onPlay'] = (of, each, plays) => void played.push(`${of} ${each} of ${plays}`);
    expect(forecast({ ...inputOf({ load }, [], 1), plays: undefined, onPlay }).plays).toBe(200);
    expect(played).toEqual(Array.from({ length: 200 }, (_, each) => `forecast ${each} of 200`));
    const due = [{ job: 0, host: 'load 0', nextMs: 0 }];
    const playsOf = (fires: number) => playsFor({ moments: Array.from({ length: fires }, (_, atMs) => ({ atMs, due })) });
    expect([20_000, 40_000, 1_000_000].map(playsOf)).toEqual([200, 100, 20]);
  });

  test('a job that nobody has seen is played all the same', () => {
    const [job] = forecast(inputOf({ load }, [])).outlook.jobs;
    expect([job?.fires.mean, job?.job.holds.samples]).toEqual([168, 0]);
  });

  test.each([
    [
      'an expression that is none',
      { load: { ...load, cron: '0 25 * * *' } },
      'ERR_GIVEWAY_INVALID_OPTION',
      /^jobs\.load\.cron: received "0 25/,
    ],
    ['a table that is not listed', { load: { ...load, writes: 'evnets' } }, 'ERR_GIVEWAY_UNKNOWN_RESOURCE', /evnets/],
    [
      'a zone that is none',
      { load: { ...load, timezone: 'Mars' } },
      'ERR_GIVEWAY_INVALID_OPTION',
      /^jobs\.load\.timezone: received "Mars"/,
    ],
    [
      'a job before it that is not there',
      { load: { ...load, after: 'x' } },
      'ERR_GIVEWAY_INVALID_OPTION',
      /^jobs\.load\.after: received "x"/,
    ],
  ])('%s is refused by name', (_, jobs, code, message) => {
    expect(() => forecast(inputOf(jobs, []))).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });
});
