/** What a time comes to: who kept whom from what, for how long, which conflicts still happened, and what to change. */

import type { ConflictEntry, HoldEntry, LateLockEntry } from '../journal/journal.ts';
import { adviceOf, type Seen } from './advice.ts';
import type { Encounter } from './encounter.ts';

/** What was read of the time. */
export interface Material {
  readonly encounters: readonly Encounter[];
  readonly holds: readonly HoldEntry[];
  readonly conflicts: readonly ConflictEntry[];
  readonly lateLocks: readonly LateLockEntry[];
}

export interface JobsReport {
  readonly blocked: readonly Blocked[];
  readonly work: readonly Work[];
  readonly conflicts: readonly Conflicts[];
  readonly starving: readonly Starving[];
  /** Three at most, the most useful first. */
  readonly advice: readonly string[];
}

/** One field of the matrix: a job, or work without a name, and who was in its way. */
interface Blocked {
  readonly job: string | undefined;
  readonly by: string | undefined;
  readonly resource: string;
  readonly skips: number;
  readonly waits: number;
  /** Of a wait its length, of a skip how long it would have taken until it was free; what cannot be told counts as nothing. */
  readonly lostMs: number;
  /** Of all that was lost, from 0 to 1. */
  readonly share: number;
}

interface Work {
  readonly job: string | undefined;
  readonly resource: string;
  readonly holds: number;
  readonly skips: number;
  readonly holdMs: Quantiles | undefined;
  readonly waitMs: Quantiles | undefined;
}

export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Transactions of one job that the database aborted all the same. */
interface Conflicts {
  readonly job: string | undefined;
  readonly code: string;
  readonly times: number;
  readonly resources: readonly string[];
  /** Writes without the lock, by this job or to one of these tables: what lacks in the scope of whom. */
  readonly missing: readonly { readonly job: string | undefined; readonly resource: string; readonly times: number }[];
}

interface Starving {
  readonly job: string;
  readonly skips: number;
  readonly since: Date;
  readonly by: string | undefined;
}

/** As `starveAfter.skips` where nobody says anything. */
const starvesAfterSkips = 10;
/** So many of the skips a wait should have avoided. */
const avoided = 0.9;

export function reportOf({ encounters, holds, conflicts, lateLocks }: Material): JobsReport {
  const met = encounters.filter(({ entry }) => entry.kind === 'wait' || entry.reason === 'busy');
  const lostMs = sum(met.map(lostIn));
  const blocked = [...groups(met, (one) => [one.entry.job, byOf(one), one.entry.resource])].map(([, [first, ...more]]) => {
    const all = [first, ...more];
    const skips = all.filter(({ entry }) => entry.kind === 'skip').length;
    const lost = sum(all.map(lostIn));
    const { job, resource } = first.entry;
    return { job, by: byOf(first), resource, skips, waits: all.length - skips, lostMs: lost, share: lostMs === 0 ? 0 : lost / lostMs };
  });
  const byLoss = blocked.sort((a, b) => b.lostMs - a.lostMs || b.skips + b.waits - a.skips - a.waits);
  const found = { blocked: byLoss, conflicts: conflictsOf(conflicts, lateLocks), starving: starvingOf(met, holds) };
  return { ...found, work: workOf(holds, met), advice: adviceOf(seenIn(found, met)) };
}

function seenIn({ blocked, conflicts, starving }: Pick<JobsReport, 'blocked' | 'conflicts' | 'starving'>, met: readonly Encounter[]): Seen {
  return {
    conflicts: conflicts.map(({ resources, times, missing }) => ({
      tables: resources,
      times,
      missing: missing.map(({ resource, ...one }) => ({ ...one, table: resource })),
    })),
    starving: starving.map((one) => ({ ...one, by: mostBy(one, met) })),
    waits: [...new Set(blocked.map(({ job }) => job))].flatMap((job) => waitFor(job, met)),
    costs: blocked.map(({ job, by, share, lostMs, resource }) => ({ job, by, share, lost: { ms: lostMs, table: resource } })),
  };
}

/** Who was in the way of most of the skips for which a job starves. */
function mostBy({ job, since }: Starving, met: readonly Encounter[]): Seen['starving'][number]['by'] {
  const skips = met.filter(({ entry }) => entry.kind === 'skip' && entry.job === job && entry.at >= since);
  const [most] = [...groups(skips, (one) => [byOf(one)]).values()].sort((a, b) => b.length - a.length);
  return most && { job: byOf(most[0]), skips: most.length };
}

