import { clashes, sharedAppends, type TableClash } from './clashes.ts';
import type { Collector, Evidence } from './evidence.ts';
import type { Job } from './jobs.ts';

/** Two jobs that were in each other's way, or two runs of one. */
export interface Pair {
  /** The one that was aborted; where a reader was, one of the two between whose writes it read. */
  readonly one: Job;
  readonly other: Job;
  /** In so many conflicts both took part. */
  readonly conflicts: number;
  readonly tables: readonly TableClash[];
}

// What ran beside fewer of a job's conflicts, or did so once or twice, was there by chance, as long as those conflicts have
// another explanation: something short runs beside one in a hundred of anything, and a migration beside many, once.
const leastShare = 0.05;
const fewestRuns = 3;

interface Candidate {
  readonly one: Job;
  readonly other: Job;
  readonly tables: readonly TableClash[];
}

/** Who was in whose way. `runsBeside` counts the transactions of a job that ran beside another's conflicts. */
export function pairsIn(evidence: readonly Evidence[], runsBeside: Collector['runsBeside']): readonly Pair[] {
  const totals = new Map<Job, number>();
  const counts = new Map<string, number>();
  const found = evidence.map((one) => ({ evidence: one, candidates: candidatesIn(one) }));
  for (const { evidence: one, candidates } of found) {
    totals.set(one.victim, (totals.get(one.victim) ?? 0) + one.count);
    for (const candidate of candidates) {
      const key = keyOf(one.victim, candidate);
      counts.set(key, (counts.get(key) ?? 0) + one.count);
    }
  }
  const pairs = new Map<string, { -readonly [K in keyof Pair]: Pair[K] }>();
  for (const { evidence: one, candidates } of found) {
    const { victim } = one;
    const isOften = (job: Job): boolean => job === victim || runsBeside(victim, job) >= fewestRuns;
    const least = leastShare * (totals.get(victim) ?? 0);
    const likely = candidates.filter(
      (candidate) => isOften(candidate.one) && isOften(candidate.other) && (counts.get(keyOf(victim, candidate)) ?? 0) >= least,
    );
    for (const candidate of likely.length > 0 ? likely : candidates) {
      const key = `${candidate.one.id} ${candidate.other.id}`;
      const pair = pairs.get(key);
      if (pair === undefined) pairs.set(key, { ...candidate, conflicts: one.count });
      else pair.conflicts += one.count;
    }
  }
  return [...pairs.values()].sort((a, b) => b.conflicts - a.conflicts || a.one.id - b.one.id || a.other.id - b.other.id);
}

function keyOf(victim: Job, { one, other }: Candidate): string {
  return `${victim.id} ${one.id} ${other.id}`;
}

function candidatesIn({ victim, beside }: Evidence): readonly Candidate[] {
  const writers = [...beside].filter(([{ isWriter }]) => isWriter);
  if (victim.isWriter) {
    const direct = writers.map(([other]) => candidate(victim, other));
    const clashing = direct.filter(({ tables }) => tables.length > 0);
    // Inserts alone should go together. Where they did not, as over a unique index, each must have its turn.
    return clashing.length > 0 ? clashing : writers.flatMap(([other]) => appending(victim, other));
  }
  return writers.flatMap(([one, count], index) => {
    const others = writers.slice(index + 1).map(([other]) => other);
    return (count > 1 ? [one, ...others] : others).map((other) => candidate(one, other)).filter(({ tables }) => tables.length > 0);
  });
}

function candidate(one: Job, other: Job): Candidate {
  return { one, other, tables: clashes(one.modes, other.modes) };
}

function appending(one: Job, other: Job): readonly Candidate[] {
  const tables = sharedAppends(one.modes, other.modes).map((table): TableClash => ({ table, modes: ['write', 'write'] }));
  return tables.length > 0 ? [{ one, other, tables }] : [];
}
