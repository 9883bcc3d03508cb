import { type CallTime, grantMs } from './call-time.ts';

/** Somebody in a line, who waits for one thing at a time. */
export interface Waiter extends CallTime {
  /** When it has waited long enough, on the monotonic clock. */
  dueMs: number;
  /** The next in the line. The waiters are the line: it needs no memory of its own. */
  behind: Waiter | undefined;
}

/**
 * Those who wait on one connection, first come first served, with one timer for all of them. As long as somebody waits the
 * timer keeps the process alive.
 */
export class Waiting<W extends Waiter> {
  readonly #onOver: (waiter: W) => void;
  #first: W | undefined;
  #last: W | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ringsAtMs = Number.POSITIVE_INFINITY;

  /** `onOver` is told of one who has waited for too long, and still stands in the line. */
  constructor(onOver: (waiter: W) => void) {
    this.#onOver = onOver;
  }

  get first(): W | undefined {
    return this.#first;
  }

  push(waiter: W): void {
    waiter.behind = undefined;
    if (this.#last === undefined) {
      this.#first = waiter;
      this.#timer?.ref();
    } else this.#last.behind = waiter;
    this.#last = waiter;
    if (waiter.dueMs < this.#ringsAtMs) this.#ringAt(waiter.dueMs); // who comes later may be due earlier
  }

  shift(): void {
    this.#first = this.#first?.behind as W | undefined;
    if (this.#first !== undefined) return;
    this.#last = undefined;
    this.#timer?.unref();
  }

  /** Ends the line. */
  takeAll(): W[] {
    const all = [...this.#line()];
    this.#first = this.#last = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#ringsAtMs = Number.POSITIVE_INFINITY;
    return all;
  }

  *#line(): Generator<W> {
    for (let waiter = this.#first; waiter !== undefined; waiter = waiter.behind as W | undefined) yield waiter;
  }

  #ringAt(dueMs: number): void {
    clearTimeout(this.#timer);
    this.#ringsAtMs = dueMs;
    this.#timer = setTimeout(this.#ring, dueMs - performance.now());
  }

  /** Each who is late gets the grace of a blocked loop. */
  readonly #ring = (): void => {
    const nowMs = performance.now();
    this.#timer = undefined;
    this.#ringsAtMs = Number.POSITIVE_INFINITY;
    let nextMs = Number.POSITIVE_INFINITY;
    let isOver = false;
    for (const waiter of this.#line()) {
      if (waiter.dueMs <= nowMs) {
        const grantedMs = grantMs(waiter, waiter.dueMs, nowMs);
        if (grantedMs === 0) isOver = true;
        else waiter.dueMs = nowMs + grantedMs;
      }
      if (waiter.dueMs > nowMs) nextMs = Math.min(nextMs, waiter.dueMs);
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#ringAt(nextMs);
    // An immediate runs after the sockets were read; a timer may not.
    if (isOver) setImmediate(this.#judge, nowMs);
  };

  readonly #judge = (ringMs: number): void => {
    for (const waiter of this.#line()) {
      if (waiter.dueMs > ringMs) continue;
      this.#onOver(waiter);
      return;
    }
  };
}
