import type { SkipReason } from '../../lock/api/run.ts';
import type { LostReason } from '../../lock/errors.ts';
import type { LockerEvents } from '../../lock/events.ts';
import type { Mode } from '../../lock/holder.ts';
import type { ResolvedScope } from '../../lock/options.ts';
import type { Rule } from '../../lock/plan/options.ts';
import { checkOptions, positiveInteger, type RulesOf } from '../check-options.ts';
import type { Observed, SeenHolder } from '../listening.ts';

/** A bounded record of who held what, who was skipped and why. No entry holds a token. */
export interface Journal {
  /** Records what this locker tells, until disposed. Several lockers may share a journal. */
  observe(locker: Observed): Disposable;
  /** The newest first. Rejects with `InvalidOptionError`, and a journal in a table with the database's error. */
  entries(query?: JournalQuery): Promise<JournalEntries>;
}

/** What was found. */
export interface JournalEntries extends ReadonlyArray<JournalEntry> {
  /** There is more, older than these: ask again with a larger `limit`, or `until` the oldest began. */
  readonly isCut: boolean;
}

export interface JournalQuery {
  /** Only what happened, or went on, at this time or later. */
  readonly since?: Date;
  /** Only what happened, or began, before this time. */
  readonly until?: Date;
  /** Only what happened, or began, at this time or later. With `until` this is found faster than `since`, however much there is. */
  readonly begunSince?: Date;
  /** Only this resource, by its normalised name. Fires are of none. */
  readonly resource?: string;
  /** Only this job. */
  readonly job?: string;
  /** Only what is of this kind, or of one of these. */
  readonly kind?: EntryKind | readonly EntryKind[];
  /** Only what came to this: a hold's or fire's `outcome`, a skip's `reason`, a conflict's `code`. */
  readonly outcome?: string;
  /** How many at most, the newest. Default: all that a journal in memory keeps, 1 000 of one in a table. `isCut` says if there were more. */
  readonly limit?: number;
}

export type EntryKind = JournalEntry['kind'];

/** What happened to one resource, or to a fire. Work over several resources has an entry for each. */
export type JournalEntry = HoldEntry | SkipEntry | WaitEntry | ConflictEntry | LateLockEntry | FireEntry;

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
 * How a hold ended. `'unknown'`: it must have ended by now, and
 * nobody told; its process died, or stopped being observed.
 */
export type HoldOutcome = 'ongoing' | Exclude<LockerEvents['released']['release'], 'kept'> | 'lost' | 'release-failed' | 'unknown';

/** A run that did not take place, or a `lock()` that gave up. */
export interface SkipEntry extends AboutWork {
  readonly kind: 'skip';
  readonly at: Date;
  readonly reason: SkipReason;
  /** All that it wanted; `undefined` where an earlier version wrote it. */
  readonly scope?: ResolvedScope | undefined;
  readonly holders: readonly SeenHolder[];
  readonly waitedMs: number;
}

/** Somebody began to wait. How long it took is on the hold or skip that follows. */
export interface WaitEntry extends AboutWork {
  readonly kind: 'wait';
  readonly at: Date;
  readonly holders: readonly SeenHolder[];
}

/** The database aborted a transaction because of another one. There is an entry for each table of its scope. */
export interface ConflictEntry extends AboutWork {
  readonly kind: 'conflict';
  readonly at: Date;
  readonly code: string;
  readonly message: string;
  readonly attempt: number;
}

/** A table was written to without its lock, or before it was had. */
export interface LateLockEntry extends AboutWork {
  readonly kind: 'late-lock';
  readonly at: Date;
}

/** What became here of a schedule's fire that one instance of all is to have. */
export interface FireEntry extends Omit<AboutWork, 'resource'> {
  readonly kind: 'fire';
  /** A fire is no table. */
  readonly resource: undefined;
  /** The schedule's. */
  readonly name: string;
  /** When it was due; `undefined` for a run by hand. */
  readonly slot: Date | undefined;
  readonly at: Date;
  /** When the work under it ended, `at` if nobody told of it; `undefined` while it goes on, and where there is none. */
  readonly to: Date | undefined;
  /** `'taken'`: this process had it; `'ran'`: its work ran under it. `'elsewhere'`: another one had it, named in `holders`. */
  readonly outcome: 'taken' | 'ran' | 'elsewhere' | Exclude<SkipReason, 'busy'>;
  readonly holders: readonly SeenHolder[];
}

export const defaultEntries = 1_000;

const kinds: readonly EntryKind[] = ['hold', 'skip', 'wait', 'conflict', 'late-lock', 'fire'];
const areKinds = (value: unknown): boolean => [value].flat().every((kind) => (kinds as readonly unknown[]).includes(kind));
const date: Rule = [(value) => value instanceof Date && !Number.isNaN(value.getTime()), 'a Date is allowed'];
const text: Rule = [(value) => typeof value === 'string', 'a string is allowed'];

const rules: RulesOf<JournalQuery> = {
  since: date,
  until: date,
  begunSince: date,
  resource: text,
  job: text,
  kind: [areKinds, `${kinds.map((kind) => `'${kind}'`).join(', ')} or a list of these is allowed`],
  outcome: text,
  limit: positiveInteger,
};

/** Refuses what would find nothing, and look as if nothing had happened. */
export function checkQuery(query: JournalQuery): void {
  checkOptions(query, rules);
}

/** All of them, where nothing is said. */
export function kindsOf(kind: JournalQuery['kind']): readonly EntryKind[] {
  if (kind === undefined) return kinds;
  return typeof kind === 'string' ? [kind] : kind;
}

/** Of `found`, which may be one more than was asked for, `limit`; and whether that is all. */
export function entriesWithin(found: readonly JournalEntry[], limit: number): JournalEntries {
  // Not among its elements, so that a list of entries is compared, printed and sent as one.
  return Object.defineProperty([...found.slice(0, limit)], 'isCut', { value: found.length > limit }) as unknown as JournalEntries;
}
