import type { Mode } from '../lock/holder.ts';
import type { HoldEntry, JournalEntry } from '../observe/index.ts';
import type { SeenHold } from './holds.ts';

/** What a journal tells of one job. */
export interface JobHistory {
  readonly name: string;
  /** When it asked for its tables, in order. */
  readonly asksMs: readonly number[];
  readonly holds: readonly SeenHold[];
  /** When it was skipped since somebody held a table. */
  readonly skipsMs: readonly number[];
  /** How long those skips had waited, and those that ran. */
  readonly skipWaitsMs: readonly number[];
  readonly waitsMs: readonly number[];
  /** The tables that it was seen to hold. */
  readonly modes: ReadonlyMap<string, Mode>;
}

type Growing = {
  -readonly [field in keyof JobHistory]: JobHistory[field] extends readonly (infer T)[]
    ? T[]
    : JobHistory[field] extends ReadonlyMap<infer K, infer V>
      ? Map<K, V>
      : JobHistory[field];
};

/** The jobs of a journal, by name. A job without a name goes by its tables, as the locker counts it. */
export function historiesIn(entries: readonly JournalEntry[]): ReadonlyMap<string, JobHistory> {
  const jobs = new Map<string, Growing>();
  const of = (name: string): Growing => {
    const known = jobs.get(name) ?? { name, asksMs: [], holds: [], skipsMs: [], skipWaitsMs: [], waitsMs: [], modes: new Map() };
    jobs.set(name, known);
    return known;
  };
  for (const parts of locksIn(entries)) {
    const [first] = parts as [HoldEntry];
    const job = of(first.job ?? parts.map(({ resource }) => resource).join(', '));
    const fromMs = first.from.getTime();
    job.asksMs.push(fromMs - first.waitedMs);
    job.waitsMs.push(first.waitedMs);
    if (first.to !== undefined) job.holds.push({ atMs: fromMs, heldMs: Math.max(0, first.to.getTime() - fromMs) });
    for (const { resource, mode } of parts) job.modes.set(resource, mode);
  }
  for (const entry of entries) {
    if (entry.kind !== 'skip' || entry.reason !== 'busy') continue;
    const job = of(entry.job ?? entry.resource);
    const askedMs = entry.at.getTime() - entry.waitedMs;
    job.asksMs.push(askedMs);
    job.skipsMs.push(askedMs);
    job.skipWaitsMs.push(entry.waitedMs);
  }
  for (const { asksMs, skipsMs } of jobs.values()) {
    asksMs.sort((a, b) => a - b);
    skipsMs.sort((a, b) => a - b);
  }
  return jobs;
}

/** When the first of it began: a journal may be younger than the time that is asked for. */
export function beginningOf(entries: readonly JournalEntry[]): number | undefined {
  return entries.reduce<number | undefined>((oldestMs, entry) => {
    const atMs = (entry.kind === 'hold' ? entry.from : entry.at).getTime();
    return oldestMs === undefined || atMs < oldestMs ? atMs : oldestMs;
  }, undefined);
}

/** The entries of each lock together. */
function locksIn(entries: readonly JournalEntry[]): Iterable<readonly HoldEntry[]> {
  const locks = new Map<string, HoldEntry[]>();
  for (const entry of entries) {
    if (entry.kind !== 'hold') continue;
    const id = `${entry.host} ${entry.pid} ${entry.from.getTime()} ${entry.job ?? ''}`;
    const known = locks.get(id);
    if (known === undefined) locks.set(id, [entry]);
    else known.push(entry);
  }
  return locks.values();
}
