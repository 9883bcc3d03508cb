import { printable } from '../lock/holder.ts';
import type { KnownPast } from './chronicle.ts';
import { type Fact, isHold, isOfTable } from './facts.ts';
import { factsIn, quantiles } from './history.ts';
import { createLane, type Lane } from './lanes.ts';
import { createNumbers } from './numbers.ts';
import type { Pace } from './pace.ts';
import { createPairTally, timesOf } from './pair-tally.ts';
import { createJobTally, skipOf } from './tally.ts';
import type { JobPastView, Range } from './view.ts';

export type JobPast = Omit<JobPastView, keyof Range | 'knownFromMs' | 'isCut' | 'problems'>;

const skipsShown = 50;
/** Bars on a screen that can be told apart. */
const barsShown = 200;
const pairsShown = 20;

/** What one job, by the name that is shown of it, did and could not do in a time. */
export async function jobPastOf(job: string, known: KnownPast, range: Range, starveAfterSkips: number, pace: Pace): Promise<JobPast> {
  const names = createNumbers<string>();
  const lanes = new Map<string, Lane>();
  const tally = createJobTally(starveAfterSkips);
  const pairs = createPairTally();
  const fires: Fact[] = [];
  const skips: Fact[] = [];
  const holds: Fact[] = [];
  const waitedMs: number[] = [];
  const bars = new Map<number, readonly [number, number]>();
  for await (const facts of factsIn(known.chunks, range, pace)) {
    for (const fact of facts) {
      if (fact.job === undefined || printable(fact.job) !== job) continue;
      tally.add(fact);
      if (!isOfTable(fact)) {
        fires.push(fact);
        continue;
      }
      const lane = lanes.get(fact.table) ?? createLane(fact.table, range, names);
      lanes.set(fact.table, lane);
      lane.add(fact);
      pairs.add(fact);
      if (fact.kind === 'skip') skips.push(fact);
      if (fact.kind === 'skip' || isHold(fact)) waitedMs.push(fact.waitedMs);
      if (isHold(fact)) holds.push(fact);
    }
  }
  // What ran under its fire may hold tables besides, or none.
  const runs = holds.length > 0 ? holds : fires;
  for (const run of runs) keepLongest(bars, run, range);
  const all = await pairs.pairs(pace);
  const newest = skips.sort((a, b) => b.fromMs - a.fromMs).slice(0, skipsShown);
  return {
    job,
    sum: tally.jobs()[0],
    holdMs: quantiles(runs.filter(({ toMs }) => Number.isFinite(toMs)).map(({ fromMs, toMs }) => toMs - fromMs)),
    waitMs: quantiles(waitedMs),
    names: names.list,
    lanes: [...lanes.values()].map((lane) => lane.view()).sort((a, b) => (a.title < b.title ? -1 : 1)),
    lengths: [...bars.values()].sort(([a], [b]) => a - b),
    skips: newest.map(skipOf),
    skipsLeftOff: skips.length - newest.length,
    pairs: all.slice(0, pairsShown),
    pairsLeftOff: timesOf(all.slice(pairsShown)),
  };
}

/** Of the holds that one bar stands for. */
function keepLongest(bars: Map<number, readonly [number, number]>, hold: Fact, { fromMs, toMs }: Range): void {
  const bar = Math.floor(((hold.fromMs - fromMs) / (toMs - fromMs)) * barsShown);
  const heldMs = Math.round(Math.min(hold.toMs, toMs) - hold.fromMs);
  if (heldMs >= (bars.get(bar)?.[1] ?? 0)) bars.set(bar, [Math.round(hold.fromMs - fromMs), heldMs]);
}
