import type { Job, Jobs } from './jobs.ts';
import type { AbortKind, ConflictCase, Transaction } from './transaction.ts';

/** Conflicts that look the same: of one job, with the same jobs beside it. */
export interface Evidence {
  readonly kind: AbortKind;
  readonly victim: Job;
  /** Jobs that use a table of the victim's, or that the server names, and how many of their transactions ran beside it: one, or more. */
  readonly beside: ReadonlyMap<Job, 1 | 2>;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface Collector {
  add(conflict: ConflictCase): void;
  all(): readonly Evidence[];
  /** How many transactions of `other` ran beside conflicts of `victim`, each counted once; no further than to 3. */
  runsBeside(victim: Job, other: Job): number;
}

// Whether it was one run, a second, or more is all that is asked.
const mostRuns = 3;

/** Counts conflicts as they come; keeps no transaction. */
export function createCollector(jobs: Jobs): Collector {
  const found = new Map<string, { -readonly [K in keyof Evidence]: Evidence[K] }>();
  const runs = new Map<string, Transaction[]>();
  const countRun = (victim: Job, job: Job, transaction: Transaction): void => {
    const key = `${victim.id} ${job.id}`;
    const seen = runs.get(key);
    if (seen === undefined) runs.set(key, [transaction]);
    else if (seen.length < mostRuns && !seen.includes(transaction)) seen.push(transaction);
  };
  return {
    add({ kind, atMs, victim: aborted, beside: others, isNamed }) {
      const victim = jobs.of(aborted);
      const beside = new Map<Job, 1 | 2>();
      for (const other of others) {
        const job = jobs.of(other);
        if (!isNamed && !sharesTable(victim, job)) continue;
        beside.set(job, beside.has(job) ? 2 : 1);
        countRun(victim, job, other);
      }
      const key = [kind, victim.id, ...[...beside].map(([{ id }, count]) => `${id}x${count}`).sort()].join(' ');
      const known = found.get(key);
      if (known === undefined) found.set(key, { kind, victim, beside, count: 1, firstMs: atMs, lastMs: atMs });
      else {
        known.count += 1;
        known.firstMs = Math.min(known.firstMs, atMs);
        known.lastMs = Math.max(known.lastMs, atMs);
      }
    },
    all: () => [...found.values()],
    runsBeside: (victim, other) => runs.get(`${victim.id} ${other.id}`)?.length ?? 0,
  };
}

function sharesTable(one: Job, other: Job): boolean {
  return [...one.modes.keys()].some((table) => other.modes.has(table));
}
