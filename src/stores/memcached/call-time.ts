/**
 * The time one store call has, all its requests together.
 *
 * A timer that fires late says that the event loop was blocked, not that the server is slow; timers also run before the
 * sockets are read. So a late call gets once more the time it was late, `timeoutMs` at most in all, and no verdict is
 * given before the loop has read what had arrived.
 */
export interface CallTime {
  readonly timeoutMs: number;
  /** When it ends, on the monotonic clock. */
  untilMs: number;
  /** How much may still be added for a blocked loop. */
  graceMs: number;
}

/** Milliseconds left; 0 when the call is over. */
export function leftMs(call: CallTime, nowMs: number): number {
  // To run after the end, and no timer has said so, is also being late.
  if (nowMs >= call.untilMs) call.untilMs = nowMs + grace(call, nowMs - call.untilMs);
  return call.untilMs - nowMs;
}

/**
 * How long to wait for one reply: half of what is left, so that the other half can find out what became of the request;
 * all of it when little is left.
 */
export function attemptMs(call: CallTime, nowMs: number): number {
  const left = leftMs(call, nowMs);
  return left > call.timeoutMs / 4 ? left / 2 : left;
}

/** How much longer to wait for what was due at `dueMs`: as long as the loop was blocked. */
export function grantMs(call: CallTime, dueMs: number, nowMs: number): number {
  const grantedMs = grace(call, nowMs - dueMs);
  call.untilMs = Math.max(call.untilMs, nowMs + grantedMs);
  return grantedMs;
}

/** Less than this is how timers are; counting it would let a dead server's call go on in crumbs. */
const blockedMs = 20;

function grace(call: CallTime, lateMs: number): number {
  if (lateMs < blockedMs) return 0;
  const grantedMs = Math.min(lateMs, call.graceMs);
  call.graceMs -= grantedMs;
  return grantedMs;
}
