import type { Told } from '../processes/spawn.ts';

/** Pairs of runs of which one began before the other had ended. */
export function overlaps(runs: readonly Told[]): readonly (readonly Told[])[] {
  const sorted = [...runs].sort((a, b) => Number(a['began']) - Number(b['began']));
  return sorted.flatMap((run, index) => {
    const next = sorted[index + 1];
    return next !== undefined && Number(next['began']) < Number(run['ended']) ? [[run, next]] : [];
  });
}
