import type { SkipReason } from '../lock/api/run.ts';
import type { Mode } from '../lock/holder.ts';

/** All that the page shows, as JSON. Times are milliseconds since 1970. Holds no token. */
export interface View {
  readonly atMs: number;
  /** What could not be asked, in sentences. */
  readonly problems: readonly string[];
  readonly tables: readonly TableView[];
  readonly tablesLeftOff: number;
  /** Every table that is held is among them. */
  readonly listsAll: boolean;
  /** Starving ones first. */
  readonly jobs: readonly JobView[];
  readonly jobsLeftOff: number;
  /** From when on the journal was read; `undefined` without a journal. */
  readonly historyFromMs: number | undefined;
  readonly canUnlock: boolean;
}

export interface TableView {
  /** What unlocks it. */
  readonly resource: string;
  /** The same, as it may be shown. */
  readonly title: string;
  /** `unknown`: the store did not answer. */
  readonly state: 'free' | 'held' | 'min-hold' | 'unknown';
  readonly holders: readonly HolderView[];
  readonly holdersLeftOff: number;
  /** How many hold it of those that its `limits` allow; `undefined`: it has none. */
  readonly places: { readonly taken: number; readonly limit: number } | undefined;
  /** In line, who comes next first. */
  readonly waiting: readonly HolderView[];
  readonly waitingLeftOff: number;
  readonly past: TablePast;
}

export interface HolderView {
  /** Names this hold in a request to unlock. Made of the token by a hash, so it unlocks nothing by itself. */
  readonly id: string;
  readonly mode: Mode;
  readonly job: string | undefined;
  readonly host: string;
  readonly pid: number;
  readonly sinceMs: number;
  readonly latestEndMs: number | undefined;
}

/** What happened to one table in the time shown. */
export interface TablePast {
  readonly holds: number;
  readonly skips: number;
  /** Of the runs that wanted it, the part that found it busy; `undefined` if none wanted it. */
  readonly skipRate: number | undefined;
  readonly conflicts: number;
  readonly waitMs: Quantiles | undefined;
  readonly holdMs: Quantiles | undefined;
  /** What is near each other and of one kind is one span, so that their number is bounded. */
  readonly spans: readonly Span[];
}

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

export type SpanKind = 'held' | 'unprotected' | 'lost' | 'skip' | 'conflict';

export interface Span {
  readonly kind: SpanKind;
  readonly fromMs: number;
  /** `undefined`: it goes on. */
  readonly toMs: number | undefined;
  readonly count: number;
}

export interface JobView {
  /** Its name, or the table of work without a name. */
  readonly job: string;
  readonly isNamed: boolean;
  readonly isRunning: boolean;
  readonly isStarving: boolean;
  readonly runs: number;
  readonly skips: number;
  /** Skips since it last ran. */
  readonly skipsInARow: number;
  readonly lastRunMs: number | undefined;
  readonly lastSkip: SkipView | undefined;
}

interface SkipView {
  readonly atMs: number;
  readonly resource: string;
  readonly reason: SkipReason;
  readonly holders: readonly Omit<HolderView, 'id'>[];
}
