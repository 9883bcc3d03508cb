import { excludes } from '../lock/holder.ts';
import type { Job } from './jobs.ts';

/** What two jobs do to one another, by their times and usual holds alone: quick enough to look through hundreds of times. */
export interface Overlap {
  /** How often the first is expected to be skipped for the second, and the other way round. */
  readonly skips: readonly [number, number];
  /** The same in trouble: skips, and waits for less. */
  readonly trouble: readonly [number, number];
}

const none: Overlap = { skips: [0, 0], trouble: [0, 0] };

/** A wait is a fifth of a skip: the work is done, but late. */
export const waitWeight = 0.2;

/** Do they need one table in modes that do not go together? */
export function collide(one: Job, other: Job): boolean {
  return one.needs.some((need) => other.needs.some(({ resource, mode }) => resource === need.resource && excludes(need.mode, mode)));
}

/** `roominess`: so many times as long as was seen, holds are taken to last; room for what has not been seen yet. */
export function overlapOf(one: Job, fires: readonly number[], other: Job, otherFires: readonly number[], roominess: number): Overlap {
  const reachMs = one.holds.quantileMs(1) * roominess;
  const otherReachMs = other.holds.quantileMs(1) * roominess;
  const skips: [number, number] = [0, 0];
  const trouble: [number, number] = [0, 0];
  let first = 0;
  /** `late` comes `gapMs` after `early` has begun. */
  const meet = (at: 0 | 1, late: Job, early: Job, gapMs: number, share: number): void => {
    const refused = share * early.holds.outlasts(gapMs / roominess);
    const skipped = late.waits ? share * early.holds.outlasts((gapMs + late.maxWaitMs) / roominess) : refused;
    skips[at] += skipped;
    trouble[at] += skipped + waitWeight * (refused - skipped);
  };
  for (const atMs of fires) {
    while (first < otherFires.length && (otherFires[first] as number) < atMs - otherReachMs) first++;
    for (let index = first; index < otherFires.length; index++) {
      const otherMs = otherFires[index] as number;
      if (otherMs > atMs + reachMs) break;
      const share = otherMs === atMs ? 0.5 : 1;
      if (otherMs <= atMs) meet(0, one, other, atMs - otherMs, share);
      if (otherMs >= atMs) meet(1, other, one, otherMs - atMs, share);
    }
  }
  return trouble[0] + trouble[1] === 0 ? none : { skips, trouble };
}
