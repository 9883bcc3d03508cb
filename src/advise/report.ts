import type { Mode } from '../lock/holder.ts';
import type { ResolvedScope } from '../lock/options.ts';
import type { Unkept, UnkeptReason } from './advice.ts';
import { adviseOn } from './advice.ts';
import type { Collector } from './evidence.ts';
import type { Job, Jobs } from './jobs.ts';
import type { AbortKind } from './transaction.ts';

/** What `giveway advise` found, as plain data: its `--json`. */
export interface Report {
  /** When the first and the last conflict was, by the database's clock; absent where none was, or the log has no times. */
  readonly from?: string;
  readonly to?: string;
  readonly conflicts: Readonly<Record<'all' | AbortKind, number>>;
  /** So many of them would not have been with these scopes. */
  readonly kept: number;
  readonly pairs: readonly ReportedPair[];
  /** The jobs that should hold something. */
  readonly jobs: readonly ReportedJob[];
  readonly unkept: readonly ReportedUnkept[];
}

export interface ReportedPair {
  readonly aborted: string;
  readonly beside: string;
  readonly conflicts: number;
  readonly tables: readonly { readonly table: string; readonly aborted: Mode; readonly beside: Mode }[];
}

interface ReportedJob {
  readonly name: string;
  readonly application: string;
  readonly user: string;
  /** Its statements, with `?` for values; those that write first. */
  readonly statements: readonly string[];
  /** Those of which nobody can tell what they touch: what that is belongs into the scope too. */
  readonly unread: readonly string[];
  readonly scope: ResolvedScope;
}

interface ReportedUnkept {
  readonly job: string;
  readonly conflicts: number;
  readonly reason: UnkeptReason;
  readonly means: string;
}

const meanings: Readonly<Record<UnkeptReason, string>> = {
  'nothing-known': 'the log has no statement of the aborted transaction',
  unread: 'what it touched cannot be told from its statements; a comment `giveway: writes=… reads=…` in them would say',
  'nobody-beside': 'no other transaction that is known wrote to its tables at that moment',
  'only-reads': 'it only read, and those that wrote beside it do not clash with each other',
  'no-common-table': 'the other one is known, and their statements name no table in common: a trigger, a foreign key or a function may',
};

/** Puts together what was collected. */
export function reportOn(collector: Collector, jobs: Jobs): Report {
  const advice = adviseOn(collector);
  jobs.all();
  const evidence = collector.all();
  const count = (kind: AbortKind): number => evidence.reduce((sum, one) => sum + (one.kind === kind ? one.count : 0), 0);
  const firstMs = Math.min(...evidence.map((one) => one.firstMs));
  const lastMs = Math.max(...evidence.map((one) => one.lastMs));
  return {
    ...(Number.isFinite(firstMs) && { from: written(firstMs), to: written(lastMs) }),
    conflicts: { all: advice.conflicts, serialization: count('serialization'), deadlock: count('deadlock'), cycle: count('cycle') },
    kept: advice.kept,
    pairs: advice.pairs.map(({ one, other, conflicts, tables }) => ({
      aborted: one.name,
      beside: other.name,
      conflicts,
      tables: tables.map(({ table, modes: [aborted, beside] }) => ({ table, aborted, beside })),
    })),
    jobs: [...advice.scopes].map(([job, scope]) => jobWith(job, scope)).sort((a, b) => (a.name < b.name ? -1 : 1)),
    unkept: advice.unkept.map(unkeptOf),
  };
}

function jobWith({ name, application, user, statements, unread }: Job, scope: ResolvedScope): ReportedJob {
  return { name, application, user, statements: [...statements], unread: [...unread], scope };
}

function unkeptOf({ victim, count, reason }: Unkept): ReportedUnkept {
  const example = reason === 'unread' ? ` (${[...victim.unread].slice(0, 3).join('; ')})` : '';
  return { job: victim.name, conflicts: count, reason, means: `${meanings[reason]}${example}` };
}

/** `2026-11-28 18:22:15.292`, in whatever zone the log is. */
function written(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').slice(0, -1);
}
