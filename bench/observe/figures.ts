/** Locks that were taken and let go, many in flight. */
export interface Round {
  readonly locksPerSecond: number;
  /** CPU time of this process per lock. */
  readonly cpuMicros: number;
}

/** Two rounds, one right after the other. */
export interface Pair {
  readonly plain: Round;
  readonly watched: Round;
}

export interface Cost {
  readonly pairs: number;
  readonly plain: Round;
  /** Of the throughput, in percent: the median of all couples of pairs. */
  readonly percent: number;
  /** The same of each fifth of the run: the least and the most. */
  readonly least: number;
  readonly most: number;
  readonly addedCpuMicros: number;
}

const parts = 5;

export function costOf(pairs: readonly Pair[]): Cost {
  const size = Math.floor(pairs.length / parts);
  const percents = Array.from({ length: parts }, (_, part) => percentOf(pairs.slice(part * size, (part + 1) * size)));
  const plain = {
    locksPerSecond: median(pairs.map((pair) => pair.plain.locksPerSecond)),
    cpuMicros: median(pairs.map((pair) => pair.plain.cpuMicros)),
  };
  return {
    pairs: pairs.length,
    plain,
    percent: percentOf(pairs),
    least: Math.min(...percents),
    most: Math.max(...percents),
    addedCpuMicros: median(pairs.map((pair) => pair.watched.cpuMicros - pair.plain.cpuMicros)),
  };
}

/**
 * By two pairs at a time, of which the one began with and the other without the observer: what else the machine does in those
 * milliseconds slows both, and so does coming second.
 */
function percentOf(pairs: readonly Pair[]): number {
  const time = ({ locksPerSecond }: Round): number => 1 / locksPerSecond;
  const ratios: number[] = [];
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const [a, b] = [pairs[i] as Pair, pairs[i + 1] as Pair];
    ratios.push((time(a.plain) + time(b.plain)) / (time(a.watched) + time(b.watched)));
  }
  return (1 - median(ratios)) * 100;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
