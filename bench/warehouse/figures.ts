import type { Kind, Tally } from './messages.ts';

/** One round of all workers, in figures. */
export interface Figures {
  readonly conflicts: number;
  readonly rowsPerSecond: number;
  readonly jobsPerSecond: number;
  readonly readsPerSecond: number;
  /** Milliseconds. */
  readonly reader: { readonly p50: number; readonly p99: number };
  readonly inserter: { readonly p50: number; readonly p99: number };
}

/** Median of the rounds, and the lowest and the highest of them. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function figuresOf(tallies: readonly Tally[], rowsPerBatch: number): Figures {
  const seconds = Math.max(...tallies.map(({ ms }) => ms)) / 1_000;
  const timesOf = (kind: Kind): number[] => tallies.flatMap(({ timesMs }) => timesMs[kind]).sort((a, b) => a - b);
  const [batches, jobs, reads] = [timesOf('batches'), timesOf('jobs'), timesOf('reads')];
  return {
    conflicts: tallies.flatMap(({ conflicts }) => Object.values(conflicts)).reduce((sum, count) => sum + count, 0),
    rowsPerSecond: (batches.length * rowsPerBatch) / seconds,
    jobsPerSecond: jobs.length / seconds,
    readsPerSecond: reads.length / seconds,
    reader: { p50: quantile(reads, 0.5), p99: quantile(reads, 0.99) },
    inserter: { p50: quantile(batches, 0.5), p99: quantile(batches, 0.99) },
  };
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), least: sorted[0] ?? Number.NaN, most: sorted.at(-1) ?? Number.NaN };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
