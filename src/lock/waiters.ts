import type { ClaimContext, Refusal } from './entry.ts';
import { ResourceBusyError, StoreUnavailableError } from './errors.ts';
import { isWorthAWish, lookAgainMs, type Watched } from './patience.ts';
import { type Holder, type Mode, toHolder } from './record.ts';
import type { Ask, Seat } from './seat.ts';

/** How long somebody is willing to wait. */
export interface Wait {
  readonly startedMonoMs: number;
  readonly deadlineMonoMs: number;
  readonly signal: AbortSignal | undefined;
}

/** What the queue asks of its gate. */
export interface Line {
  /** Is the resource held by this process? Then its seats call the queue, and the store need not be watched. */
  heldHere(): boolean;
  /** One careful attempt for whoever is first. `undefined`: taken, and the queue was served. */
  attempt(ask: Ask): Promise<Refusal | undefined>;
  /** `since`: when it began to wait, on the wall clock. `changed`: somebody else holds the resource than at the last look. */
  keepWish(ask: Ask, since: number, changed: boolean): Promise<void>;
  withdrawWish(): Promise<void>;
  /** On the monotonic clock; `Infinity` while no wish of ours stands. */
  wishRenewsAtMonoMs(): number;
  /** On the wall clock: until when a holder that was seen may still be working. */
  liveUntilMs(): number;
}

interface Waiter {
  readonly ask: Ask;
  /** On the wall clock. */
  readonly since: number;
  looks: number;
  settle(outcome: Seat | Error): void;
  /** With the holders last seen. */
  giveUp(): void;
}

/** The local queue of one resource: first come, first served, with one poller for all. */
export class Waiters {
  readonly #context: ClaimContext;
  readonly #resource: string;
  readonly #key: string;
  readonly #line: Line;
  readonly #queue: Waiter[] = [];
  #refusal: Refusal = { blockers: [] };
  #polling = false;
  #woken = false;
  #interrupt: (() => void) | undefined;
  /** Looks since the resource last changed hands, and when that was seen. */
  #looks = 0;
  #seenMonoMs = 0;
  #watchedSinceMonoMs = 0;
  #changedHands = false;

  constructor(context: ClaimContext, resource: string, key: string, line: Line) {
    this.#context = context;
    this.#resource = resource;
    this.#key = key;
    this.#line = line;
  }

  get size(): number {
    return this.#queue.length;
  }

  /** What the longest waiting one asks for. */
  get head(): Ask | undefined {
    return this.#queue[0]?.ask;
  }

