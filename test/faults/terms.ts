/** The times of a run. */
export interface Terms {
  readonly ttlMs: number;
  /** Of one store call. */
  readonly timeoutMs: number;
  /** What a busy machine, and a call under way, may add to the time until the next heartbeat has its answer. */
  readonly slackMs: number;
}

/** The shortest TTL there is: everything happens soonest. */
export const terms: Terms = { ttlMs: 1_000, timeoutMs: 300, slackMs: 400 };

/** What a dead holder's record may outlive its TTL by: P3. */
export const orphanMs = 3_000;

/** How long a waiting attempt waits. */
export const maxWaitMs = 1_500;

/** The most that one call of the locker may take beside waiting: a few store calls in a row, and a busy machine. */
export const callLimitMs: number = 10 * terms.timeoutMs + 1_000;
