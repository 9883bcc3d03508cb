import { adviceIn } from './advice.ts';
import type { KnownPast } from './chronicle.ts';
import type { Chunk } from './chunk.ts';
import { type Fact, isOfTable } from './facts.ts';
import { createLane, type Lane } from './lanes.ts';
import { createNumbers } from './numbers.ts';
import type { Pace } from './pace.ts';
import { createPairTally, timesOf } from './pair-tally.ts';
import { createJobTally } from './tally.ts';
import type { JobView, LaneView, PastView, Quantiles, Range } from './view.ts';

const lanesShown = 200;
const jobsShown = 200;
const pairsShown = 150;

/** What happened in a time, without what the clock and the journal say of it. */
export type History = Pick<PastView, 'names' | 'lanes' | 'lanesLeftOff' | 'pairs' | 'pairsLeftOff' | 'jobs' | 'jobsLeftOff' | 'advice'>;

/** What the facts of a time come to. Goes through them a piece at a time. */
export async function historyOf(known: KnownPast, range: Range, starveAfterSkips: number, pace: Pace): Promise<History> {
  const names = createNumbers<string>();
  const tables = new Map<string, Lane>();
  const jobs = createJobTally(starveAfterSkips);
  const pairs = createPairTally();
  for await (const facts of factsIn(known.chunks, range, pace)) {
    for (const fact of facts) {
      jobs.add(fact);
      if (!isOfTable(fact)) continue;
      const lane = tables.get(fact.table) ?? createLane(fact.table, range, names);
      tables.set(fact.table, lane);
      lane.add(fact);
      pairs.add(fact);
    }
  }
  const lanes: LaneView[] = [];
  for (const lane of tables.values()) {
    lanes.push(lane.view());
    await pace();
  }
  lanes.sort(byTrouble);
  const all = { jobs: jobs.jobs(), pairs: await pairs.pairs(pace) };
  return {
    names: names.list,
    lanes: lanes.slice(0, lanesShown),
    lanesLeftOff: Math.max(0, lanes.length - lanesShown),
    pairs: all.pairs.slice(0, pairsShown),
    pairsLeftOff: timesOf(all.pairs.slice(pairsShown)),
    jobs: all.jobs.slice(0, jobsShown),
    jobsLeftOff: Math.max(0, all.jobs.length - jobsShown),
    advice: adviceIn(all.pairs, all.jobs, lanes),
  };
}

/** Jobs that starve by what is known of a time. */
export async function starvingIn(known: KnownPast, range: Range, starveAfterSkips: number, pace: Pace): Promise<readonly JobView[]> {
  const jobs = createJobTally(starveAfterSkips);
  for await (const facts of factsIn(known.chunks, range, pace)) for (const fact of facts) jobs.add(fact);
  return jobs.jobs().filter(({ isStarving }) => isStarving);
}

/** Those that happened or went on in a time. */
export async function* factsIn(chunks: readonly Chunk[], { fromMs, toMs }: Range, pace: Pace): AsyncGenerator<readonly Fact[]> {
  for (const chunk of chunks) {
    if (chunk.lastMs < fromMs) continue;
    yield chunk.facts().filter((fact) => fact.fromMs <= toMs && fact.toMs >= fromMs);
    await pace();
  }
}

function byTrouble(a: LaneView, b: LaneView): number {
  return b.conflicts - a.conflicts || b.skips - a.skips || (a.title < b.title ? -1 : 1);
}

/** How long something took, by nearest rank; `undefined` of nothing. */
export function quantiles(values: readonly number[]): Quantiles | undefined {
  if (values.length === 0) return undefined;
  // Many times as fast as a list of any values, where there are hundred thousands.
  const sorted = Float64Array.from(values).sort();
  const at = (part: number): number => Math.round(sorted[Math.ceil(part * sorted.length) - 1] ?? 0);
  return { p50: at(0.5), p99: at(0.99) };
}
