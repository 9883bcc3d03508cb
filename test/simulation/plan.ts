/** A world, written down: everything but the latencies of single requests, which its seed draws as they come. */
import type { KindName } from './kinds.ts';

export interface Plan {
  readonly seed: number;
  readonly kind: KindName;
  readonly wire: Wire;
  /** Names that are locked. With a schema (`s.*`) among them they are listed. */
  readonly resources: readonly string[];
  /** At most so many appends at once on the first resource; 0: no limit. */
  readonly limit: number;
  readonly processes: readonly ProcessPlan[];
  readonly mishaps: readonly Mishap[];
}

export interface Wire {
  /** One way, in milliseconds. */
  readonly leastMs: number;
  readonly mostMs: number;
  readonly deadlineMs: number;
  /** Shares of requests. */
  readonly faults: number;
  /** Shares of calls by push. */
  readonly pushesLost: number;
  readonly pushesDoubled: number;
  readonly pushesWithEntry: number;
}

export interface ProcessPlan {
  readonly name: string;
  readonly host: string;
  readonly wallAheadMs: number;
  readonly tasks: readonly TaskPlan[];
}

export interface TaskPlan {
  readonly steps: readonly Step[];
}

export interface Scope {
  readonly writes?: readonly string[];
  readonly appends?: readonly string[];
  readonly reads?: readonly string[];
}

export interface Options {
  readonly ttlMs: number;
  readonly maxHoldMs: number;
  readonly minHoldMs: number;
  readonly heartbeat: boolean;
  readonly maxWaitMs: number;
  /** Looks at the store before a wait is given up. */
  readonly maxAttempts?: number;
  readonly onStoreDown: 'run' | 'skip' | 'throw';
}

/** One piece of work of a task. `retry` is a run that waits, `look` asks who holds what. */
export interface Step {
  readonly pauseMs: number;
  readonly ask: 'lock' | 'tryLock' | 'run' | 'retry' | 'wrap' | 'close' | 'look';
  readonly scope: Scope;
  readonly options: Options;
  readonly holdMs: number;
  /** So long after it was asked for, the caller gives up. */
  readonly abortAfterMs?: number | undefined;
  /** What happens half-way through. */
  readonly midway?: Midway | undefined;
  /** How a lock that was not taken by `run` ends. */
  readonly end: 'unlock' | 'dispose' | 'twice' | 'late' | 'leave' | 'hand over';
  /** Who restores it, and how much later. */
  readonly heir?: { readonly process: string; readonly afterMs: number } | undefined;
}

export type Midway =
  | { readonly what: 'extend'; readonly ttlMs: number }
  | { readonly what: 'nested'; readonly step: Step }
  | { readonly what: 'throw' }
  | { readonly what: 'close' };

export type Mishap = { readonly atMs: number } & (
  | { readonly what: 'crash' | 'close'; readonly process: string }
  | { readonly what: 'stall' | 'suspend'; readonly process: string; readonly ms: number }
  | { readonly what: 'wall'; readonly process: string; readonly aheadMs: number }
  | { readonly what: 'forget'; readonly resource: string }
  | { readonly what: 'restart' }
  | { readonly what: 'stand still' | 'silence' | 'outage'; readonly ms: number }
);
