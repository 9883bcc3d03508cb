import type { Clock } from '../../src/index.ts';
import type { Chance } from './chance.ts';
import type { Timeline } from './timeline.ts';

/** One process of a world: its clocks, and what it hears of the world outside, and when. */
export interface SimulatedProcess {
  readonly name: string;
  readonly host: string;
  readonly clock: Clock;
  /** It runs code now. */
  readonly runs: boolean;
  readonly crashed: boolean;
  readonly crashedMs: number | undefined;
  /** So long it has run no code, in all. */
  readonly stoppedMs: number;
  /** Timers of its clock that have neither fired nor been disposed. */
  readonly pendingTimers: number;
  /** Lets `act` run in it: at once, when it wakes up, or never. */
  deliver(act: () => void): void;
  /** For the tasks in it, whose timers are no one else's business. */
  sleep(ms: number): Promise<void>;
  crash(): void;
  /** It runs no code for a while; what it missed comes late and in any order. */
  stall(ms: number): void;
  /** Its machine sleeps: the wall clock goes on, the monotonic one and its timers stand. */
  suspend(ms: number): void;
  /** Somebody sets its wall clock: so far ahead of the world's. */
  setWall(aheadMs: number): void;
}

/** The world begins on a day in 2026. */
const epochMs: number = Date.UTC(2026, 0, 1);

interface Settings {
  readonly name: string;
  readonly host: string;
  readonly wallAheadMs: number;
  readonly timeline: Timeline;
  readonly chance: Chance;
}

export function createProcess({ name, host, wallAheadMs, timeline, chance }: Settings): SimulatedProcess {
  let wallMs = epochMs + wallAheadMs;
  let sleptMs = 0;
  let stopped: { readonly fromMs: number; untilMs: number } | undefined;
  let stoppedMs = 0;
  let crashedMs: number | undefined;
  let missed: (() => void)[] = [];
  let pendingTimers = 0;

  const monotonicMs = (): number => timeline.nowMs - sleptMs;

  function deliver(act: () => void): void {
    if (crashedMs !== undefined) return;
    if (stopped === undefined) act();
    else missed.push(act);
  }

  function stop(ms: number): void {
    if (crashedMs !== undefined) return;
    const untilMs = timeline.nowMs + ms;
    if (stopped === undefined) stopped = { fromMs: timeline.nowMs, untilMs };
    else stopped.untilMs = Math.max(stopped.untilMs, untilMs);
    timeline.after(ms, wake);
  }

  function wake(): void {
    if (crashedMs !== undefined || stopped === undefined || timeline.nowMs < stopped.untilMs) return;
    stoppedMs += timeline.nowMs - stopped.fromMs;
    stopped = undefined;
    const late = missed;
    missed = [];
    while (late.length > 0) {
      const [act] = late.splice(chance.between(0, late.length - 1), 1);
      if (act !== undefined) timeline.after(0, () => deliver(act));
    }
  }

  return {
    name,
    host,
    get runs() {
      return crashedMs === undefined && stopped === undefined;
    },
    get crashed() {
      return crashedMs !== undefined;
    },
    get crashedMs() {
      return crashedMs;
    },
    get stoppedMs() {
      return stoppedMs + (stopped === undefined ? 0 : timeline.nowMs - stopped.fromMs);
    },
    get pendingTimers() {
      return pendingTimers;
    },
    clock: {
      monotonicMs,
      wallMs: () => wallMs + timeline.nowMs,
      setTimer(callback, delayMs) {
        // As Node has it: whole milliseconds, one at least, and so perhaps a fraction too early.
        const dueMs = monotonicMs() + Math.max(1, Math.trunc(delayMs));
        let planned: Disposable | undefined;
        let over = false;
        const end = (): void => {
          if (!over) pendingTimers--;
          over = true;
        };
        const fire = (): void => {
          if (crashedMs !== undefined || over) return;
          if (monotonicMs() < dueMs - 0.001) arm();
          else
            deliver(() => {
              if (over) return;
              end();
              callback();
            });
        };
        const arm = (): void => {
          planned = timeline.after(dueMs - monotonicMs(), fire);
        };
        pendingTimers++;
        arm();
        return {
          [Symbol.dispose]: () => {
            end();
            planned?.[Symbol.dispose]();
          },
        };
      },
    },
    deliver,
    sleep: (ms) => new Promise((resolve) => timeline.after(ms, () => deliver(resolve))),
    crash() {
      crashedMs ??= timeline.nowMs;
      missed = [];
    },
    stall: stop,
    suspend(ms) {
      if (crashedMs !== undefined || stopped !== undefined) return;
      stop(ms);
      sleptMs += ms;
    },
    setWall(aheadMs) {
      wallMs = epochMs + aheadMs;
    },
  };
}
