import type { Holds } from './holds.ts';

/** Most of the work of the job before is done by then. */
const doneShare = 0.95;

/**
 * Does each fire still come after the same fire of the job before it, and not sooner after it than that takes, or than it did?
 * Both schedules fire as often as before, so fires are known by their numbers.
 */
export function keepsOrder(
  before: { readonly fires: readonly number[]; readonly holds: Holds },
  after: { readonly fires: readonly number[] },
  movedBefore: readonly number[],
  movedAfter: readonly number[],
): boolean {
  if (movedBefore.length !== before.fires.length || movedAfter.length !== after.fires.length) return false;
  const doneMs = before.holds.quantileMs(doneShare);
  return after.fires.every((atMs, index) => {
    const last = lastUpTo(before.fires, atMs);
    const movedMs = movedAfter[index] as number;
    if (lastUpTo(movedBefore, movedMs) !== last) return false;
    if (last === -1) return true;
    return movedMs - (movedBefore[last] as number) >= Math.min(doneMs, atMs - (before.fires[last] as number));
  });
}

/** The number of the last fire at `atMs` or before it; -1: there is none. */
function lastUpTo(fires: readonly number[], atMs: number): number {
  let [low, high] = [0, fires.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((fires[middle] as number) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
