import { printable } from '../lock/holder.ts';
import { type Fact, isHold } from './facts.ts';
import type { JobView, SkipView } from './view.ts';

/** Counts facts of jobs, in any order. A run under its fire may hold tables besides, and is one run all the same. */
export interface JobTally {
  add(fact: Fact): void;
  /** Those that starve first, then by skips in a row, then by name. */
  jobs(): readonly JobView[];
}

interface Counted {
  readonly job: string;
  readonly isNamed: boolean;
  isRunning: boolean;
  /** A run over several tables has a fact for each. */
  readonly runs: Set<number>;
  fires: number;
  readonly skipsMs: number[];
  lastRunMs: number | undefined;
  lastSkip: Fact | undefined;
}

export function createJobTally(starveAfterSkips: number): JobTally {
  const named = new Map<string, Counted>();
  const nameless = new Map<string, Counted>();
  return {
    add(fact) {
      const isFire = fact.kind === 'fire';
      const isRun = isHold(fact) || isFire;
      if (!isRun && fact.kind !== 'skip') return;
      const [group, key] = fact.job === undefined ? [nameless, fact.table] : [named, fact.job];
      const counted = group.get(key) ?? newCount(key, fact.job !== undefined);
      group.set(key, counted);
      if (isRun) {
        if (isFire) counted.fires++;
        else counted.runs.add(runKey(fact));
        counted.isRunning ||= fact.toMs === Number.POSITIVE_INFINITY;
        counted.lastRunMs = Math.max(counted.lastRunMs ?? 0, fact.fromMs);
      } else {
        counted.skipsMs.push(fact.fromMs);
        if (fact.fromMs >= (counted.lastSkip?.fromMs ?? 0)) counted.lastSkip = fact;
      }
    },
    jobs: () =>
      [...named.values(), ...nameless.values()]
        .map((counted) => jobOf(counted, starveAfterSkips))
        .sort((a, b) => Number(b.isStarving) - Number(a.isStarving) || b.skipsInARow - a.skipsInARow || (a.job < b.job ? -1 : 1)),
  };
}

function newCount(job: string, isNamed: boolean): Counted {
  return {
    job: printable(job),
    isNamed,
    isRunning: false,
    runs: new Set(),
    fires: 0,
    skipsMs: [],
    lastRunMs: undefined,
    lastSkip: undefined,
  };
}

/** A process begins one run of a job in a millisecond, and 4 096 processes are told apart: a number takes less room than a text. */
function runKey({ fromMs, pid }: Fact): number {
  return fromMs * 4_096 + (pid % 4_096);
}

function jobOf({ job, isNamed, isRunning, runs, fires, skipsMs, lastRunMs, lastSkip }: Counted, starveAfterSkips: number): JobView {
  const skipsInARow = skipsMs.filter((atMs) => lastRunMs === undefined || atMs > lastRunMs).length;
  const isStarving = !isRunning && skipsInARow >= starveAfterSkips;
  return {
    ...{ job, isNamed, isRunning, isStarving, runs: Math.max(runs.size, fires), skips: skipsMs.length, skipsInARow, lastRunMs },
    lastSkip: lastSkip && skipOf(lastSkip),
  };
}

/** `fact` is a skip. */
export function skipOf({ fromMs, table, reason = 'busy', waitedMs, by }: Fact): SkipView {
  return { atMs: fromMs, resource: printable(table), reason, waitedMs: Math.round(waitedMs), holders: by };
}
