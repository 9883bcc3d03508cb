import { inspect } from 'node:util';
import type { Taken } from './acquire.ts';
import type { Clock } from './clock.ts';
import { GivewayError, InvalidOptionError, LockLostError, type LostReason, StoreUnavailableError } from './errors.ts';
import type { Events, LockerEvents, ReleaseOutcome } from './events.ts';
import { toHanded } from './handed.ts';
import type { Lock, SerializedLock } from './lock.ts';
import { LockSignal } from './lock-signal.ts';
import { type ResolvedOptions, ttlRangeMs } from './options.ts';
import { needsOf, type ResolvedScope } from './scope.ts';
import type { Seat, SeatOwner } from './seat.ts';

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
  readonly scope: ResolvedScope;
  readonly isProtected: boolean;
  readonly fence: bigint | undefined;
  readonly options: ResolvedOptions;
  /** The locks of outer runs that hold what this one joined. */
  readonly outers: readonly HeldLock[];
  lost: LockLostError | undefined;
  readonly #context: LockContext;
  readonly #taken: readonly Taken[];
  readonly #startMonoMs: number;
  readonly #startWallMs: number;
  #signal: LockSignal | undefined;
  #ended = false;

  constructor(
    context: LockContext,
    scope: ResolvedScope,
    options: ResolvedOptions,
    token: string,
    taken: readonly Taken[],
    protectedByStore: boolean,
    outers: readonly HeldLock[],
  ) {
    this.#context = context;
    this.#taken = taken;
    this.#startMonoMs = context.clock.monotonicMs();
    this.scope = scope;
    this.options = options;
    this.outers = outers;
    this.#startWallMs = Math.min(context.clock.wallMs(), ...taken.map(({ seat }) => seat.sinceWallMs));
    this.isProtected = protectedByStore && (outers.length === 0 || outers.every((outer) => outer.isProtected));
    this.token = taken.length === 1 ? (taken[0] as Taken).seat.claim.token : taken.length === 0 ? (outers[0]?.token ?? token) : token;
    this.fence = largestFence(taken, outers);
    for (const { seat } of taken) seat.owner = this;
  }

  get job(): string | undefined {
    return this.options.job;
  }

  get acquiredAt(): Date {
    return new Date(this.#startWallMs);
  }

  /** Not let go, and not lost. Judges the deadlines now. */
  isLive(): boolean {
    if (this.#ended) return false;
    for (const { gate, seat } of this.#taken) gate.isLive(seat);
    if (this.lost === undefined && this.#holdLeftMs() <= 0) this.lose('max-hold', this.#firstResource());
    for (const outer of this.outers) if (!outer.isLive()) this.lose(outer.lost?.reason ?? 'closed', outer.lost?.resource);
    return this.lost === undefined;
  }

  get signal(): AbortSignal {
    return this.#ownSignal().signal;
  }

  remainingMs(): number {
    if (!this.isLive()) return 0;
    const seats = this.#taken.map(({ seat }) => seat.remainingMs(this.#context.clock));
    return Math.max(0, Math.min(this.#holdLeftMs(), ...this.outers.map((outer) => outer.remainingMs()), ...seats));
  }

  async extend(ttlMs: number = this.options.ttlMs): Promise<boolean> {
    if (!Number.isInteger(ttlMs) || ttlMs < ttlRangeMs.min || ttlMs > ttlRangeMs.max) {
      throw new InvalidOptionError('ttlMs', ttlMs, `an integer from ${ttlRangeMs.min} to ${ttlRangeMs.max} (milliseconds) is allowed`);
    }
    if (!this.isLive()) return false;
    const cappedMs = Math.max(ttlRangeMs.min, Math.min(ttlMs, Math.ceil(this.#holdLeftMs())));
    const extended = await Promise.all([
      ...this.#taken.map(({ gate, seat }) => gate.extend(seat, cappedMs)),
      ...this.outers.map((outer) => outer.remainingMs() >= cappedMs || outer.extend(cappedMs)),
    ]);
    if (!extended.every(Boolean) || !this.isLive()) return false;
    this.#context.events.emit('extended', () => ({ id: this.id, scope: this.scope, job: this.job, ttlMs: cappedMs }));
    return true;
  }

  async unlock(): Promise<boolean> {
    return (await this.release()) !== 'not-ours';
  }

  /** As `unlock`, and says whether an outer run goes on holding it. */
  async release(): Promise<ReleaseOutcome> {
    if (this.#ended) return 'not-ours';
    const live = this.isLive();
    this.#end();
    const { events } = this.#context;
    const settled = await Promise.allSettled(this.#taken.map(({ gate, seat }) => gate.leave(seat)));
    const failure = settled.find((outcome) => outcome.status === 'rejected');
    if (failure !== undefined) {
      const error = failure.reason as unknown;
      events.emit('release-failed', () => ({ id: this.id, scope: this.scope, job: this.job, error }));
      throw error instanceof GivewayError
        ? error
        : new StoreUnavailableError('The store failed while the lock was released', { cause: error });
    }
    const ours = settled.every((outcome) => outcome.status === 'fulfilled' && outcome.value);
    const joined = this.#taken.length === 0 && this.outers.length > 0;
    const release = !ours || (joined && !live) ? 'not-ours' : joined ? 'kept' : 'released';
    this.#tellReleased(release);
    return release;
  }

  throwIfLost(): void {
    if (this.isLive()) return;
    throw this.lost ?? new LockLostError(this.#firstResource(), 'closed');
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
      this.#taken.map(async ({ gate, seat }) => {
        const token = await gate.detach(seat);
        if (token === undefined) throw new LockLostError(gate.resource, seat.claim.lost ?? 'expired');
        return { resource: gate.resource, mode: seat.ask.mode, token };
      }),
    ).catch((error: unknown) => {
      this.#tellReleased('not-ours');
      throw error;
    });
    this.#tellReleased('handed-over');
    return toHanded(this.#context, this, this.#startWallMs, entries);
  }

  toJSON(): object {
    return {
      scope: this.scope,
      job: this.job,
      acquiredAt: this.acquiredAt,
      remainingMs: Math.round(this.remainingMs()),
      isProtected: this.isProtected,
      fence: this.fence?.toString(),
      lost: this.lost?.reason,
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
  lose(reason: LostReason, resource: string = this.#firstResource(), cause?: unknown): void {
    if (this.#ended || this.lost !== undefined) return;
    const error = new LockLostError(resource, reason, cause === undefined ? undefined : { cause });
    this.lost = error;
    this.#signal?.abort(error);
    const { events, clock } = this.#context;
    events.emit('lost', () => ({
      id: this.id,
      scope: this.scope,
      job: this.job,
      resource,
      reason,
      heldMs: clock.monotonicMs() - this.#startMonoMs,
      error,
    }));
  }

  /** One of its places was lost. */
  lostSeat(seat: Seat, reason: LostReason): void {
    const at = this.#taken.find((each) => each.seat === seat);
    this.lose(reason, at?.gate.resource, seat.claim.fault?.error);
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
      heldMs: clock.monotonicMs() - this.#startMonoMs,
      release,
    }));
  }

  #holdLeftMs(): number {
    const { clock } = this.#context;
    return this.options.maxHoldMs - Math.max(clock.monotonicMs() - this.#startMonoMs, clock.wallMs() - this.#startWallMs);
  }

  #firstResource(): string {
    return needsOf(this.scope)[0]?.resource ?? '';
  }

  /** Made only when somebody asks for it. */
  #ownSignal(): LockSignal {
    this.#signal ??= this.#createSignal();
    return this.#signal;
  }

  #createSignal(): LockSignal {
    const given = this.options.signal;
    const signal = new LockSignal(() => void this.isLive());
    if (this.lost !== undefined) signal.abort(this.lost);
    else if (given?.aborted) signal.abort(given.reason);
    if (this.#ended || this.lost !== undefined) return signal;
    const joined = this.outers.map((outer) => outer.#ownSignal());
    signal.follow(given, joined, this.#timeTheEnd());
    return signal;
  }

  /** Where nothing was taken, no heartbeat looks after `maxHoldMs`. */
  #timeTheEnd(): Disposable | undefined {
    const leftMs = this.#holdLeftMs();
    if (this.#taken.length > 0 || leftMs === Number.POSITIVE_INFINITY) return undefined;
    // Node's timers may fire a fraction of a millisecond early.
    return this.#context.clock.setTimer(() => this.isLive(), Math.ceil(leftMs) + 1, false);
  }
}

function largestFence(taken: readonly Taken[], outers: readonly HeldLock[]): bigint | undefined {
  let largest: bigint | undefined;
  for (const { fence } of outers) if (fence !== undefined && (largest === undefined || fence > largest)) largest = fence;
  for (const { seat } of taken) {
    const { fence } = seat.claim;
    if (seat.ask.mode === 'write' && fence !== undefined && (largest === undefined || fence > largest)) largest = fence;
  }
  return largest;
}
