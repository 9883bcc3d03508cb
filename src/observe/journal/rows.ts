import { needsOf } from '../../lock/plan/scope.ts';
import { fireKey } from './fires.ts';
import { type Hold, type Moment, self } from './recorder.ts';

/**
 * All kinds that the previous version knows, whose processes may read the same table. It takes a fire for a hold or a skip of its name,
 * and a late lock for a wait, which it shows nowhere.
 */
export type RowKind = 'hold' | 'skip' | 'wait' | 'conflict';

/** A row as it is sent: JSON, with times in milliseconds since 1970. What all rows of a process have in common goes beside them. */
interface SentRow {
  readonly id: string;
  readonly kind: RowKind;
  readonly resource: string;
  readonly job: string | null;
  /** Where it is another than beside. */
  readonly host: string | undefined;
  readonly started_ms: number;
  readonly ended_ms: number | typeof never;
  readonly latest_end_ms: number | typeof never;
  readonly outcome: string;
  readonly waited_ms: number | null;
  readonly details: object;
}

/** As `float8` reads it. JSON has no such number. */
const never = 'Infinity';

/** The rows of a hold, one per resource, or of a moment. Rows of the same hold have the same ids whenever they are made. */
export function rowsOf(one: Hold | Moment, id: string): readonly SentRow[] {
  if ('kind' in one) return [momentRow(one, id)];
  const { began, host, fromMs, heldMs, outcome, reason } = one;
  const { scope, job, waitedMs, maxHoldMs, isProtected } = began;
  // Made straight from what was noted, without dates: thousands of locks a second end here.
  return needsOf(scope).map(({ resource, mode }, index) => ({
    id: `${id}.${index}`,
    kind: 'hold',
    resource,
    job: job ?? null,
    host: unlessSelf(host),
    started_ms: fromMs,
    ended_ms: outcome === 'ongoing' ? never : Math.floor(fromMs + (heldMs ?? 0)),
    latest_end_ms: Number.isFinite(maxHoldMs) ? fromMs + maxHoldMs : never,
    outcome,
    waited_ms: waitedMs,
    details: { mode, isProtected, reason },
  }));
}

function unlessSelf(host: string): string | undefined {
  return host === self.host ? undefined : host;
}

function momentRow(moment: Moment, id: string): SentRow {
  const { job, host, at } = moment;
  const atMs = at.getTime();
  const resource = moment.kind === 'fire' ? fireKey(moment) : moment.resource;
  const row = {
    id,
    resource,
    job: job ?? null,
    host: unlessSelf(host),
    started_ms: atMs,
    ended_ms: atMs,
    latest_end_ms: atMs,
    waited_ms: null,
  };
  switch (moment.kind) {
    case 'skip': {
      const { reason, scope, holders, waitedMs } = moment;
      return { ...row, kind: 'skip', outcome: reason, waited_ms: waitedMs, details: { scope, holders } };
    }
    case 'wait':
      return { ...row, kind: 'wait', outcome: 'waiting', details: { holders: moment.holders } };
    case 'conflict':
      return { ...row, kind: 'conflict', outcome: moment.code, details: { message: moment.message, attempt: moment.attempt } };
    case 'late-lock':
      return { ...row, kind: 'wait', outcome: 'late-lock', details: { holders: [] } };
    case 'fire':
      if (moment.outcome === 'taken')
        return { ...row, kind: 'hold', outcome: 'taken', waited_ms: 0, details: { mode: 'write', isProtected: true } };
      return {
        ...row,
        kind: 'skip',
        outcome: moment.outcome === 'elsewhere' ? 'busy' : moment.outcome,
        waited_ms: 0,
        details: { holders: moment.holders },
      };
  }
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
