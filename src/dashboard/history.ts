import { printable } from '../lock/holder.ts';
import type { ConflictEntry, FireEntry, HoldEntry, JournalEntry, SkipEntry } from '../observe/index.ts';
import { viewOfSeen } from './holder-view.ts';
import type { JobView, Quantiles, Span, SpanKind, TablePast } from './view.ts';

/** Two things of one kind that are nearer than this are one span: at most 720 of a kind in an hour. */
const grainMs = 5_000;

/** What the entries of one table, in any order, come to. */
export function pastOf(entries: readonly JournalEntry[]): TablePast {
  const holds = entries.filter((entry): entry is HoldEntry => entry.kind === 'hold');
  const skips = entries.filter((entry): entry is SkipEntry => entry.kind === 'skip' && entry.reason === 'busy');
  const conflicts = entries.filter((entry): entry is ConflictEntry => entry.kind === 'conflict');
  const wanted = holds.length + skips.length;
  const waits = [...holds, ...skips].map(({ waitedMs }) => waitedMs);
  const lengths = holds.flatMap(({ from, to }) => (to === undefined ? [] : [Math.max(0, to.getTime() - from.getTime())]));
  const instant = (kind: SpanKind, at: Date): Span => ({ kind, fromMs: at.getTime(), toMs: at.getTime(), count: 1 });
  return {
    holds: holds.length,
    skips: skips.length,
    skipRate: wanted === 0 ? undefined : skips.length / wanted,
    conflicts: conflicts.length,
    waitMs: quantiles(waits),
    holdMs: quantiles(lengths),
    spans: [
      ...joined(holds.map(spanOf)),
      ...joined(skips.map(({ at }) => instant('skip', at))),
      ...joined(conflicts.map(({ at }) => instant('conflict', at))),
    ],
  };
}

/** Every job of the entries: those that starve first, then by skips in a row, then by name. */
export function jobsOf(entries: readonly JournalEntry[], starveAfterSkips: number): readonly JobView[] {
  const byJob = new Map<string, JobEntry[]>();
  for (const entry of entries) {
    if (!isOfJob(entry)) continue;
    const key = JSON.stringify(entry.job === undefined ? [entry.resource] : { job: entry.job });
    const known = byJob.get(key);
    if (known === undefined) byJob.set(key, [entry]);
    else known.push(entry);
  }
  return [...byJob.values()]
    .map((own) => jobOf(own, starveAfterSkips))
    .sort((a, b) => Number(b.isStarving) - Number(a.isStarving) || b.skipsInARow - a.skipsInARow || (a.job < b.job ? -1 : 1));
}

type JobEntry = HoldEntry | SkipEntry | FireEntry;

/** A run, or one that did not take place. A fire is a run if the work ran under it alone. */
function isOfJob(entry: JournalEntry): entry is JobEntry {
  return entry.kind === 'hold' || entry.kind === 'skip' || (entry.kind === 'fire' && entry.outcome === 'ran');
}

function jobOf(entries: readonly JobEntry[], starveAfterSkips: number): JobView {
  const runs = entries.filter((entry) => entry.kind !== 'skip').map(runOf);
  const skips = entries.filter((entry) => entry.kind === 'skip');
  const isRunning = runs.some(({ goesOn }) => goesOn);
  const lastRunMs = latest(runs.map(({ fromMs }) => fromMs));
  const lastSkip = skips.reduce<SkipEntry | undefined>((last, skip) => (last === undefined || skip.at > last.at ? skip : last), undefined);
  const skipsInARow = skips.filter(({ at }) => lastRunMs === undefined || at.getTime() > lastRunMs).length;
  const { job, resource } = entries[0] as JobEntry;
  return {
    job: printable(job ?? resource ?? ''),
    isNamed: job !== undefined,
    isRunning,
    isStarving: !isRunning && skipsInARow >= starveAfterSkips,
    // A run over several tables has an entry for each.
    runs: new Set(runs.map(({ host, pid, fromMs }) => `${host} ${pid} ${fromMs}`)).size,
    skips: skips.length,
    skipsInARow,
    lastRunMs,
    lastSkip: lastSkip && {
      atMs: lastSkip.at.getTime(),
      resource: printable(lastSkip.resource),
      reason: lastSkip.reason,
      holders: lastSkip.holders.slice(0, 3).map(viewOfSeen),
    },
  };
}

function runOf(entry: HoldEntry | FireEntry): {
  readonly host: string;
  readonly pid: number;
  readonly fromMs: number;
  readonly goesOn: boolean;
} {
  const { host, pid } = entry;
  if (entry.kind === 'hold') return { host, pid, fromMs: entry.from.getTime(), goesOn: entry.outcome === 'ongoing' };
  return { host, pid, fromMs: entry.at.getTime(), goesOn: entry.to === undefined };
}

function spanOf({ isProtected, outcome, from, to }: HoldEntry): Span {
  const kind = !isProtected ? 'unprotected' : outcome === 'lost' || outcome === 'not-ours' ? 'lost' : 'held';
  return { kind, fromMs: from.getTime(), toMs: outcome === 'ongoing' ? undefined : (to ?? from).getTime(), count: 1 };
}

/** Spans, of several kinds perhaps, with those of one kind joined where less than `grainMs` lies between them. */
function joined(spans: readonly Span[]): readonly Span[] {
  const done: Span[] = [];
  const last = new Map<SpanKind, number>();
  for (const span of [...spans].sort((a, b) => a.fromMs - b.fromMs)) {
    const index = last.get(span.kind);
    const before = index === undefined ? undefined : done[index];
    const beforeEndMs = before === undefined ? undefined : (before.toMs ?? Number.POSITIVE_INFINITY);
    if (index !== undefined && before !== undefined && beforeEndMs !== undefined && span.fromMs - beforeEndMs < grainMs) {
      const toMs = before.toMs === undefined || span.toMs === undefined ? undefined : Math.max(before.toMs, span.toMs);
      done[index] = { ...before, toMs, count: before.count + span.count };
    } else {
      last.set(span.kind, done.push(span) - 1);
    }
  }
  return done;
}

/** By nearest rank. */
function quantiles(values: readonly number[]): Quantiles | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number): number => Math.round(sorted[Math.ceil(part * sorted.length) - 1] ?? 0);
  return { p50: at(0.5), p99: at(0.99) };
}

function latest(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : times.reduce((a, b) => Math.max(a, b));
}
