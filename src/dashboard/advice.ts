import { adviceOf } from '../observe/answers/advice.ts';
import { nameless } from './facts.ts';
import type { JobView, LaneView, PairView } from './view.ts';

/** What to do about what the page shows of a time. */
export function adviceIn(
  pairs: readonly PairView[],
  jobs: readonly JobView[],
  lanes: readonly Pick<LaneView, 'title' | 'conflicts'>[],
): readonly string[] {
  const skips = pairs.reduce((sum, pair) => sum + pair.skips, 0);
  const clashing = lanes.filter(({ conflicts }) => conflicts > 0).sort((a, b) => b.conflicts - a.conflicts);
  return adviceOf({
    conflicts: clashing.map(({ title, conflicts }) => ({ tables: [title], times: conflicts, missing: [] })),
    starving: jobs
      .filter(({ isStarving, isNamed }) => isStarving && isNamed)
      .map(({ job, skipsInARow }) => ({ job, skips: skipsInARow, by: worst(job, pairs) })),
    waits: [],
    // How long a skip would have had to wait is not known here, and one alone says little.
    costs: pairs
      .filter((pair) => pair.skips > 1)
      .map((pair) => ({ job: named(pair.blocked), by: named(pair.by), share: pair.skips / skips, lost: { skips: pair.skips } })),
  });
}

function worst(job: string, pairs: readonly PairView[]): { readonly job: string | undefined; readonly skips: number } | undefined {
  const pair = pairs.find(({ blocked, skips }) => blocked === job && skips > 0);
  return pair && { job: named(pair.by), skips: pair.skips };
}

function named(shown: string): string | undefined {
  return shown === nameless ? undefined : shown;
}
