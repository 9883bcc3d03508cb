/** What to do about what was seen, in sentences: those of `giveway report` and of the dashboard. */

import { shortly } from './shortly.ts';

/** A job by its name, as it may be shown; `undefined`: work without one. */
type JobName = string | undefined;

/** What there may be something to say about. Each list begins with what is worst. */
export interface Seen {
  readonly conflicts: readonly SeenConflicts[];
  readonly starving: readonly SeenStarving[];
  readonly waits: readonly SeenWait[];
  readonly costs: readonly SeenCost[];
}

/** Transactions that the database aborted in spite of the locks. */
interface SeenConflicts {
  readonly tables: readonly string[];
  readonly times: number;
  /** Who wrote there without the lock, as far as that is known. */
  readonly missing: readonly { readonly job: JobName; readonly table: string; readonly times: number }[];
}

interface SeenStarving {
  readonly job: string;
  /** In a row. */
  readonly skips: number;
  /** Who was in the way of most of its skips. */
  readonly by: { readonly job: JobName; readonly skips: number } | undefined;
}

/** If the job waited for so long, so many of its skips would have run. */
interface SeenWait {
  readonly job: JobName;
  readonly waitMs: number;
  readonly spared: number;
  readonly skips: number;
}

/** What one job cost another. */
interface SeenCost {
  readonly job: JobName;
  readonly by: JobName;
  /** Of all that was lost, from 0 to 1. */
  readonly share: number;
  /** The time that was lost, where the ends of holds are known, else skips. */
  readonly lost: { readonly ms: number; readonly table: string } | { readonly skips: number };
}

const sentences = 3;

/** First what the database aborted in spite of the locks, then who does not run at all, then what costs most. Each with its figure. */
export function adviceOf({ conflicts, starving, waits, costs }: Seen): readonly string[] {
  const [wait, ...otherWaits] = waits.map(ofWait);
  const [cost, ...otherCosts] = costs.filter(({ share }) => share > 0).map(ofCost);
  const all = [...conflicts.map(ofConflicts), ...starving.map(ofStarving), wait, cost, ...otherWaits, ...otherCosts];
  return all.filter((sentence) => sentence !== undefined).slice(0, sentences);
}

function ofConflicts({ tables, times, missing: [first] }: SeenConflicts): string {
  const aborted = `the database aborted ${count(times, 'transaction')}`;
  if (first === undefined) {
    const where = tables.map((table) => `"${table}"`).join(', ');
    return `Find who writes to ${where}, or reads it in a writing transaction, without naming it in a scope: ${aborted} there.`;
  }
  return `Add "${first.table}" to the scope of ${named(first.job)}: it wrote there without the lock ${count(first.times, 'time')}, and ${aborted}.`;
}

function ofStarving({ job, skips, by }: SeenStarving): string {
  const whom = by === undefined ? '' : `, ${count(by.skips, 'time')} because of ${named(by.job)}`;
  return `Give ${named(job)} its turn with onStarving: 'wait': ${count(skips, 'skip')} in a row${whom}.`;
}

function ofWait({ job, waitMs, spared, skips }: SeenWait): string {
  const how = `onBusy: 'retry', retry.maxWaitMs: ${waitMs}, or giveway run --wait ${Math.ceil(waitMs / 1_000)}s`;
  return `Let ${named(job)} wait for ${shortly(waitMs)} (${how}): ${part(spared, skips)} would have run.`;
}

function part(some: number, all: number): string {
  if (all === 1) return 'its one skip';
  return some === all ? `all its ${all} skips` : `${some} of its ${all} skips`;
}

function ofCost({ job, by, share, lost }: SeenCost): string {
  const ofAll = `${Math.round(100 * share)} %`;
  const [where, what] =
    'ms' in lost
      ? [`on "${lost.table}" `, `${shortly(lost.ms)}, ${ofAll} of all time lost`]
      : ['', `${count(lost.skips, 'skip')}, ${ofAll} of all`];
  return job === by
    ? `Shorten ${named(by)}, or run it less often: ${where}it was in its own way, and lost ${what}.`
    : `Shorten or move ${named(by)}: ${where}it cost ${named(job)} ${what}.`;
}

function named(job: JobName): string {
  return job === undefined ? 'work without a name' : `"${job}"`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
