import type { SkipReason } from '../lock/api/run.ts';
import type { Mode } from '../lock/holder.ts';

/** All that the page shows of now, as JSON. Times are milliseconds since 1970. Holds no token. */
export interface View {
  readonly atMs: number;
  /** Where this is, for the title; `undefined` where nothing was said. */
  readonly environment: string | undefined;
  readonly store: string | undefined;
  /** What could not be asked, in sentences. */
  readonly problems: readonly string[];
  readonly tables: readonly TableView[];
  readonly tablesLeftOff: number;
  /** Every table that is held is among them. */
  readonly listsAll: boolean;
  /** Jobs that starve, those with the most skips in a row first. */
  readonly starving: readonly JobView[];
  /** Whether there is a past to ask for. */
  readonly hasJournal: boolean;
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

/** From one time to another, in milliseconds since 1970. */
export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What happened between two times: no more than a screen can show. */
export interface PastView extends Range {
  /** From when on the journal was read. Later than `fromMs`: ask again for the rest, or `isCut`. */
  readonly knownFromMs: number;
  /** The journal has more than is read; what is older stays away. */
  readonly isCut: boolean;
  /** What could not be asked, in sentences. */
  readonly problems: readonly string[];
  /** Names, by the numbers that spans have. */
  readonly names: readonly string[];
  /** Tables that something happened to, those with conflicts and skips first. */
  readonly lanes: readonly LaneView[];
  readonly lanesLeftOff: number;
  /** The most frequent first. */
  readonly pairs: readonly PairView[];
  /** Skips and waits of pairs that are not among them. */
  readonly pairsLeftOff: number;
  readonly jobs: readonly JobView[];
  readonly jobsLeftOff: number;
  /** Sentences, the most useful first. */
  readonly advice: readonly string[];
  /** What is expected after now. */
  readonly ahead: readonly AheadView[];
}

export interface LaneView {
  readonly resource: string;
  readonly title: string;
  readonly holds: number;
  readonly skips: number;
  readonly conflicts: number;
  /** In the order of their beginnings. */
  readonly spans: readonly Span[];
}

export type SpanKind = 'held' | 'unprotected' | 'lost' | 'skip' | 'wait' | 'conflict';

/**
 * A span of a lane, as a tuple since there are thousands: what it is, from and to in milliseconds after the view's `fromMs` (-1: it goes on),
 * whose (a number in `names`), how many, and who was in the way (a number in `names`, -1: nobody is known).
 */
export type Span = readonly [kind: SpanKind, from: number, to: number, job: number, count: number, by: number];

/** How often one job was in another's way. */
export interface PairView {
  readonly blocked: string;
  readonly by: string;
  readonly skips: number;
  readonly waits: number;
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

export interface SkipView {
  readonly atMs: number;
  readonly resource: string;
  readonly reason: SkipReason;
  readonly waitedMs: number;
  readonly holders: readonly Omit<HolderView, 'id'>[];
}

/** One job over time. */
export interface JobPastView extends Range {
  readonly job: string;
  readonly knownFromMs: number;
  readonly isCut: boolean;
  readonly problems: readonly string[];
  readonly sum: JobView | undefined;
  readonly holdMs: Quantiles | undefined;
  readonly waitMs: Quantiles | undefined;
  readonly names: readonly string[];
  readonly lanes: readonly LaneView[];
  /** Beginnings, as milliseconds after `fromMs`, and lengths of runs; of runs near each other the longest. */
  readonly lengths: readonly (readonly [from: number, heldMs: number])[];
  /** The newest first. */
  readonly skips: readonly SkipView[];
  readonly skipsLeftOff: number;
  readonly pairs: readonly PairView[];
  readonly pairsLeftOff: number;
}

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

export interface AheadView extends Range {
  readonly table: string;
  readonly job: string;
}
