import type { LostReason } from '../../lock/errors.ts';
import type { Mode } from '../../lock/record.ts';
import type { SkipReason } from '../../lock/run.ts';
import type { SeenHolder } from '../listening.ts';
import type { HoldOutcome, JournalEntry } from './journal.ts';
import { type Hold, holdEntries, type Moment } from './recorder.ts';

/** A row as it is sent: JSON, with times as text. */
export interface SentRow {
  readonly id: string;
  readonly kind: JournalEntry['kind'];
  readonly resource: string;
  readonly job: string | null;
  readonly host: string;
  readonly pid: number;
  readonly started_at: string;
  readonly ended_at: string;
  readonly latest_end: string;
  readonly outcome: string;
  readonly waited_ms: number | null;
  readonly details: object;
}

/** A row as it comes back. */
export interface ReadRow {
  readonly kind: JournalEntry['kind'];
  readonly resource: string;
  readonly job: string | null;
  readonly host: string;
  readonly pid: number;
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly is_over: boolean;
  readonly outcome: string;
  readonly waited_ms: number | null;
  readonly details: Details;
}

interface Details {
  readonly mode: Mode;
  readonly isProtected: boolean;
  readonly reason?: LostReason;
  readonly holders: readonly (Omit<SeenHolder, 'since' | 'latestEnd'> & { readonly since: string; readonly latestEnd?: string })[];
  readonly message: string;
  readonly attempt: number;
}

/** The rows of a hold or of a moment. Rows of the same hold have the same ids whenever they are made. */
export function rowsOf(one: Hold | Moment, id: string): readonly SentRow[] {
  if ('kind' in one) return [momentRow(one, id)];
  const { maxHoldMs } = one.began;
  const latestEnd = Number.isFinite(maxHoldMs) ? new Date(one.fromMs + maxHoldMs).toISOString() : 'infinity';
  return holdEntries(one).map((entry, index) => ({
    ...common(entry, `${id}.${index}`),
    started_at: entry.from.toISOString(),
    ended_at: entry.outcome === 'ongoing' ? 'infinity' : (entry.to ?? entry.from).toISOString(),
    latest_end: latestEnd,
    outcome: entry.outcome,
    waited_ms: entry.waitedMs,
    details: { mode: entry.mode, isProtected: entry.isProtected, reason: entry.reason },
  }));
}

function momentRow(moment: Moment, id: string): SentRow {
  const at = moment.at.toISOString();
  const row = { ...common(moment, id), started_at: at, ended_at: at, latest_end: at };
  if (moment.kind === 'skip') return { ...row, outcome: moment.reason, waited_ms: moment.waitedMs, details: { holders: moment.holders } };
  if (moment.kind === 'wait') return { ...row, outcome: 'waiting', waited_ms: null, details: { holders: moment.holders } };
  return { ...row, outcome: moment.code, waited_ms: null, details: { message: moment.message, attempt: moment.attempt } };
}

function common(
  { kind, resource, job, host, pid }: JournalEntry,
  id: string,
): Pick<SentRow, 'id' | 'kind' | 'resource' | 'job' | 'host' | 'pid'> {
  return { id, kind, resource, job: job ?? null, host, pid };
}

/** Text that `jsonb` takes: it refuses NUL and halves of a character, and with one string the whole batch. */
export function encodeRows(rows: readonly SentRow[]): string {
  const text = JSON.stringify(rows);
  // JSON writes both as escapes. To clean every string before costs more than all the rest.
  return /\\u(?:0000|d[89a-f])/.test(text) ? JSON.stringify(rows, clean) : text;
}

function clean(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value;
}

export function entryOf(row: ReadRow): JournalEntry {
  const { resource, host, pid, details, outcome } = row;
  const about = { resource, job: row.job ?? undefined, host, pid };
  const waitedMs = row.waited_ms ?? 0;
  switch (row.kind) {
    case 'hold':
      return {
        kind: 'hold',
        ...about,
        mode: details.mode,
        from: row.started_at,
        to: outcome === 'unknown' ? undefined : (row.ended_at ?? undefined),
        outcome: outcome === 'ongoing' && row.is_over ? 'unknown' : (outcome as HoldOutcome),
        reason: details.reason,
        waitedMs,
        isProtected: details.isProtected,
      };
    case 'skip':
      return { kind: 'skip', ...about, at: row.started_at, reason: outcome as SkipReason, holders: holdersOf(details), waitedMs };
    case 'wait':
      return { kind: 'wait', ...about, at: row.started_at, holders: holdersOf(details) };
    case 'conflict':
      return { kind: 'conflict', ...about, at: row.started_at, code: outcome, message: details.message, attempt: details.attempt };
  }
}

function holdersOf({ holders }: Details): readonly SeenHolder[] {
  return holders.map(({ since, latestEnd, ...holder }) => ({
    ...holder,
    since: new Date(since),
    ...(latestEnd === undefined ? {} : { latestEnd: new Date(latestEnd) }),
  }));
}
