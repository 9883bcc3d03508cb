import type { Mode } from '../holder.ts';
import type { ResolvedScope } from '../options.ts';

/** What you hold after `lock()`. */
export interface Lock extends AsyncDisposable {
  /** 128 random bits, new at every acquisition from the store. A secret: it is what ownership is judged by. */
  readonly token: string;
  readonly scope: ResolvedScope;
  readonly job: string | undefined;
  /** Aborted with a `LockLostError` when the lock is lost, no later than its own deadline. `aborted` judges the deadline when read. */
  readonly signal: AbortSignal;
  readonly acquiredAt: Date;
  /** Milliseconds until the lock ends unless it is renewed; 0 when it is over. */
  remainingMs(): number;
  /** `false`: the store was down and `onStoreDown` is `'run'`. */
  readonly isProtected: boolean;
  /** Durable stores and Redis, mode `write`: a store-wide number that grows with every acquisition. Several resources: the largest. */
  readonly fence: bigint | undefined;
  /** Sets this lock's `ttlMs` from now, capped by `maxHoldMs`, until changed again. Default: what it is. `false`: it is no longer ours. Rejects with `StoreUnavailableError`. */
  extend(ttlMs?: number): Promise<boolean>;
  /** `false`: it was no longer ours. Rejects only with `StoreUnavailableError`. */
  unlock(): Promise<boolean>;
  /** Throws the `LockLostError` if the lock is lost. */
  throwIfLost(): void;
  /** Stops the heartbeat and detaches the lock from this process; `locker.restore()` takes it over elsewhere. */
  handOver(): Promise<SerializedLock>;
  /** For logs, and what `console.log` shows: never the token. */
  toJSON(): object;
  /** Unlocks; never rejects (event `release-failed`). */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A lock on its way to another process. JSON; holds tokens, so treat it as a secret. */
export interface SerializedLock {
  readonly v: 1;
  readonly namespace: string;
  readonly environment?: string;
  readonly scope: ResolvedScope;
  readonly job?: string;
  readonly entries: readonly { readonly resource: string; readonly mode: Mode; readonly token: string }[];
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly ttlMs: number;
  /** `null`: no limit. */
  readonly maxHoldMs: number | null;
  readonly minHoldMs: number;
}
