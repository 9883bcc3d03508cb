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
 * On a store with push: the way into the line, the subscription, then looks with pauses that grow up to a second; and one at
 * each heartbeat it is told of. However many wait, one of them looks.
 */
export function waitingWithPush({ holdMs, beatMs, waiters }: Course): number {
  return waiters === 0 ? 0 : intoLine + 1 + looksIn(holdMs, (pauseMs, backoffMs) => 2 * pauseMs + backoffMs) + Math.floor(holdMs / beatMs);
}

/** On a store without: the way into the line, then looks with pauses that grow up to a second. However many wait, one of them looks. */
export function waitingByPolls({ holdMs, waiters }: Course): number {
  return waiters === 0 ? 0 : intoLine + looksIn(holdMs, (pauseMs) => pauseMs);
}

/** A refused attempt, a look at who holds it, and oneself added to the line. */
const intoLine = 3;
/** The defaults of `retry`. */
const delayMs = 50;
const maxDelayMs = 1_000;

/** Looks behind one that has just come, while nobody has said how long such holds take: as long as it has been there, in the mean three quarters of that. */
function looksIn(holdMs: number, pauseOf: (guessMs: number, backoffMs: number) => number): number {
  let looks = 0;
  for (let waitedMs = 0; ; looks++) {
    const backoffMs = meanChance * delayMs * 2 ** Math.min(looks, 16);
    const guessMs = Math.max(meanChance * waitedMs, backoffMs * firstShare);
    waitedMs += Math.min(pauseOf(Math.min(guessMs, backoffMs), backoffMs), maxDelayMs);
    if (waitedMs >= holdMs) return looks;
  }
}

/** Pauses are shortened by chance by up to a half. */
const meanChance = 3 / 4;
/** The first pause, as a share of `delayMs`. */
const firstShare = 1 / 16;

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
 * To take it and to let go; for the turns between, a request each with fences, else one after each 64 ms. At least and at most:
 * 64 ms end within a turn or between two.
 */
export function turnsOf({ turns, holdMs, fenced }: Turns): readonly [atLeast: number, atMost: number] {
  const between = turns - 1;
  const ends = Math.floor((turns * holdMs) / turnMs);
  if (fenced || holdMs >= turnMs) return [2 + between, 2 + between + (holdMs >= turnMs ? 0 : ends)];
  return [2 + Math.min(between, Math.floor(ends / 2)), 2 + Math.min(2 * between, ends)];
}

/** How long a process serves its own waiters before it asks by a write whether others wait. */
const turnMs = 64;
