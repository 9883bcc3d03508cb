/** What the options of a locked processor are; without BullMQ's types, which users of another module need not have. */
import type { RunOptions, StarveAfter } from '../lock/options.ts';

export interface LockedProcessorOptions extends Omit<RunOptions, 'retry'> {
  /**
   * What a job does that finds its scope busy. `'retry'`, the default, moves it to delayed: the worker's slot is free and no
   * attempt is counted. `'skip'` completes it with a `SkippedJob` as its result; that is the default for jobs of a job
   * scheduler, where the next one comes by itself and a backlog could build.
   */
  readonly onBusy?: 'skip' | 'retry';
  readonly retry?: PostponeOptions;
  /** Stops the worker's jobs: those at work see it on their signal, those that have not begun are put off for another worker. */
  readonly signal?: AbortSignal;
  /** A job that is put off waits: it starves by the time that takes, `ms`, and not by `skips`. Default 600 000. */
  readonly starveAfter?: StarveAfter;
  /** Default 3 600 000: a table's or locker's own `maxHoldMs` comes first. */
  readonly maxHoldMs?: number;
}

/** How a busy job is put off. */
export interface PostponeOptions {
  /** First delay, in milliseconds; doubles up to `maxDelayMs`, and each is shortened at random by up to half. Default 1 000; 200 in a sandbox, where nobody wakes it. */
  readonly delayMs?: number;
  /** Longest delay, in milliseconds. Default 5 000. */
  readonly maxDelayMs?: number;
  /** Most times a job is started and finds its scope busy before it fails with `ResourceBusyError`, as an attempt that BullMQ counts; each of those has as many. Default 1 000. */
  readonly maxAttempts?: number;
}
