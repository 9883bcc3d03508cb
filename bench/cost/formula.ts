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
 * On a store without: a refused attempt (two), then looks, with pauses that grow with the wait, up to a second. From 20 ms on the
 * process also says that it is next in line, and again after a quarter of the wait so far, a second at least and five at most: one
 * request each time, and a look that falls due with it.
 * A pause is shortened by chance by up to a half; this is the mean. However many wait, one of them looks.
 */
export function waitingByPolls({ holdMs, waiters }: Course): number {
  if (waiters === 0) return 0;
  let requests = 2;
  let saysSoAtMs = Number.POSITIVE_INFINITY;
  for (let waitedMs = 0; ; ) {
    const isNext = saysSoAtMs !== Number.POSITIVE_INFINITY;
    const pauseMs = 0.75 * Math.min(1_000, isNext ? Math.max(leastMsOfNext, waitedMs * shareOfNext) : Math.max(leastMs, waitedMs * share));
    waitedMs += Math.min(pauseMs, saysSoAtMs - waitedMs);
    if (waitedMs >= holdMs) return requests;
    requests += 1;
    if (isNext ? waitedMs < saysSoAtMs : waitedMs < nextInLineAfterMs) continue;
    requests += 1;
    saysSoAtMs = waitedMs + Math.min(5_000, Math.max(1_000, waitedMs / 4));
  }
}

/** The shortest pause, a third longer than it is set to: Node's timers take whole milliseconds. And a pause in parts of the wait so far. */
const leastMs = 6.7;
const share = 0.4;
/** The same for a process that is next in line, which it is after so long. */
const leastMsOfNext = 4;
const shareOfNext = 0.08;
const nextInLineAfterMs = 20;

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

/** So many turns of one process, one after another. */
export interface Turns {
  readonly turns: number;
  readonly holdMs: number;
  /** Does the store give fences? Then each turn needs one. */
  readonly fenced: boolean;
}

/**
 * To take it and to let go; for the turns between, a request each with fences, else one each 20 ms at most; and a look at who else
 * waits about each 40 ms. At least and at most.
 */
export function turnsOf({ turns, holdMs, fenced }: Turns): readonly [atLeast: number, atMost: number] {
  const between = turns - 1;
  const allMs = turns * holdMs;
  const written = fenced ? between : Math.min(between, 1 + Math.floor(allMs / 20));
  return [2 + (fenced ? between : Math.min(between, 1)), 2 + written + Math.min(between, Math.floor(allMs / 40))];
}

/** By the process that has just let it go and met no other: after half a second of holding it first looks whether another waits. */
export function again(heldMs: number): number {
  return heldMs < 500 ? 2 : 3;
}
