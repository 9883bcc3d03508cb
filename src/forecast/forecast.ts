import { castOf } from './cast.ts';
import { historiesIn } from './history.ts';
import type { ForecastInput } from './options.ts';
import { type Outlook, outlookOf, type Range } from './outlook.ts';
import { playsFor } from './plays-for.ts';
import { type Proposal, proposalFor } from './proposal.ts';
import { type Script, scriptOf } from './script.ts';

export interface Forecast {
  readonly outlook: Outlook;
  /** Fires that summer time leaves out, or that fall into the hour that there is twice. */
  readonly changed: Script['changed'];
  /** So often it was played. */
  readonly plays: number;
  readonly proposal: Proposal | undefined;
}

/**
 * What the jobs will do to one another, and which other times would be better. Pure: the same input gives the same forecast.
 * `hoursToo`: jobs may also be moved to another hour. Throws `InvalidOptionError` and `UnknownResourceError`.
 */
export function forecast(input: ForecastInput, hoursToo = false): Forecast {
  const { fromMs, toMs, seed, onPlay } = input;
  const script = scriptOf(castOf(input), fromMs, toMs);
  const plays = input.plays ?? playsFor(script);
  const outlook = outlookOf(script, plays, seed, (played) => onPlay?.('forecast', played, plays));
  const proposal = proposalFor(script, outlook, { plays, seed, onPlay }, hoursToo);
  return { outlook, changed: script.changed, plays, proposal };
}

/** A job as it was forecast, and as it went. */
export interface Backtested {
  readonly job: string;
  readonly skips: Range;
  readonly actual: number;
  readonly isWithin: boolean;
}

/** Forecasts the second half of a time from what happened in its first half, and puts beside it what happened then. */
export function backtest(input: Omit<ForecastInput, 'historyToMs' | 'fromMs'>): {
  readonly fromMs: number;
  readonly jobs: readonly Backtested[];
} {
  const { entries, historyFromMs, toMs, seed, onPlay } = input;
  const fromMs = Math.floor((historyFromMs + toMs) / 2);
  const isEarly = (atMs: number): boolean => atMs < fromMs;
  const early = entries.filter((entry) => isEarly((entry.kind === 'hold' ? entry.from : entry.at).getTime()));
  const script = scriptOf(castOf({ ...input, entries: early, historyToMs: fromMs, fromMs }), fromMs, toMs);
  const plays = input.plays ?? playsFor(script);
  const { jobs } = outlookOf(script, plays, seed, (played) => onPlay?.('forecast', played, plays));
  const histories = historiesIn(entries);
  return {
    fromMs,
    jobs: jobs.map(({ job: { name }, skips }) => {
      const actual = (histories.get(name)?.skipsMs ?? []).filter((atMs) => atMs >= fromMs && atMs < toMs).length;
      return { job: name, skips, actual, isWithin: actual >= skips.low && actual <= skips.high };
    }),
  };
}
