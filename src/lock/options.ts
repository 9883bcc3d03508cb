/** What callers may say: types alone. How it is checked and completed is in plan/. */
import type { Mode } from './holder.ts';

export type Names = string | readonly string[];

/** The resources and modes that one piece of work needs. A string or a list of strings means `{ writes }`. */
export type LockScope = string | readonly string[] | { readonly writes?: Names; readonly appends?: Names; readonly reads?: Names };

/** A scope with every name normalised, sorted and in one mode only. */
export interface ResolvedScope {
  readonly writes: readonly string[];
  readonly appends: readonly string[];
  readonly reads: readonly string[];
}

/** One resource in one mode. */
export interface Need {
  readonly resource: string;
  readonly mode: Mode;
  /** At most so many in this mode in the whole fleet. */
  readonly limit?: number | undefined;
}

/** How long and how often to try while the scope is busy. */
export interface RetryOptions {
  /** Longest wait, in milliseconds. Default 10 000. */
  readonly maxWaitMs?: number;
  /** First pause between two looks at the store, in milliseconds; grows up to `maxDelayMs`. Default 50. */
  readonly delayMs?: number;
  /** Longest pause between two looks, in milliseconds. Default 1 000. */
  readonly maxDelayMs?: number;
  /** Most looks at the store before giving up. Default: as many as `maxWaitMs` allows. */
  readonly maxAttempts?: number;
}

/** What to do when the store does not answer: work unprotected, do not work, or fail. */
export type StoreDownPolicy = 'run' | 'skip' | 'throw';

/** Settings that a table in `resources` can have for itself. */
export interface TableOptions {
  /** How long the lock lives without a heartbeat, in milliseconds: an integer from 1 000 to 86 400 000. Default 30 000. */
  readonly ttlMs?: number;
  /** The longest it may be kept alive, in milliseconds; `Infinity` allowed. Default 300 000. Past it the record is left to its TTL. */
  readonly maxHoldMs?: number;
  /** The shortest time before others may take it, in milliseconds, at most `ttlMs`. Default 0. */
  readonly minHoldMs?: number;
  readonly retry?: RetryOptions;
  /** Default `'run'`. In `lock()` and `tryLock()`, `'skip'` throws `StoreUnavailableError` too. */
  readonly onStoreDown?: StoreDownPolicy;
  /** What `run` and `wrap` do while the scope is busy. Default `'skip'`. */
  readonly onBusy?: 'skip' | 'retry';
  /** At most so many at once in the whole fleet, those of one process counted each. Default: no limit. Where processes disagree, the smaller counts. */
  readonly limits?: { readonly appends?: number; readonly reads?: number };
}

export interface LockOptions extends Omit<TableOptions, 'onBusy' | 'limits'> {
  /** Renew every `ttlMs` / 3. Default true. */
  readonly heartbeat?: boolean;
  /** Shown to others while held; cut to 128 bytes. */
  readonly job?: string;
  /** Gives up waiting (AbortError). Once the lock is held, it aborts `lock.signal`. */
  readonly signal?: AbortSignal;
}

export interface RunOptions extends LockOptions {
  /** What to do while the scope is busy. Default `'skip'`. */
  readonly onBusy?: 'skip' | 'retry';
  /** When a job that keeps being skipped is reported by the event `starving`. Default after 10 skips in a row. */
  readonly starveAfter?: StarveAfter;
  /** What a starving job does beside the event: nothing more, or wait at its next run as with `onBusy: 'retry'`. Default `'event'`. */
  readonly onStarving?: 'event' | 'wait';
}

export interface ResolvedOptions {
  readonly ttlMs: number;
  readonly maxHoldMs: number;
  readonly minHoldMs: number;
  readonly heartbeat: boolean;
  readonly retry: Required<RetryOptions>;
  readonly onStoreDown: StoreDownPolicy;
  readonly onBusy: 'skip' | 'retry';
  readonly starveAfter: Required<StarveAfter>;
  readonly onStarving: 'event' | 'wait';
  readonly job: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** When a job counts as starving: after so many skips in a row, or so long after the first of them. */
export interface StarveAfter {
  /** Skips in a row. Default 10. */
  readonly skips?: number;
  /** Milliseconds since the first of those skips. Default: no limit. */
  readonly ms?: number;
}
