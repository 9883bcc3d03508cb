/** What a lock costs in requests to the store: the formula of docs/cost.md, which a test holds against real servers. */

/** One hold, and one other process that waits for its end. */
export interface Course {
  readonly holdMs: number;
  /** Time from one heartbeat to the next: `ttlMs / 3` for a locker, `heartbeatPeriodMs` for a lease. */
  readonly beatMs: number;
  /** How many wait in the other process. */
  readonly waiters: number;
}

/** Requests while it is held: those of the holder, its release included, and those of the process that waits. */
export interface Requests {
  readonly holder: number;
  readonly waiting: number;
}

/** One request to take it, one for each heartbeat, one to let go. */
export function holding({ holdMs, beatMs }: Course): number {
  return 2 + Math.floor(holdMs / beatMs);
}

/**
 * On a store with push: a refused attempt (two), the subscription, a look before it stands and one after; then a look at
 * each heartbeat it is told of. However many wait, one of them looks.
 */
export function waitingWithPush({ holdMs, beatMs, waiters }: Course): number {
  return waiters === 0 ? 0 : 5 + Math.floor(holdMs / beatMs);
}

/**
 * On a store without: a refused attempt (two), then looks. A pause is a quarter of the wait so far, 3 ms at least and a second
 * at most, and by chance up to a half shorter: this is the mean. However many wait, one of them looks.
 */
export function waitingByPolls({ holdMs, waiters }: Course): number {
  if (waiters === 0) return 0;
  const smallMs = 12;
  const growingMs = 4_000;
  const looks = (ms: number): number =>
    ms <= smallMs ? ms / 3 : 3 + Math.log(Math.min(ms, growingMs) / smallMs) / Math.log(1.1875) + Math.max(0, ms - growingMs) / 750;
  return 2 + looks(holdMs);
}

/** `LockClient` here: each waiter tries once (two), then reads once in each refresh period. */
export function waitingForLease({ holdMs, waiters }: Course): number {
  return waiters * (2 + Math.floor(holdMs / refreshPeriodMs));
}

/** The default of both lease clients. */
const refreshPeriodMs = 1_000;

/**
 * Amazon's DynamoDB Lock Client for Java, by its documentation and source: a read and a write to take it, a write for each
 * heartbeat, a write to let go; each waiter reads once in each refresh period.
 */
export function javaClient({ holdMs, beatMs, waiters }: Course): Requests {
  return {
    holder: 3 + Math.floor(holdMs / beatMs),
    waiting: waiters * (1 + Math.floor(holdMs / refreshPeriodMs)),
  };
}

/** So many of one process take turns: one request each, and a look at who else waits about every 40 ms. At least and at most. */
export function turns(count: number): readonly [atLeast: number, atMost: number] {
  return [count + 1, 2 * count];
}
