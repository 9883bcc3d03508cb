import { inspect } from 'node:util';
import type { Clock } from '../clock.ts';
import { GivewayError, InvalidOptionError, LockLostError, type LostReason, StoreUnavailableError } from '../errors.ts';
import type { Events, LockerEvents, ReleaseOutcome } from '../events.ts';
import { type Now, passedMs } from '../machine/orders.ts';
import type { Seat, SeatOwner } from '../machine/seat.ts';
import type { ResolvedOptions, ResolvedScope } from '../options.ts';
import { ttlRangeMs } from '../plan/options.ts';
import { firstOf } from '../plan/scope.ts';
import { newToken } from '../record/tokens.ts';
import { toHanded } from './handed.ts';
import type { Lock, SerializedLock } from './lock.ts';
import { LockSignal } from './lock-signal.ts';

/** What a lock needs from its locker. */
export interface LockContext {
  readonly clock: Clock;
  readonly events: Events;
  readonly namespace: string;
  readonly environment: string | undefined;
  /** The lock is over, one way or another: forget it. */
  ended(lock: HeldLock): void;
}

let locksMade = 0;

export class HeldLock implements Lock, SeatOwner {
  /** Its number in this process: what its events are told apart by. */
  readonly id: number = ++locksMade;
  readonly token: string;
  previous: HeldLock | undefined;
  next: HeldLock | undefined;
  readonly scope: ResolvedScope;
  readonly isProtected: boolean;
  readonly fence: bigint | undefined;
  readonly options: ResolvedOptions;
  /** The locks of outer runs that hold what this one joined. */
  readonly outers: readonly HeldLock[];
  loss: LockLostError | undefined;
  readonly #context: LockContext;
  readonly #seats: readonly Seat[];
  #since: Now;
  #signal: LockSignal | undefined;
  #ended = false;

