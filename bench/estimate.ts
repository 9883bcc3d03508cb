/** A median, and what it lies between. */
export interface Estimate {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** With 95 %. By order statistics: how many of the values lie below their median is binomial, whatever they are distributed like. */
export function estimateOf(values: readonly number[]): Estimate {
  const sorted = [...values].sort((a, b) => a - b);
  const last = sorted.length - 1;
  const at = (rank: number): number => sorted[Math.min(Math.max(rank, 0), last)] ?? Number.NaN;
  const reach = 0.98 * Math.sqrt(sorted.length);
  return { median: at(Math.round(last / 2)), least: at(Math.floor(last / 2 - reach)), most: at(Math.ceil(last / 2 + reach)) };
}

export function median(values: readonly number[]): number {
  return estimateOf(values).median;
}

/** Of `values` in ascending order. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Median of the rounds, and the lowest and the highest of them. */
export function spreadOf(values: readonly number[]): Estimate {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), least: sorted[0] ?? Number.NaN, most: sorted.at(-1) ?? Number.NaN };
}
