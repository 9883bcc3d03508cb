import { Clashes, type ClashOutlook } from './clashes.ts';
import type { Job } from './jobs.ts';
import { play } from './play.ts';
import { randomOf } from './random.ts';
import type { Script } from './script.ts';
import type { Fate } from './tally.ts';

/** What is expected of a number: its mean, and between which values it lies in nine of ten plays. */
export interface Range {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface JobOutlook {
  readonly job: Job;
  readonly fires: Range;
  readonly skips: Range;
  /** Runs that had to wait. */
  readonly waits: Range;
  /** How long those waited, on the average. */
  readonly lateMs: Range;
  readonly longestWaitMs: Range;
}

export interface Outlook {
  readonly jobs: readonly JobOutlook[];
  /** The most frequent first. */
  readonly clashes: readonly ClashOutlook[];
}

/** Plays the script so often, each time with other luck. The same seed gives the same answer. */
export function outlookOf(script: Script, plays: number, seed: number, onPlay: (played: number) => void = () => {}): Outlook {
  const clashes = new Clashes();
  const tallies = Array.from({ length: plays }, (_, index) => {
    onPlay(index);
    return play(script, randomOf(seed * 1_000_003 + index), clashes);
  });
  const jobs = script.jobs.map((job, at) => {
    const fates = tallies.map((tally) => tally.fateOf(at));
    const range = (value: (fate: Fate) => number): Range => rangeOf(fates.map(value));
    return {
      job,
      fires: range(({ fires }) => fires),
      skips: range(({ skips }) => skips),
      waits: range(({ waits }) => waits),
      lateMs: range(({ waits, waitedMs }) => (waits === 0 ? 0 : waitedMs / waits)),
      longestWaitMs: range(({ longestMs }) => longestMs),
    };
  });
  const names = script.jobs.map(({ name }) => name);
  return { jobs, clashes: clashes.outlook(names, plays) };
}

/** Nine of ten: a twentieth of the plays lies below, a twentieth above. */
function rangeOf(values: readonly number[]): Range {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(share * (sorted.length - 1))))] ?? 0;
  return { mean: sorted.reduce((sum, value) => sum + value, 0) / Math.max(1, sorted.length), low: at(0.05), high: at(0.95) };
}