function lostIn({ entry, ran, inTheWay }: Encounter): number {
  if (entry.kind === 'wait') return ran?.waitedMs ?? 0;
  const ends = inTheWay.flatMap(({ hold }) => (hold?.to === undefined ? [] : [hold.to.getTime()]));
  return entry.waitedMs + Math.max(0, Math.max(0, ...ends) - entry.at.getTime());
}

function byOf({ inTheWay }: Encounter): string | undefined {
  return inTheWay[0]?.job;
}

function workOf(holds: readonly HoldEntry[], met: readonly Encounter[]): readonly Work[] {
  const skipped = groups(met, ({ entry }) => [entry.job, entry.resource]);
  const held = groups(holds, ({ job, resource }) => [job, resource]);
  return [...new Set([...held.keys(), ...skipped.keys()])]
    .map((key) => {
      const own = held.get(key) ?? [];
      const skips = (skipped.get(key) ?? []).filter(({ entry }) => entry.kind === 'skip');
      const [job, resource] = JSON.parse(key) as [string | null, string];
      const lengths = own.flatMap(({ from, to }) => (to === undefined ? [] : [to.getTime() - from.getTime()]));
      const waits = own.map(({ waitedMs }) => waitedMs);
      const times = { holdMs: quantiles(lengths), waitMs: quantiles(waits) };
      return { job: job ?? undefined, resource, holds: own.length, skips: skips.length, ...times };
    })
    .sort((a, b) => (a.job ?? '').localeCompare(b.job ?? '') || a.resource.localeCompare(b.resource));
}

function conflictsOf(conflicts: readonly ConflictEntry[], lateLocks: readonly LateLockEntry[]): readonly Conflicts[] {
  return [...groups(conflicts, ({ job, code }) => [job, code]).values()]
    .map((all) => {
      const [{ job, code }] = all;
      const resources = [...new Set(all.map(({ resource }) => resource))].sort();
      const late = lateLocks.filter((one) => (job !== undefined && one.job === job) || resources.includes(one.resource));
      const missing = [...groups(late, (one) => [one.job, one.resource]).values()].map((each) => ({
        job: each[0].job,
        resource: each[0].resource,
        times: each.length,
      }));
      // There is an entry for each table of one transaction.
      const times = new Set(all.map(({ host, pid, at, attempt }) => `${host} ${pid} ${at.getTime()} ${attempt}`)).size;
      return { job, code, times, resources, missing };
    })
    .sort((a, b) => b.times - a.times);
}

function starvingOf(met: readonly Encounter[], holds: readonly HoldEntry[]): readonly Starving[] {
  return [...groups(met, ({ entry }) => [entry.job]).values()].flatMap((all) => {
    const { job } = all[0].entry;
    const lastRunMs = Math.max(0, ...holds.filter((hold) => hold.job === job).map(({ from }) => from.getTime()));
    const skips = all.filter(({ entry }) => entry.kind === 'skip' && entry.at.getTime() > lastRunMs);
    const first = skips.reduce<Encounter | undefined>((found, one) => (found && found.entry.at < one.entry.at ? found : one), undefined);
    if (job === undefined || first === undefined || skips.length < starvesAfterSkips) return [];
    return [{ job, skips: skips.length, since: first.entry.at, by: byOf(first) }];
  });
}

/** Waits that would have spared a job most of its skips. */
function waitFor(job: string | undefined, met: readonly Encounter[]): Seen['waits'] {
  const skips = met.filter(({ entry }) => entry.kind === 'skip' && entry.job === job);
  const needed = skips.flatMap(({ enoughMs }) => enoughMs ?? []).sort((a, b) => a - b);
  const enoughMs = needed[Math.ceil(avoided * needed.length) - 1];
  if (enoughMs === undefined) return [];
  const waitMs = Math.max(1_000, Math.ceil(enoughMs / 1_000) * 1_000);
  return [{ job, waitMs, spared: needed.filter((ms) => ms <= waitMs).length, skips: skips.length }];
}

function groups<T>(items: readonly T[], keyOf: (item: T) => readonly unknown[]): Map<string, [T, ...T[]]> {
  const found = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const key = JSON.stringify(keyOf(item));
    const known = found.get(key);
    if (known === undefined) found.set(key, [item]);
    else known.push(item);
  }
  return found;
}

/** By nearest rank. */
function quantiles(values: readonly number[]): Quantiles | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number): number => Math.round(sorted[Math.ceil(part * sorted.length) - 1] ?? 0);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
