import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../lock/clock.ts';

/** Where a `fakeClock` starts. */
export interface FakeClockStart {
  /** Milliseconds since 1970. Default: the first of January 2026, 00:00 UTC. */
  readonly wallMs?: number;
  /** Default: 0, as in a process that has just started. */
  readonly monotonicMs?: number;
}

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Both clocks move on by `ms`. Timers fire in order, each at its own time, and promises settle before the next one. */
  advance(ms: number): Promise<void>;
  /** `advance` to this time on the monotonic clock. */
  advanceTo(monotonicMs: number): Promise<void>;
  /** The process is stopped or its loop blocked: both clocks move on, no timer fires. The next `advance` fires them late. */
  block(ms: number): void;
  /** The machine sleeps: the wall clock moves on, the monotonic clock and all timers stand still. */
  suspend(ms: number): void;
  /** Somebody sets the wall clock, forwards or (negative) back. */
  jumpWall(ms: number): void;
  /** Timers that have neither fired nor been disposed. */
  readonly pendingTimers: number;
  /** Those among them that would keep the process alive. */
  readonly keepAliveTimers: number;
}

interface FakeTimer {
  readonly callback: () => void;
  readonly dueMs: number;
  readonly keepAlive: boolean;
}

/** A `Clock` for tests, moved by hand. A callback that throws rejects the `advance` that fired it. */
export function fakeClock(start: FakeClockStart = {}): FakeClock {
  let wallMs = start.wallMs ?? Date.UTC(2026, 0, 1);
  let monotonicMs = start.monotonicMs ?? 0;
  const timers = new Set<FakeTimer>();

  function moveTo(nextMs: number): void {
    // After `block` a timer is overdue: time does not go back for it.
    const stepMs = Math.max(nextMs - monotonicMs, 0);
    monotonicMs += stepMs;
    wallMs += stepMs;
  }

  async function advanceTo(targetMs: number): Promise<void> {
    await settle();
    for (let timer = firstDue(timers, targetMs); timer !== undefined; timer = firstDue(timers, targetMs)) {
      timers.delete(timer);
      moveTo(timer.dueMs);
      timer.callback();
      await settle();
    }
    moveTo(targetMs);
    await settle();
  }

  return {
    monotonicMs: () => monotonicMs,
    wallMs: () => wallMs,
    setTimer(callback, delayMs, keepAlive = true) {
      // Node waits 1 ms at least. Without that a timer that re-arms itself with 0 would never let `advance` end.
      const timer = { callback, dueMs: monotonicMs + Math.max(delayMs, 1), keepAlive };
      timers.add(timer);
      return { [Symbol.dispose]: () => void timers.delete(timer) };
    },
    advance: (ms) => advanceTo(monotonicMs + ms),
    advanceTo,
    block: (ms) => moveTo(monotonicMs + ms),
    suspend(ms) {
      wallMs += ms;
    },
    jumpWall(ms) {
      wallMs += ms;
    },
    get pendingTimers() {
      return timers.size;
    },
    get keepAliveTimers() {
      return [...timers].filter((timer) => timer.keepAlive).length;
    },
  };
}

/** The earliest timer due by `targetMs`; among equals the one set first. */
function firstDue(timers: ReadonlySet<FakeTimer>, targetMs: number): FakeTimer | undefined {
  let first: FakeTimer | undefined;
  for (const timer of timers) {
    if (timer.dueMs <= targetMs && (first === undefined || timer.dueMs < first.dueMs)) first = timer;
  }
  return first;
}

/** The microtask queue is empty before an immediate runs; the second round is for code that waits for an immediate itself. */
async function settle(): Promise<void> {
  await setImmediate();
  await setImmediate();
}
