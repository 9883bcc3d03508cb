import { type Findings, isClean } from './check.ts';
import { conflictsIn, type Kind, perKind, type RoundResult, sumTallies, type Tally } from './messages.ts';

/** One round as the report needs it: the results of all workers, and what was found in the tables after it. */
export interface PlayedRound {
  readonly giveway: boolean;
  readonly results: readonly RoundResult[];
  readonly findings: Findings;
}

/** Median of the rounds, and the lowest and highest of them. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** All rounds that ran one way. */
export interface Way {
  readonly rounds: number;
  readonly seconds: number;
  readonly conflicts: number;
  readonly tally: Tally;
  readonly perSecond: Readonly<Record<Kind, number>>;
  /** Milliseconds, waits and retries included. */
  readonly timesMs: Readonly<Record<Kind, { readonly p50: Spread; readonly p99: Spread }>>;
  readonly findings: Findings;
  readonly storeDowns: number;
}

/** What the demo is there to show. */
export interface Summary {
  readonly without: Way;
  readonly with: Way;
  readonly targets: readonly Target[];
  /** Every row exactly once, derived tables right. */
  readonly correct: boolean;
}

export interface Target {
  readonly name: string;
  readonly value: number;
  readonly bound: 'at least' | 'at most';
  readonly limit: number;
  readonly met: boolean;
}

/** Fewer conflicts than this without giveway, and there was nothing to compare with. */
export const leastConflicts = 50;

export function summarize(rounds: readonly PlayedRound[]): Summary {
  const [without, withIt] = [summarizeWay(rounds.filter(({ giveway }) => !giveway)), summarizeWay(rounds.filter(({ giveway }) => giveway))];
  return {
    without,
    with: withIt,
    targets: [
      atLeast('conflicts without giveway', without.conflicts, leastConflicts),
      atMost('conflicts with giveway, of those without', withIt.conflicts / Math.max(1, without.conflicts), 0.02),
      atMost("readers' p50 with giveway, of that without", withIt.timesMs.reads.p50.median / without.timesMs.reads.p50.median, 1.05),
    ],
    correct: isClean(without.findings) && isClean(withIt.findings),
  };
}

function atLeast(name: string, value: number, limit: number): Target {
  return { name, value, bound: 'at least', limit, met: value >= limit };
}

function atMost(name: string, value: number, limit: number): Target {
  return { name, value, bound: 'at most', limit, met: value <= limit };
}

function summarizeWay(rounds: readonly PlayedRound[]): Way {
  const results = rounds.flatMap(({ results }) => results);
  const tally = sumTallies(results.map(({ tally }) => tally));
  const seconds = sum(rounds.map(({ results }) => Math.max(...results.map(({ ms }) => ms)))) / 1_000;
  return {
    rounds: rounds.length,
    seconds,
    conflicts: conflictsIn(tally),
    tally,
    perSecond: perKind((kind) => tally[kind].done / seconds),
    timesMs: perKind((kind) => timesOf(rounds, kind)),
    findings: addUp(rounds.map(({ findings }) => findings)),
    storeDowns: sum(results.map(({ storeDowns }) => storeDowns)),
  };
}

function timesOf(rounds: readonly PlayedRound[], kind: Kind): { p50: Spread; p99: Spread } {
  const sorted = rounds.map(({ results }) => results.flatMap(({ timesMs }) => timesMs[kind]).sort((a, b) => a - b));
  return { p50: spread(sorted.map((times) => quantile(times, 0.5))), p99: spread(sorted.map((times) => quantile(times, 0.99))) };
}

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0 };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function addUp(all: readonly Findings[]): Findings {
  const total = (name: keyof Findings): number => sum(all.map((findings) => findings[name]));
  return {
    rows: total('rows'),
    missing: total('missing'),
    doubled: total('doubled'),
    unknown: total('unknown'),
    wrongDelays: total('wrongDelays'),
    wrongRollup: total('wrongRollup'),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
