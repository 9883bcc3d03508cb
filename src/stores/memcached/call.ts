/**
 * The time one store call has, all its requests together.
 *
 * A timer that fires late says that the event loop was blocked, not that the server is slow; timers also run before the
 * sockets are read. So a late call gets once more the time it was late, `timeoutMs` at most in all, and no verdict is
 * given before the loop has read what had arrived.
 */
export interface Call {
  readonly timeoutMs: number;
  /** When it ends, on the monotonic clock. */
  untilMs: number;
  /** How much may still be added for a blocked loop. */
  graceMs: number;
}

export function startCall(timeoutMs: number): Call {
  return { timeoutMs, untilMs: performance.now() + timeoutMs, graceMs: timeoutMs };
}

/** Milliseconds left; 0 when the call is over. */
export function leftMs(call: Call): number {
  const nowMs = performance.now();
  // To run after the end, and no timer has said so, is also being late.
  if (nowMs >= call.untilMs) call.untilMs = nowMs + grantMs(call, nowMs - call.untilMs);
  return call.untilMs - nowMs;
}

/**
 * How long to wait for one reply: half of what is left, so that the other half can find out what became of the request;
 * all of it when little is left.
 */
export function attemptMs(call: Call): number {
  const left = leftMs(call);
  return left > call.timeoutMs / 4 ? left / 2 : left;
}

/** Calls `giveUp` after `delayMs`, see `Call`. Keeps the process alive until then, or until the returned function is called. */
export function watch(call: Call, delayMs: number, giveUp: () => void): () => void {
  const dueMs = performance.now() + delayMs;
  let stopped = false;
  let timer = setTimeout(() => {
    const nowMs = performance.now();
    const grantedMs = grantMs(call, nowMs - dueMs);
    call.untilMs = Math.max(call.untilMs, nowMs + grantedMs);
    // An immediate runs after the sockets were read; a timer may not.
    timer = setTimeout(() => void setImmediate(() => stopped || giveUp()), grantedMs);
  }, delayMs);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/** Less than this is how timers are; counting it would let a dead server's call go on in crumbs. */
const blockedMs = 20;

function grantMs(call: Call, lateMs: number): number {
  if (lateMs < blockedMs) return 0;
  const grantedMs = Math.min(lateMs, call.graceMs);
  call.graceMs -= grantedMs;
  return grantedMs;
}
