import type { JobView, LaneView, PairView } from './view.ts';

const sentences = 3;

/** What to do about what was seen, the most useful first, each with the figure that it rests on. */
export function adviceOf(
  pairs: readonly PairView[],
  jobs: readonly JobView[],
  lanes: readonly Pick<LaneView, 'title' | 'conflicts'>[],
): readonly string[] {
  const starving = jobs.filter(({ isStarving }) => isStarving).map((job) => ofStarving(job, pairs));
  const conflicts = lanes.filter((lane) => lane.conflicts > 0).sort((a, b) => b.conflicts - a.conflicts);
  return [...starving.slice(0, 1), ...conflicts.slice(0, 1).map(ofConflicts), ...ofPairs(pairs)].slice(0, sentences);
}

function ofStarving({ job, skipsInARow }: JobView, pairs: readonly PairView[]): string {
  const worst = pairs.find(({ blocked, skips }) => blocked === job && skips > 0);
  const whom = worst === undefined ? '' : ` (${worst.by} was in the way ${times(worst.skips)})`;
  return `${job} was skipped ${times(skipsInARow)} in a row${whom}: let it wait with onBusy: 'retry', or give it another minute.`;
}

function ofConflicts({ title, conflicts }: Pick<LaneView, 'title' | 'conflicts'>): string {
  return `${title} had ${conflicts} ${conflicts === 1 ? 'conflict' : 'conflicts'} in the database: somebody writes to it, or reads it in a writing transaction, without naming it in a scope.`;
}

/** Where most of the skips come from one pair, that pair is worth a change. */
function ofPairs(pairs: readonly PairView[]): readonly string[] {
  const all = pairs.reduce((sum, { skips }) => sum + skips, 0);
  return pairs
    .filter(({ skips }) => skips > 1)
    .map(({ blocked, by, skips }) =>
      blocked === by
        ? `${blocked} was skipped ${times(skips)} because it still ran itself, ${share(skips, all)} of all skips: run it less often, or make it shorter.`
        : `${blocked} was skipped ${times(skips)} because of ${by}, ${share(skips, all)} of all skips: move one of the two by some minutes, or let it wait.`,
    );
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function share(part: number, all: number): string {
  return `${Math.round((100 * part) / all)} %`;
}
