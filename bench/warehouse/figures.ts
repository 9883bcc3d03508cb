import { quantile } from '../estimate.ts';
import { rowsPerInsert } from './loads.ts';
import type { Kind, Tally } from './messages.ts';

/** One round of all workers, in figures. */
export interface Figures {
  readonly conflicts: number;
  readonly rowsPerSecond: number;
  readonly jobsPerSecond: number;
  /** To the lock store, per committed transaction that writes. */
  readonly requests: number;
  /** Milliseconds. */
  readonly insertP50: number;
  readonly readP50: number;
  readonly readP99: number;
}

export function figuresOf(tallies: readonly Tally[]): Figures {
  const seconds = Math.max(...tallies.map(({ ms }) => ms)) / 1_000;
  const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + of(tally), 0);
  const timesOf = (kind: Kind): number[] => tallies.flatMap(({ timesMs }) => timesMs[kind]).sort((a, b) => a - b);
  const [inserts, jobs, reads] = [timesOf('inserts'), timesOf('jobs'), timesOf('reads')];
  return {
    conflicts: sum(({ conflicts }) => conflicts),
    rowsPerSecond: (inserts.length * rowsPerInsert) / seconds,
    jobsPerSecond: jobs.length / seconds,
    requests: sum(({ requests }) => requests) / (inserts.length + jobs.length),
    insertP50: quantile(inserts, 0.5),
    readP50: quantile(reads, 0.5),
    readP99: quantile(reads, 0.99),
  };
}
