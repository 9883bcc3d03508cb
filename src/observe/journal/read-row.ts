import type { SkipReason } from '../../lock/api/run.ts';
import type { LostReason } from '../../lock/errors.ts';
import type { Mode } from '../../lock/holder.ts';
import type { ResolvedScope } from '../../lock/options.ts';
import type { SeenHolder } from '../listening.ts';
import { fireOf } from './fires.ts';
import type { FireEntry, HoldOutcome, JournalEntry } from './journal.ts';
import type { RowKind } from './rows.ts';

/** A row as it comes back. Other versions write to the table, and other hands may: `details` can hold anything. */
export interface ReadRow {
  readonly kind: RowKind;
  readonly resource: string;
  readonly job: string | null;
  readonly host: string;
  readonly pid: number;
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly is_over: boolean;
  readonly outcome: string;
  readonly waited_ms: number | null;
  readonly details: Details | null;
}

/** As giveway writes them. */
interface Details {
  readonly mode?: Mode;
  readonly isProtected?: boolean;
  readonly reason?: LostReason;
  readonly scope?: ResolvedScope;
  readonly holders?: readonly SentHolder[] | null;
  readonly message?: string;
  readonly attempt?: number;
}

type SentHolder = Omit<SeenHolder, 'since' | 'latestEnd'> & { readonly since: string; readonly latestEnd?: string };

/** What a row tells. One that lacks something is told with less: it must not hide all others. */
export function entryOf(row: ReadRow): JournalEntry {
  const { resource, host, pid, outcome } = row;
  const details = row.details ?? {};
  const about = { resource, job: row.job ?? undefined, host, pid };
  const waitedMs = lengthOf(row.waited_ms);
  const fire = fireOf(resource);
  if (fire !== undefined) return { ...about, ...fire, ...fireFields(row) };
  switch (row.kind) {
    case 'hold':
      return {
        kind: 'hold',
        ...about,
        mode: modeOf(details.mode),
        from: row.started_at,
        to: outcome === 'unknown' ? undefined : (row.ended_at ?? undefined),
        outcome: outcome === 'ongoing' && row.is_over ? 'unknown' : (outcome as HoldOutcome),
        reason: details.reason,
        waitedMs,
        isProtected: details.isProtected !== false,
      };
    case 'skip': {
      return {
        kind: 'skip',
        ...about,
        at: row.started_at,
        reason: outcome as SkipReason,
        scope: scopeOf(details.scope),
        holders: holdersOf(details),
        waitedMs,
      };
    }
    case 'wait':
      if (outcome === 'late-lock') return { kind: 'late-lock', ...about, at: row.started_at };
      return { kind: 'wait', ...about, at: row.started_at, holders: holdersOf(details) };
    case 'conflict':
      return {
        kind: 'conflict',
        ...about,
        at: row.started_at,
        code: outcome,
        message: details.message ?? '',
        attempt: details.attempt ?? 1,
      };
  }
}

/** The previous version held a fire also where the work did not run under it, by a name of its own. */
const takenJob = / \(fire\)$/;

function fireFields({
  kind,
  job,
  started_at: at,
  ended_at,
  is_over,
  outcome,
  details,
}: ReadRow): Omit<FireEntry, 'name' | 'slot' | 'host' | 'pid'> {
  const fire = { kind: 'fire', resource: undefined, job: job?.replace(takenJob, ''), at, to: undefined } as const;
  if (kind === 'skip')
    return { ...fire, outcome: outcome === 'busy' ? 'elsewhere' : (outcome as FireEntry['outcome']), holders: holdersOf(details) };
  if (outcome === 'taken' || takenJob.test(job ?? '')) return { ...fire, outcome: 'taken', holders: [] };
  // Where its process died, nobody told of its end.
  return { ...fire, to: ended_at ?? (is_over ? at : undefined), outcome: 'ran', holders: [] };
}

function holdersOf(details: Details | null): readonly SeenHolder[] {
  const holders = details?.holders;
  if (!Array.isArray(holders)) return [];
  return (holders as readonly SentHolder[]).flatMap(({ since, latestEnd, ...holder }) => {
    const sinceAt = new Date(since);
    if (Number.isNaN(sinceAt.getTime())) return [];
    const latestEndAt = latestEnd === undefined ? undefined : new Date(latestEnd);
    return [{ ...holder, since: sinceAt, ...(latestEndAt === undefined ? {} : { latestEnd: latestEndAt }) }];
  });
}

function lengthOf(ms: number | null): number {
  return ms !== null && ms > 0 && Number.isFinite(ms) ? ms : 0;
}

/** The strongest, where it cannot be told. */
function modeOf(mode: string | undefined): Mode {
  return mode === 'append' || mode === 'read' ? mode : 'write';
}

function scopeOf(scope: ResolvedScope | undefined): ResolvedScope | undefined {
  return scope && [scope.writes, scope.appends, scope.reads].every(Array.isArray) ? scope : undefined;
}
