import { type Estimate, estimateOf, median } from '../estimate.ts';

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
  readonly plain: Round;
  /** Of the throughput, in percent. */
  readonly percent: Estimate;
  readonly addedCpuMicros: Estimate;
}

export type Verdict = 'met' | 'missed' | 'not settled';

/**
 * By two pairs at a time, of which the one began with and the other without the observer: what else the machine does in those
 * milliseconds slows both, and so does coming second.
 */
export function costOf(pairs: readonly Pair[]): Cost {
  const time = ({ locksPerSecond }: Round): number => 1 / locksPerSecond;
  const percents: number[] = [];
  const addedMicros: number[] = [];
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const [a, b] = [pairs[i] as Pair, pairs[i + 1] as Pair];
    percents.push((1 - (time(a.plain) + time(b.plain)) / (time(a.watched) + time(b.watched))) * 100);
    addedMicros.push((a.watched.cpuMicros - a.plain.cpuMicros + b.watched.cpuMicros - b.plain.cpuMicros) / 2);
  }
  return {
    plain: {
      locksPerSecond: median(pairs.map((pair) => pair.plain.locksPerSecond)),
      cpuMicros: median(pairs.map((pair) => pair.plain.cpuMicros)),
    },
    percent: estimateOf(percents),
    addedCpuMicros: estimateOf(addedMicros),
  };
}

/** Settled is what lies on one side of the goal by more than `nothing` differs from nothing. */
export function verdictOf({ percent }: Cost, nothing: Cost | undefined, goal: number): Verdict {
  const bias = Math.abs(nothing?.percent.median ?? Number.NaN);
  if (percent.most + bias < goal) return 'met';
  return percent.least - bias > goal ? 'missed' : 'not settled';
}
