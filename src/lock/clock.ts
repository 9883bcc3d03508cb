/**
 * Time as giveway reads it. Tests pass their own (`fakeClock` in `giveway/testing`).
 * Deadlines count on both clocks: a suspended machine stops one of them.
 */
export interface Clock {
  /** Milliseconds on a clock that never goes back. Only differences mean anything. */
  monotonicMs(): number;
  /** Milliseconds since 1970. */
  wallMs(): number;
  /** Calls `callback` once, `delayMs` from now at the earliest, to a fraction of a millisecond. `keepAlive: false` lets the process end before. */
  setTimer(callback: () => void, delayMs: number, keepAlive?: boolean): Disposable;
}

/** A moment, on both clocks of this host. */
export interface Now {
  readonly monoMs: number;
  readonly wallMs: number;
}

export const never: Now = { monoMs: 0, wallMs: 0 };

export function nowOf(clock: Clock): Now {
  return { monoMs: clock.monotonicMs(), wallMs: clock.wallMs() };
}

/** Milliseconds since `then`, on the clock that is further ahead: a machine that is suspended stops one of them. */
export function passedMs(then: Now, now: Now): number {
  return Math.max(now.monoMs - then.monoMs, now.wallMs - then.wallMs);
}

const longestTimerMs = 2 ** 31 - 1;

/** Node drops fractions: what is asked for 1.9 ms would be called after 1, and ask again. But a timer of 1 ms takes 1.07 (of 2,000 one in a hundred takes less). */
const alwaysLateMs = 1 / 16;

/** The machine's own clocks and timers. Longer delays than Node's 2^31 - 1 ms are chained. */
export const systemClock: Clock = {
  // The global's, which fake timers replace: that of node:perf_hooks is quicker by a third, and no test would turn it.
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  setTimer(callback, delayMs, keepAlive = true) {
    let timer: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      const isLast = leftMs <= longestTimerMs;
      const nextMs = isLast ? Math.ceil(Math.max(leftMs - alwaysLateMs, 0)) : longestTimerMs;
      timer = setTimeout(() => (isLast ? callback() : arm(leftMs - longestTimerMs)), nextMs);
      if (!keepAlive) timer.unref();
    };
    arm(delayMs);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
