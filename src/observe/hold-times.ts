import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { type Clock, systemClock } from '../lock/clock.ts';
import type { LockerEvents } from '../lock/events.ts';
import type { ResolvedScope } from '../lock/options.ts';
import { ttlRangeMs } from '../lock/plan/options.ts';
import { anything, callback, checkOptions, type RulesOf, withMethods } from './check-options.ts';
import { harmlessly } from './harmless.ts';
import { listen, type Observed, scopeLabel } from './listening.ts';
import type { Logger } from './log.ts';

export interface HoldTimesOptions {
  /** Told once of each hold that passes 80 % of its `maxHoldMs`, while it is held. What it throws, or rejects with, is ignored. */
  readonly onLong?: (hold: LongHold) => void;
  /** Gets a line for the same, at `warn`. */
  readonly logger?: Pick<Logger, 'warn'>;
  /** For tests. */
  readonly clock?: Clock;
}

/** A hold that nears the end of what it is allowed. */
export interface LongHold {
  /** The job's name, or what it takes. */
  readonly job: string;
  readonly heldMs: number;
  readonly maxHoldMs: number;
}

/** How long a job holds its locks, and what follows. Quantiles are right to 1 %. */
export interface TtlSuggestion {
  readonly job: string;
  /** p99 and half as much again, in whole seconds: a `maxHoldMs`, or a `ttlMs` where there is no heartbeat. */
  readonly ttlMs: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  /** How many holds this is drawn from. Below 100 the p99 is no more than the longest that was seen. */
  readonly samples: number;
}

export interface HoldTimes extends Disposable {
  /** `undefined`: nothing was seen of this job. `job` is its name, or what it takes (`events`, `events+visits`). */
  suggestTtl(job: string): TtlSuggestion | undefined;
  /** Of every job that was seen, by name. */
  suggestions(): readonly TtlSuggestion[];
}

const warnAt = 0.8;
const margin = 1.5;
const checkEveryMs = 1_000;
/** A histogram takes 25 kB. */
const jobsKept = 500;

type Acquired = LockerEvents['acquired'];

const rules: RulesOf<HoldTimesOptions> = {
  onLong: callback,
  logger: withMethods('a logger with the method warn is allowed', 'warn'),
  clock: anything,
};

/**
 * Measures how long each job holds its locks, in this process, and warns of holds that near their `maxHoldMs`. Throws
 * `InvalidOptionError`.
 */
export function holdTimes(locker: Observed, options: HoldTimesOptions = {}): HoldTimes {
  checkOptions(options, rules);
  const { onLong, logger, clock = systemClock } = options;
  const jobs = new Map<string, RecordableHistogram>();
  const open = new Map<number, Acquired>();
  /** When a hold was first looked at, up to `checkEveryMs` after it began: the clock is not read for each lock. */
  const seenMonoMs = new Map<number, number>();
  let timer: Disposable | undefined;

  /** Each hold is warned of once: it is forgotten here afterwards. */
  const forget = (id: number): void => {
    open.delete(id);
    if (seenMonoMs.size > 0) seenMonoMs.delete(id);
  };
  const check = ({ id, job: named, scope, maxHoldMs }: Acquired, heldMs: number): void => {
    if (heldMs < warnAt * maxHoldMs) return;
    forget(id);
    const job = nameOf(named, scope);
    const held = `${Math.round(heldMs)} of ${maxHoldMs} ms`;
    harmlessly(() => onLong?.({ job, heldMs, maxHoldMs }));
    harmlessly(() =>
      logger?.warn({ job, heldMs, maxHoldMs }, `"${job}" has held its lock for ${held}: raise maxHoldMs, or do less at once`),
    );
  };
  const checkAll = (): void => {
    timer = undefined;
    const nowMonoMs = clock.monotonicMs();
    for (const [id, hold] of open) {
      if (!seenMonoMs.has(id)) seenMonoMs.set(id, nowMonoMs);
      check(hold, nowMonoMs - (seenMonoMs.get(id) ?? nowMonoMs));
    }
    if (open.size > 0) arm();
  };
  const arm = (): void => {
    timer ??= clock.setTimer(checkAll, checkEveryMs, false);
  };
  const end = (id: number, heldMs: number): void => {
    const hold = open.get(id);
    if (hold === undefined) return;
    check(hold, heldMs);
    forget(id);
  };
  const histogramOf = (job: string): RecordableHistogram => {
    let histogram = jobs.get(job);
    if (histogram === undefined) {
      const [oldest] = jobs.keys();
      if (jobs.size >= jobsKept && oldest !== undefined) jobs.delete(oldest);
      histogram = createHistogram({ lowest: 1, highest: ttlRangeMs.max, figures: 2 });
      jobs.set(job, histogram);
    }
    return histogram;
  };
  const suggest = (job: string): TtlSuggestion | undefined => {
    const histogram = jobs.get(job);
    if (histogram === undefined) return undefined;
    const p99Ms = histogram.percentile(99);
    const ttlMs = Math.min(Math.max(Math.ceil((p99Ms * margin) / 1_000) * 1_000, ttlRangeMs.min), ttlRangeMs.max);
    return { job, ttlMs, p99Ms, longestMs: histogram.max, samples: histogram.count };
  };

  const subscription = listen(locker, {
    acquired(event) {
      if (event.maxHoldMs === Number.POSITIVE_INFINITY) return;
      open.set(event.id, event);
      arm();
    },
    released({ id, scope, job, heldMs, release }) {
      end(id, heldMs);
      // A hand-over is half a hold. A lost lock counts in full: its work went on until here.
      if (release !== 'handed-over') histogramOf(nameOf(job, scope)).record(Math.min(Math.max(Math.round(heldMs), 1), ttlRangeMs.max));
    },
    lost: ({ id, heldMs }) => end(id, heldMs),
    'release-failed': ({ id }) => forget(id),
  });
  return {
    suggestTtl: suggest,
    suggestions: () => [...jobs.keys()].flatMap((job) => suggest(job) ?? []),
    [Symbol.dispose]() {
      subscription[Symbol.dispose]();
      timer?.[Symbol.dispose]();
      open.clear();
    },
  };
}

function nameOf(job: string | undefined, scope: ResolvedScope): string {
  return job ?? scopeLabel(scope);
}
