import type { Clock } from './clock.ts';

const tickMs = 20;

/** Something that wants to be looked at, at a time of its own choosing. */
export interface Beating {
  /** Looks after itself. Must not throw. Returns when to be looked at next, on the monotonic clock; `undefined`: never again. */
  beat(nowMonoMs: number): number | undefined;
}

/**
 * One timer for everything a locker keeps alive: a wheel of 20 ms ticks. The timer never keeps the process alive, and
 * is left armed when its tick empties, so that taking and letting go of a lock costs no timer.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #ticks = new Map<number, Set<Beating>>();
  readonly #tickOf = new Map<Beating, number>();
  #timer: Disposable | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Looks at `beating` at `monoMs`, instead of whenever it was due. */
  at(beating: Beating, monoMs: number): void {
    if (monoMs === Number.POSITIVE_INFINITY) {
      this.forget(beating);
      return;
    }
    const tick = Math.ceil(monoMs / tickMs);
    const before = this.#tickOf.get(beating);
    if (before === tick) return;
    if (before !== undefined) this.#drop(before, beating);
    this.#tickOf.set(beating, tick);
    const set = this.#ticks.get(tick);
    if (set === undefined) this.#ticks.set(tick, new Set([beating]));
    else set.add(beating);
    if (tick < this.#armedFor) this.#arm(tick);
  }

  forget(beating: Beating): void {
    const tick = this.#tickOf.get(beating);
    if (tick === undefined) return;
    this.#tickOf.delete(beating);
    this.#drop(tick, beating);
  }

  stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.#ticks.clear();
    this.#tickOf.clear();
  }

  #drop(tick: number, beating: Beating): void {
    const set = this.#ticks.get(tick);
    set?.delete(beating);
    if (set?.size === 0) this.#ticks.delete(tick);
  }

  #arm(tick: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#armedFor = tick;
    this.#timer = this.#clock.setTimer(() => this.#turn(), tick * tickMs - this.#clock.monotonicMs(), false);
  }

  #turn(): void {
    this.#timer = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.monotonicMs();
    const now = Math.floor(nowMs / tickMs);
    const due = [...this.#ticks].filter(([tick]) => tick <= now).flatMap(([, set]) => [...set]);
    for (const beating of due) {
      this.forget(beating);
      const next = beating.beat(nowMs);
      if (next !== undefined) this.at(beating, next);
    }
    const earliest = this.#ticks.size === 0 ? Number.POSITIVE_INFINITY : Math.min(...this.#ticks.keys());
    if (earliest < this.#armedFor) this.#arm(earliest);
  }
}
