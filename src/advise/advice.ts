import type { Mode } from '../lock/holder.ts';
import type { ResolvedScope } from '../lock/options.ts';
import { clashes } from './clashes.ts';
import type { Collector, Evidence } from './evidence.ts';
import { isNumbered, type Job } from './jobs.ts';
import { type Pair, pairsIn } from './pairs.ts';

/** Conflicts that locks would not have kept from happening. */
export interface Unkept {
  readonly reason: UnkeptReason;
  readonly victim: Job;
  readonly count: number;
}

export type UnkeptReason = 'nothing-known' | 'unread' | 'nobody-beside' | 'only-reads' | 'no-common-table';

export interface Advice {
  readonly conflicts: number;
  /** Conflicts that the scopes would have kept from happening. */
  readonly kept: number;
  readonly pairs: readonly Pair[];
  /** What a job should hold while it runs. Each list is sorted. */
  readonly scopes: ReadonlyMap<Job, ResolvedScope>;
  readonly unkept: readonly Unkept[];
}

/** From what was seen to who should hold what. */
export function adviseOn({ all, runsBeside }: Pick<Collector, 'all' | 'runsBeside'>): Advice {
  const evidence = all();
  const pairs = pairsIn(evidence, runsBeside);
  const modes = modesToHold(pairs);
  let kept = 0;
  const unkept = new Map<string, { reason: UnkeptReason; victim: Job; count: number }>();
  for (const one of evidence) {
    if (keepsApart(one, modes)) {
      kept += one.count;
      continue;
    }
    const reason = reasonOf(one);
    const key = `${reason} ${one.victim.id}`;
    const known = unkept.get(key);
    if (known === undefined) unkept.set(key, { reason, victim: one.victim, count: one.count });
    else known.count += one.count;
  }
  return {
    conflicts: evidence.reduce((sum, { count }) => sum + count, 0),
    kept,
    pairs,
    scopes: new Map([...modes].map(([job, held]) => [job, scopeOf(held)])),
    unkept: [...unkept.values()].sort((a, b) => b.count - a.count),
  };
}

type Held = ReadonlyMap<string, Mode>;

/** The tables over which jobs of a pair clash, and all that they write: whoever writes alone keeps its own twin out as well. */
function modesToHold(pairs: readonly Pair[]): ReadonlyMap<Job, Held> {
  const modes = new Map<Job, Map<string, Mode>>();
  const hold = (job: Job, table: string, mode: Mode): void => {
    const held = modes.get(job) ?? new Map<string, Mode>();
    held.set(table, held.get(table) === 'write' ? 'write' : mode);
    modes.set(job, held);
  };
  for (const { one, other, tables } of pairs) {
    for (const { table, modes: pair } of tables) {
      hold(one, table, pair[0]);
      hold(other, table, pair[1]);
    }
    for (const job of [one, other])
      for (const [table, mode] of job.modes) if (mode === 'write' && !isNumbered(table)) hold(job, table, mode);
  }
  return modes;
}

function keepsApart({ victim, beside }: Evidence, modes: ReadonlyMap<Job, Held>): boolean {
  const apart = (one: Job, other: Job): boolean => clashes(modes.get(one), modes.get(other)).length > 0;
  const others = [...beside];
  if (victim.isWriter) return others.some(([job]) => apart(victim, job));
  // A reader takes no lock: it is safe if those are kept apart between whose writes it reads.
  return others.some(
    ([job, count], index) => (count > 1 && apart(job, job)) || others.slice(index + 1).some(([other]) => apart(job, other)),
  );
}

function reasonOf({ victim, beside }: Evidence): UnkeptReason {
  if (victim.modes.size === 0) return victim.unread.size > 0 ? 'unread' : 'nothing-known';
  const writers = [...beside.keys()].filter(({ isWriter }) => isWriter);
  if (writers.length === 0) return victim.unread.size > 0 ? 'unread' : 'nobody-beside';
  return victim.isWriter ? 'no-common-table' : 'only-reads';
}

function scopeOf(held: Held): ResolvedScope {
  const inMode = (wanted: Mode): readonly string[] =>
    [...held]
      .filter(([, mode]) => mode === wanted)
      .map(([table]) => table)
      .sort();
  return { writes: inMode('write'), appends: inMode('append'), reads: inMode('read') };
}
