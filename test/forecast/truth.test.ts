/** Holds the forecast against what the real scheduler and the real locker do: a week's history and fourteen days of three fleets, on a fake clock. */
import { describe, expect, test } from '@jest/globals';
import { backtest, type Forecast, forecast } from '../../src/forecast/index.ts';
import type { JournalEntry } from '../../src/observe/index.ts';
import { fleets } from './fleets.ts';
import { playTruth, type TrueJob, type Truth } from './play-truth.ts';

const dayMs = 86_400_000;
const days = 14;
const historyDays = 7;
const weekOf = 7 * dayMs;
const historyFromMs = Date.UTC(2026, 10, 2);
const fromMs = historyFromMs + historyDays * dayMs;
const toMs = fromMs + days * dayMs;

interface Judged {
  readonly name: string;
  readonly isWithin: boolean;
}

type Fleet = Readonly<Record<string, TrueJob>>;

function forecastOf(jobs: Fleet, { entries }: Truth): Forecast {
  return forecast({ jobs, rules: {}, entries, historyFromMs, historyToMs: fromMs, fromMs, toMs, plays: 24, seed: 1 });
}

const beganIn = (entry: JournalEntry): number => (entry.kind === 'hold' ? entry.from : entry.at).getTime();
const totalOf = ({ fires }: Truth): number => Object.values(fires).reduce((sum, { skipped }) => sum + skipped, 0);

/** Of all fleets together: eight jobs are too few for a share. */
const judged: Judged[] = [];
const backtested: Judged[] = [];

describe.each(Object.entries(fleets))('the fleet "%s"', (_, jobs) => {
  let history: Truth;
  let truth: Truth;
  let foretold: Forecast;

  test('skips as often as was forecast', async () => {
    history = await playTruth(jobs, historyFromMs, historyDays, 1);
    truth = await playTruth(jobs, fromMs, days, 2);
    foretold = forecastOf(jobs, history);
    for (const { job, skips, fires } of foretold.outlook.jobs) {
      const { ran = 0, skipped = 0, missed } = truth.fires[job.name] ?? {};
      expect([job.name, fires.mean, missed]).toEqual([job.name, ran + skipped, 0]);
      judged.push({ name: job.name, isWithin: skipped >= skips.low && skipped <= skips.high });
      if (skipped >= 100) expect([job.name, Math.abs(skips.mean / skipped - 1) <= 0.2]).toEqual([job.name, true]);
    }
  }, 600_000);

  test('played again at the proposed times, skips a fifth as often at most, and no job more often', async () => {
    const { moves = [] } = foretold.proposal ?? {};
    const moved = Object.fromEntries(
      Object.entries(jobs).map(([name, job]) => [name, { ...job, cron: moves.find((move) => move.job === name)?.to ?? job.cron }]),
    );
    const after = await playTruth(moved, fromMs, days, 3);
    expect(moves.length).toBeGreaterThan(0);
    expect(moves.length).toBeLessThan(Object.keys(jobs).length);
    expect(totalOf(after)).toBeLessThanOrEqual(0.2 * totalOf(truth));
    const worse = Object.entries(after.fires).filter(([name, { skipped }]) => skipped > (truth.fires[name]?.skipped ?? 0));
    expect(worse).toEqual([]);
    for (const [name, { ran, skipped }] of Object.entries(after.fires))
      expect([name, ran + skipped]).toEqual([name, (truth.fires[name]?.ran ?? 0) + (truth.fires[name]?.skipped ?? 0)]);
  }, 600_000);

  test('backtests of its weeks say of the past what was', () => {
    const past = [...history.entries, ...truth.entries];
    for (let weekMs = historyFromMs; weekMs < toMs; weekMs += weekOf) {
      const entries = past.filter((entry) => beganIn(entry) >= weekMs && beganIn(entry) < weekMs + weekOf);
      const tested = backtest({ jobs, rules: {}, entries, historyFromMs: weekMs, toMs: weekMs + weekOf, plays: 24, seed: 1 });
      const late = entries.filter((entry) => entry.kind === 'skip' && beganIn(entry) - entry.waitedMs >= tested.fromMs);
      expect(tested.jobs.reduce((sum, { actual }) => sum + actual, 0)).toBe(late.length);
      for (const { job, skips, actual, isWithin } of tested.jobs) {
        expect(isWithin).toBe(skips.low <= actual && actual <= skips.high);
        backtested.push({ name: job, isWithin });
      }
    }
  }, 300_000);
});

test.each([
  ['the true number of skips', judged, 1],
  ['what a backtest foretells of half a week', backtested, (historyDays + days) / 7],
] as const)('%s lies in nine-of-ten ranges for at least 85 %% of the jobs', (_, judged, times) => {
  expect(judged.length).toBe(times * Object.values(fleets).flatMap(Object.keys).length);
  const outside = judged.filter(({ isWithin }) => !isWithin).map(({ name }) => name);
  expect({ share: 1 - outside.length / judged.length, outside }).toEqual({ share: expect.any(Number), outside: expect.any(Array) });
  expect(outside.length).toBeLessThanOrEqual(0.15 * judged.length);
});
