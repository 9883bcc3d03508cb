import type { SkipReason } from '../../lock/api/run.ts';
import type { LostReason } from '../../lock/errors.ts';
import type { LockerEvents } from '../../lock/events.ts';
import type { Mode } from '../../lock/holder.ts';
import { checkOptions, orNone, positiveInteger, type Rule, type Rules } from '../check-options.ts';
import type { Observed, SeenHolder } from '../listening.ts';

/** A bounded record of who held what, who was skipped and why. No entry holds a token. */
export interface Journal {
  /** Records what this locker tells, until disposed. Several lockers may share a journal. */
  observe(locker: Observed): Disposable;
  /** The newest first. Rejects with `InvalidOptionError`, and a journal in a table with the database's error. */
  entries(query?: JournalQuery): Promise<readonly JournalEntry[]>;
}

export interface JournalQuery {
  /** Only what happened, or went on, at this time or later. */
  readonly since?: Date;
  /** Only what happened, or began, before this time. */
  readonly until?: Date;
  /** Only this resource, by its normalised name. */
  readonly resource?: string;
  /** Only what is of this kind. */
  readonly kind?: JournalEntry['kind'];
  /** How many at most, the newest. Default: all that a journal in memory keeps, 1 000 of one in a table. */
  readonly limit?: number;
}

/** What happened to one resource. Work over several resources has an entry for each. */
export type JournalEntry = HoldEntry | SkipEntry | WaitEntry | ConflictEntry;

/** What all entries say. */
interface AboutWork {
  readonly resource: string;
  readonly job: string | undefined;
  /** Of the process that this happened to. */
  readonly host: string;
  readonly pid: number;
}

/** A lock that was had. */
export interface HoldEntry extends AboutWork {
  readonly kind: 'hold';
  readonly mode: Mode;
  readonly from: Date;
  /** `undefined` while it is held, and if nobody told of its end. */
  readonly to: Date | undefined;
  readonly outcome: HoldOutcome;
  /** Set when the outcome is `'lost'`. */
  readonly reason: LostReason | undefined;
  readonly waitedMs: number;
  /** `false`: the store was down, and the work went on without a lock. */
  readonly isProtected: boolean;
}

/**
 * How a hold ended. `'kept'`: it had joined an outer run, whose own entry goes on. `'unknown'`: it must have ended by now, and
 * nobody told; its process died, or stopped being observed.
 */
export type HoldOutcome = 'ongoing' | LockerEvents['released']['release'] | 'lost' | 'release-failed' | 'unknown';

/** A run that did not take place, or a `lock()` that gave up. */
export interface SkipEntry extends AboutWork {
  readonly kind: 'skip';
  readonly at: Date;
  readonly reason: SkipReason;
  readonly holders: readonly SeenHolder[];
  readonly waitedMs: number;
}

/** Somebody began to wait. How long it took is on the hold or skip that follows. */
export interface WaitEntry extends AboutWork {
  readonly kind: 'wait';
  readonly at: Date;
  readonly holders: readonly SeenHolder[];
}

/** The database aborted a transaction because of another one. */
export interface ConflictEntry extends AboutWork {
  readonly kind: 'conflict';
  readonly at: Date;
  readonly code: string;
  readonly message: string;
  readonly attempt: number;
}

export const defaultEntries = 1_000;

const kinds: readonly unknown[] = ['hold', 'skip', 'wait', 'conflict'] satisfies readonly JournalEntry['kind'][];

const date: Rule = [(value) => value instanceof Date && !Number.isNaN(value.getTime()), 'a Date is allowed'];

const rules: Rules<JournalQuery> = {
  since: orNone(date),
  until: orNone(date),
  resource: orNone([(value) => typeof value === 'string', 'a string is allowed']),
  kind: orNone([(value) => kinds.includes(value), "'hold', 'skip', 'wait' or 'conflict' is allowed"]),
  limit: orNone(positiveInteger),
};

/** Refuses what would find nothing, and look as if nothing had happened. */
export function checkQuery(query: JournalQuery): void {
  checkOptions(query, rules);
}