  constructor(
    context: LockContext,
    scope: ResolvedScope,
    options: ResolvedOptions,
    seats: readonly Seat[],
    isProtected: boolean,
    outers: readonly HeldLock[],
    now: Now,
  ) {
    this.#context = context;
    this.#seats = seats;
    this.#since = now;
    this.scope = scope;
    this.options = options;
    this.outers = outers;
    this.isProtected = isProtected && (outers.length === 0 || outers.every((outer) => outer.isProtected));
    for (const seat of seats) {
      seat.owner = this;
      seat.asker = undefined;
      if (seat.since.wallMs < this.#since.wallMs || seat.since.monoMs < this.#since.monoMs) this.#since = seat.since;
    }
    this.token = seats[0]?.stay?.token ?? outers[0]?.token ?? newToken();
    this.fence = largestFence(seats, outers);
  }

  get job(): string | undefined {
    return this.options.job;
  }

  get acquiredAt(): Date {
    return new Date(this.#since.wallMs);
  }

  /** Not let go, and not lost. Judges the deadlines now. */
  isLive(): boolean {
    if (this.#ended) return false;
    if (this.#seats.length > 0) {
      const now = this.#now();
      for (const seat of this.#seats) seat.isLive(now);
    }
    if (this.loss === undefined && this.#holdLeftMs() <= 0) this.lose('max-hold', firstOf(this.scope));
    for (const outer of this.outers) if (!outer.isLive()) this.lose(outer.loss?.reason ?? 'closed', outer.loss?.resource);
    return this.loss === undefined;
  }

  get signal(): AbortSignal {
    return this.#ownSignal().signal;
  }

  remainingMs(): number {
    if (!this.isLive()) return 0;
    const now = this.#now();
    const seats = this.#seats.map((seat) => seat.remainingMs(now));
    return Math.max(0, Math.min(this.#holdLeftMs(), ...this.outers.map((outer) => outer.remainingMs()), ...seats));
  }

  async extend(ttlMs: number = this.options.ttlMs): Promise<boolean> {
    if (!Number.isInteger(ttlMs) || ttlMs < ttlRangeMs.min || ttlMs > ttlRangeMs.max) {
      throw new InvalidOptionError('ttlMs', ttlMs, `an integer from ${ttlRangeMs.min} to ${ttlRangeMs.max} (milliseconds) is allowed`);
    }
    if (!this.isLive()) return false;
    const cappedMs = Math.max(ttlRangeMs.min, Math.min(ttlMs, Math.ceil(this.#holdLeftMs())));
    const extended = await Promise.all([
      ...this.#seats.map((seat) => settled<boolean>((settle) => seat.place.extend(seat, cappedMs, settle))),
      ...this.outers.map((outer) => outer.remainingMs() >= cappedMs || outer.extend(cappedMs)),
    ]);
    if (!extended.every(Boolean) || !this.isLive()) return false;
    this.#context.events.emit('extended', () => ({ id: this.id, scope: this.scope, job: this.job, ttlMs: cappedMs }));
    return true;
  }

  unlock(): Promise<boolean> {
    return new Promise((resolve, reject) =>
      this.letGo((outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome !== 'not-ours'))),
    );
  }

  /** As `unlock`, and says whether an outer run goes on holding it. */
  release(): Promise<ReleaseOutcome> {
    return new Promise((resolve, reject) => this.letGo((outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome))));
  }

  /** As `release`, without a promise: `settle` is called once. */
  letGo(settle: (outcome: ReleaseOutcome | Error) => void): void {
    if (this.#ended) return settle('not-ours');
    const [first] = this.#seats;
    const isKept = first === undefined && this.outers.length > 0 && this.isLive();
    this.#end();
    if (first === undefined) return settle(this.#released(this.outers.length === 0, isKept));
    let open = this.#seats.length;
    let ours = true;
    let failure: Error | undefined;
    const settleOne = (outcome: boolean | Error): void => {
      if (outcome instanceof Error) failure ??= outcome;
      else ours &&= outcome;
      if (--open === 0) settle(failure === undefined ? this.#released(ours, false) : this.#releaseFailed(failure));
    };
    for (const seat of this.#seats) seat.place.leave(seat, true, settleOne);
  }

  throwIfLost(): void {
    if (this.isLive()) return;
    throw this.loss ?? new LockLostError(firstOf(this.scope), 'closed');
  }

  async handOver(): Promise<SerializedLock> {
    if (!this.isLive()) this.throwIfLost();
    if (!this.isProtected || this.outers.length > 0) {
      throw new GivewayError(
        'ERR_GIVEWAY_NOT_TRANSFERABLE',
        this.isProtected
          ? 'A lock that joined an outer run cannot be handed over; hand over the outer one.'
          : 'A lock that was taken while the store was down cannot be handed over.',
      );
    }
    this.#end();
    const entries = await Promise.all(
      this.#seats.map(async (seat) => {
        const token = await settled<string | undefined>((settle) => seat.place.detach(seat, settle));
        if (token === undefined) throw new LockLostError(seat.place.resource, seat.lost ?? 'expired');
        return { resource: seat.place.resource, mode: seat.mode, token };
      }),
    ).catch((error: unknown) => {
      this.#tellReleased('not-ours');
      throw error;
    });
    this.#tellReleased('handed-over');
    return toHanded(this.#context, this, this.#since.wallMs, entries);
  }

  toJSON(): object {
    return {
      scope: this.scope,
      job: this.job,
      acquiredAt: this.acquiredAt,
      remainingMs: Math.round(this.remainingMs()),
      isProtected: this.isProtected,
      fence: this.fence?.toString(),
      lost: this.loss?.reason,
    };
  }

  static {
    // `console.log` shows the lock as logs do, without its token. A computed name is more than isolatedDeclarations can infer.
    Object.defineProperty(HeldLock.prototype, inspect.custom, {
      value(this: HeldLock): object {
        return { id: this.id, ...this.toJSON() };
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release().catch(() => {});
  }

  /** Ends the lock in the holder's eyes, once: the signal aborts, the event is told. */
  lose(reason: LostReason, resource: string = firstOf(this.scope), cause?: unknown): void {
    if (this.#ended || this.loss !== undefined) return;
    const error = new LockLostError(resource, reason, cause === undefined ? undefined : { cause });
    this.loss = error;
    this.#signal?.abort(error);
    const { events, clock } = this.#context;
    events.emit('lost', () => ({
      id: this.id,
      scope: this.scope,
      job: this.job,
      resource,
      reason,
      heldMs: clock.monotonicMs() - this.#since.monoMs,
      error,
    }));
  }

  /** One of its seats was lost. */
  lost(seat: Seat, reason: LostReason): void {
    this.lose(reason, seat.place.resource, seat.stay?.fault?.error);
  }

  #end(): void {
    this.#ended = true;
    this.#signal?.end();
    this.#context.ended(this);
  }

  #tellReleased(release: LockerEvents['released']['release']): void {
    const { events, clock } = this.#context;
    events.emit('released', () => ({
      id: this.id,
      scope: this.scope,
      job: this.job,
      heldMs: clock.monotonicMs() - this.#since.monoMs,
      release,
    }));
  }

  #released(ours: boolean, isKept: boolean): ReleaseOutcome {
    const release = isKept ? 'kept' : ours ? 'released' : 'not-ours';
    this.#tellReleased(release);
    return release;
  }

  #releaseFailed(error: Error): GivewayError {
    this.#context.events.emit('release-failed', () => ({ id: this.id, scope: this.scope, job: this.job, error }));
    return error instanceof GivewayError
      ? error
      : new StoreUnavailableError('The store failed while the lock was released', { cause: error });
  }

  #now(): Now {
    const { clock } = this.#context;
    return { monoMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  }

  #holdLeftMs(): number {
    return this.options.maxHoldMs - passedMs(this.#since, this.#now());
  }

  /** Made only when somebody asks for it. */
  #ownSignal(): LockSignal {
    this.#signal ??= this.#createSignal();
    return this.#signal;
  }

  #createSignal(): LockSignal {
    const given = this.options.signal;
    const signal = new LockSignal(() => void this.isLive());
    if (this.loss !== undefined) signal.abort(this.loss);
    else if (given?.aborted) signal.abort(given.reason);
    if (this.#ended || this.loss !== undefined) return signal;
    const joined = this.outers.map((outer) => outer.#ownSignal());
    signal.follow(given, joined, this.#timeTheEnd());
    return signal;
  }

  /** Where nothing was taken, no heartbeat looks after `maxHoldMs`. */
  #timeTheEnd(): Disposable | undefined {
    const leftMs = this.#holdLeftMs();
    if (this.#seats.length > 0 || leftMs === Number.POSITIVE_INFINITY) return undefined;
    // Node's timers may fire a fraction of a millisecond early.
    return this.#context.clock.setTimer(() => this.isLive(), Math.ceil(leftMs) + 1, false);
  }
}

function largestFence(seats: readonly Seat[], outers: readonly HeldLock[]): bigint | undefined {
  let largest: bigint | undefined;
  for (const { fence } of outers) if (fence !== undefined && (largest === undefined || fence > largest)) largest = fence;
  for (const { mode, stay } of seats) {
    const fence = mode === 'write' ? stay?.fence : undefined;
    if (fence !== undefined && (largest === undefined || fence > largest)) largest = fence;
  }
  return largest;
}

/** A promise of what `settle` is called with. */
function settled<T>(begin: (settle: (outcome: T | Error) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => begin((outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome))));
}
