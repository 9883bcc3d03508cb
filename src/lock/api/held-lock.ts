import { inspect } from 'node:util';
import { type Now, nowOf, passedMs } from '../clock.ts';
import { GivewayError, LockLostError, type LostReason, StoreUnavailableError } from '../errors.ts';
import type { Events, LockerEvents, ReleaseOutcome } from '../events.ts';
import type { Seat, SeatOwner } from '../machine/seat.ts';
import type { ResolvedOptions, ResolvedScope } from '../options.ts';
import { checkOptions, ttlRangeMs } from '../plan/options.ts';
import type { Plan } from '../plan/plans.ts';
import { firstOf } from '../plan/scope.ts';
import type { Settings } from '../plan/settings.ts';
import { newToken } from '../record/tokens.ts';
import { checkTransferable, detachAll, settled, toHanded } from './handed.ts';
import type { Lock, SerializedLock } from './lock.ts';
import { LockSignal } from './lock-signal.ts';

/** What a lock needs from its locker. */
export interface LockContext extends Pick<Settings, 'clock' | 'namespace' | 'environment'> {
  readonly events: Pick<Events, 'emit'>;
  /** The lock is over, one way or another: forget it. */
  ended(lock: HeldLock): void;
}

let locksMade = 0;
/** What joined outer runs is no acquisition of its own. */
const unheard: LockContext['events'] = { emit() {} };

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
  /** The locks of outer runs that hold what this one joined; all of it if `isJoined`. */
  readonly outers: readonly HeldLock[];
  readonly isJoined: boolean;
  loss: LockLostError | undefined;
  readonly #context: LockContext;
  readonly #seats: readonly Seat[];
  #since: Now;
  #signal: LockSignal | undefined;
  #ended = false;

  constructor(context: LockContext, { scope, options }: Plan, outers: readonly HeldLock[], seats: readonly Seat[], isProtected: boolean) {
    this.isJoined = isProtected && seats.length === 0 && outers.length > 0;
    this.#context = this.isJoined ? { ...context, events: unheard } : context;
    this.#seats = seats;
    this.#since = seats[0]?.since ?? nowOf(context.clock);
    this.scope = scope;
    this.options = options;
    this.outers = outers;
    this.isProtected = isProtected && outers.every((outer) => outer.isProtected);
    for (const seat of seats) {
      seat.owner = this;
      seat.asker = undefined;
      const { monoMs, wallMs } = seat.since;
      // The first by one clock need not be so by the other: one that was restored brings its wall clock's time with it.
      if (wallMs < this.#since.wallMs || monoMs < this.#since.monoMs)
        this.#since = { monoMs: Math.min(monoMs, this.#since.monoMs), wallMs: Math.min(wallMs, this.#since.wallMs) };
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
    const now = nowOf(this.#context.clock);
    for (const seat of this.#seats) seat.isLive(now);
    if (this.loss === undefined && this.#holdLeftMs(now) <= 0) this.lose('max-hold');
    for (const outer of this.outers) if (!outer.isLive()) this.lose(outer.loss?.reason ?? 'closed', outer.loss?.resource);
    return this.loss === undefined;
  }

  get signal(): AbortSignal {
    return this.#ownSignal().signal;
  }

  remainingMs(): number {
    if (!this.isLive()) return 0;
    const now = nowOf(this.#context.clock);
    const seats = this.#seats.map((seat) => seat.remainingMs(now));
    return Math.max(0, Math.min(this.#holdLeftMs(now), ...this.outers.map((outer) => outer.remainingMs()), ...seats));
  }

  async extend(ttlMs: number = (this.#seats[0] ?? this.options).ttlMs): Promise<boolean> {
    checkOptions({ ttlMs });
    if (!this.isLive()) return false;
    const cappedMs = Math.max(ttlRangeMs.min, Math.min(ttlMs, Math.ceil(this.#holdLeftMs())));
    const extended = await Promise.all([
      ...this.#seats.map((seat) => settled<boolean>((settle) => seat.place.extend(seat, cappedMs, settle))),
      ...this.outers.map((outer) => outer.remainingMs() >= cappedMs || outer.extend(cappedMs)),
    ]);
    if (!extended.every(Boolean) || !this.isLive()) return false;
    this.#context.events.emit('extended', () => ({ ...this.#told(), ttlMs: cappedMs }));
    return true;
  }

  unlock(): Promise<boolean> {
    return settled((settle) => this.letGo((outcome) => settle(outcome instanceof Error ? outcome : outcome !== 'not-ours')));
  }

  /** As `unlock`, without a promise: `settle` is called once, and told whether an outer run goes on holding it. */
  letGo(settle: (outcome: ReleaseOutcome | Error) => void): void {
    if (this.#ended) return settle('not-ours');
    const [first] = this.#seats;
    const isKept = first === undefined && this.outers.length > 0 && this.isLive();
    this.#end();
    if (first === undefined) return settle(this.#tellReleased(isKept ? 'kept' : this.outers.length === 0 ? 'released' : 'not-ours'));
    let open = this.#seats.length;
    let ours = true;
    let failure: Error | undefined;
    const settleOne = (outcome: boolean | Error): void => {
      if (outcome instanceof Error) failure ??= outcome;
      else ours &&= outcome;
      if (--open === 0) settle(failure === undefined ? this.#tellReleased(ours ? 'released' : 'not-ours') : this.#releaseFailed(failure));
    };
    for (const seat of this.#seats) seat.place.leave(seat, true, settleOne);
  }

  throwIfLost(): void {
    if (!this.isLive()) throw this.loss ?? new LockLostError(firstOf(this.scope), 'closed');
  }

  async handOver(): Promise<SerializedLock> {
    this.throwIfLost();
    checkTransferable(this);
    this.#end();
    const entries = await settled<SerializedLock['entries']>((settle) =>
      detachAll(this.#seats, (outcome) => {
        this.#tellReleased(outcome instanceof Error ? 'not-ours' : 'handed-over');
        settle(outcome);
      }),
    );
    return toHanded(this.#context, this, (this.#seats[0] ?? this.options).ttlMs, this.#since.wallMs, entries);
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
    await new Promise((resolve) => this.letGo(resolve));
  }

  /** Ends the lock in the holder's eyes, once: the signal aborts, the event is told. */
  lose(reason: LostReason, resource: string = firstOf(this.scope), cause?: unknown): void {
    if (this.#ended || this.loss !== undefined) return;
    const error = new LockLostError(resource, reason, cause === undefined ? undefined : { cause });
    this.loss = error;
    this.#signal?.abort(error);
    this.#context.events.emit('lost', () => ({
      ...this.#told(),
      resource,
      reason,
      heldMs: this.#context.clock.monotonicMs() - this.#since.monoMs,
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

  #tellReleased<R extends LockerEvents['released']['release']>(release: R): R {
    this.#context.events.emit('released', () => ({
      ...this.#told(),
      heldMs: this.#context.clock.monotonicMs() - this.#since.monoMs,
      release,
    }));
    return release;
  }

  #releaseFailed(error: Error): GivewayError {
    this.#context.events.emit('release-failed', () => ({ ...this.#told(), error }));
    return error instanceof GivewayError
      ? error
      : new StoreUnavailableError('The store failed while the lock was released', { cause: error });
  }

  #told(): Pick<LockerEvents['released'], 'id' | 'scope' | 'job'> {
    return { id: this.id, scope: this.scope, job: this.job };
  }

  #holdLeftMs(now: Now = nowOf(this.#context.clock)): number {
    return this.options.maxHoldMs - passedMs(this.#since, now);
  }

  /** Made only when somebody asks for it. */
  #ownSignal(): LockSignal {
    if (this.#signal !== undefined) return this.#signal;
    const { signal: given } = this.options;
    const signal = new LockSignal(() => void this.isLive());
    this.#signal = signal;
    if (this.loss !== undefined) signal.abort(this.loss);
    else if (given?.aborted) signal.abort(given.reason);
    if (this.#ended || this.loss !== undefined) return signal;
    // Where nothing was taken, no heartbeat looks after `maxHoldMs`. Node's timers may fire a fraction of a millisecond early.
    const endMs = this.#seats.length > 0 ? Number.POSITIVE_INFINITY : Math.ceil(this.#holdLeftMs()) + 1;
    const timer = endMs === Number.POSITIVE_INFINITY ? undefined : this.#context.clock.setTimer(signal.judge, endMs, false);
    const joined = this.outers.map((outer) => outer.#ownSignal());
    signal.follow(given, joined, timer);
    return signal;
  }
}

function largestFence(seats: readonly Seat[], outers: readonly HeldLock[]): bigint | undefined {
  let largest: bigint | undefined;
  for (const { fence } of outers.length === 0 ? seats : [...outers, ...seats])
    if (largest === undefined || (fence !== undefined && fence > largest)) largest = fence;
  return largest;
}