  /** Waits at the end of the queue. */
  join(ask: Ask, wait: Wait, refused: Refusal): Promise<Seat> {
    this.#refusal = refused;
    return new Promise<Seat>((resolve, reject) => {
      const { clock } = this.#context;
      const abort = (): void => waiter.settle(aborted(this.#resource, wait.signal));
      const giveUp = (): void =>
        waiter.settle(
          new ResourceBusyError(this.#resource, holdersOf(this.#resource, this.#refusal), clock.monotonicMs() - wait.startedMonoMs),
        );
      const settle = (outcome: Seat | Error): void => {
        const index = this.#queue.indexOf(waiter);
        if (index === -1) return;
        this.#queue.splice(index, 1);
        timer[Symbol.dispose]();
        wait.signal?.removeEventListener('abort', abort);
        if (this.#queue.length === 0) this.#interrupt?.();
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      const since = Math.round(clock.wallMs() - (clock.monotonicMs() - wait.startedMonoMs));
      const waiter: Waiter = { ask, since, looks: 1, settle, giveUp };
      const timer = clock.setTimer(giveUp, Math.max(wait.deadlineMonoMs - clock.monotonicMs(), 0));
      this.#queue.push(waiter);
      wait.signal?.addEventListener('abort', abort, { once: true });
      if (wait.signal?.aborted) abort();
      else if (waiter.looks >= ask.options.retry.maxAttempts) giveUp();
      else this.#watch();
    });
  }

  /** Seats the longest waiting one if it asks for `mode`. `false`: nobody was seated. */
  serve(mode: Mode, seat: (ask: Ask) => Seat): boolean {
    const next = this.#queue[0];
    if (next === undefined || next.ask.mode !== mode) return false;
    next.settle(seat(next.ask));
    return true;
  }

  /** The resource may be free: look now. */
  wake(): void {
    if (this.#queue.length === 0) return;
    this.#woken = true;
    this.#interrupt?.();
    this.#watch();
  }

  rejectAll(reason: Error): void {
    for (const waiter of [...this.#queue]) waiter.settle(reason);
  }

  #watch(): void {
    if (this.#polling || this.#line.heldHere()) return;
    this.#polling = true;
    void this.#poll().finally(() => {
      this.#polling = false;
      if (this.#queue.length > 0) this.#watch();
    });
  }

  /** Looks at the store until this process holds the resource or nobody waits any more. Never rejects. */
  async #poll(): Promise<void> {
    const { store } = this.#context;
    // First the subscription, then a look: a release in between is not missed.
    const subscription = store.subscribe?.(this.#key, () => {
      this.#woken = true;
      this.#interrupt?.();
    });
    if (subscription !== undefined) this.#woken = true;
    this.#looks = 0;
    this.#watchedSinceMonoMs = this.#context.clock.monotonicMs();
    this.#seenMonoMs = this.#watchedSinceMonoMs;
    this.#changedHands = false;
    await this.#wish();
    while (this.#queue.length > 0 && !this.#line.heldHere()) {
      await this.#pause();
      const head = this.#queue[0];
      if (head !== undefined) await this.#look(head);
    }
    subscription?.[Symbol.dispose]();
    await this.#line.withdrawWish();
  }

  async #look(head: Waiter): Promise<void> {
    this.#looks++;
    try {
      const refused = await this.#line.attempt(head.ask);
      if (refused === undefined) return;
      if (holding(refused) !== holding(this.#refusal) && holding(this.#refusal) !== undefined) {
        this.#changedHands = true;
        this.#looks = 1;
        this.#seenMonoMs = this.#context.clock.monotonicMs();
      }
      this.#refusal = refused;
    } catch (error) {
      this.#failed(error as Error);
      return;
    }
    for (const waiter of [...this.#queue]) if (++waiter.looks >= waiter.ask.options.retry.maxAttempts) waiter.giveUp();
    await this.#wish();
  }

  async #wish(): Promise<void> {
    const next = this.#queue[0];
    if (next === undefined) return;
    if (isWorthAWish(this.#seen(), next.ask.mode)) await this.#line.keepWish(next.ask, next.since, this.#looks <= 1);
    else await this.#line.withdrawWish(); // it would be due for renewal, and ask for another look, ever after
  }

  /** A store that does not answer ends the wait, unless a live holder was seen and the answer would be to run. */
  #failed(error: Error): void {
    const alive = error instanceof StoreUnavailableError && this.#line.liveUntilMs() > this.#context.clock.wallMs();
    for (const waiter of [...this.#queue]) if (!alive || waiter.ask.options.onStoreDown !== 'run') waiter.settle(error);
  }

  #seen(): Watched {
    const { clock, store } = this.#context;
    const nowMonoMs = clock.monotonicMs();
    return {
      refusal: this.#refusal,
      inTheWayMs: nowMonoMs - this.#seenMonoMs,
      looks: this.#looks,
      changedHands: this.#changedHands,
      watchedMs: nowMonoMs - this.#watchedSinceMonoMs,
      pushed: store.subscribe !== undefined && store.traits.pushes,
      nextInLine: this.#line.wishRenewsAtMonoMs() !== Number.POSITIVE_INFINITY,
    };
  }

  async #pause(): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        const timer = this.#context.clock.setTimer(resolve, this.#pauseMs());
        this.#interrupt = () => {
          timer[Symbol.dispose]();
          resolve();
        };
      });
      this.#interrupt = undefined;
    }
    this.#woken = false;
  }

  /** Until the next look, or until the wish must be renewed. */
  #pauseMs(): number {
    const { clock } = this.#context;
    const { retry } = (this.#queue[0] as Waiter).ask.options;
    const wishLeftMs = this.#line.wishRenewsAtMonoMs() - clock.monotonicMs();
    return Math.min(lookAgainMs(this.#seen(), retry, clock.wallMs(), Math.random()), Math.max(1, wishLeftMs));
  }
}

/** A refusal in public words. */
export function holdersOf(resource: string, refused: Refusal): readonly Holder[] {
  return refused.blockers.map((blocker) => toHolder(resource, blocker, refused.waiting));
}

/** What a wait that was given up rejects with, as Node's own APIs do. */
export function aborted(resource: string, signal: AbortSignal | undefined): Error {
  const error = new Error(`Waiting for "${resource}" was aborted`, { cause: signal?.reason });
  return Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' });
}

/** Names one hold: a renewal changes neither token nor start, a hand-over changes one of them. */
function holding(refused: Refusal): string | undefined {
  const blocker = refused.blockers[0];
  return blocker === undefined ? undefined : `${blocker.token} ${blocker.since}`;
}
