export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Median with the lowest and highest, as a cell of a table. */
export function spread(values: readonly number[], digits = 2): string {
  const text = (value: number): string => (value >= 1_000 ? Math.round(value).toLocaleString('en') : value.toFixed(digits));
  return `${text(median(values))} (${text(Math.min(...values))} to ${text(Math.max(...values))})`;
}
