import { randomUUID } from 'node:crypto';
import { judgedController } from '../lock/api/judged-signal.ts';
import { GivewayError, LockLostError, type LostReason, StoreUnavailableError } from '../lock/errors.ts';
import type { Alarms } from '../lock/shell/alarms.ts';
import type { AcquireSettings, ClientSettings } from './check-options.ts';
import { LockNotGrantedError, SessionMonitorNotSetError } from './errors.ts';
import type { LeaseView } from './item.ts';
import { type KeptLease, LeaseKeeper } from './lease-keeper.ts';
import { describeName } from './lease-key.ts';
import { changedLease, type Lease, type LeaseChange } from './lease-record.ts';
import { type Confirmed, lookAgain, rewrite, takeOut } from './lease-writes.ts';
import { SessionMonitor } from './session-monitor.ts';

/** Only a lost answer or a hand at the record makes a write miss while the token is still there. */
const maxRaces = 8;

/** What a held lease needs from its client. */
export interface HeldContext {
  readonly settings: ClientSettings;
  readonly alarms: Alarms;
  /** It is over, one way or another: forget it. */
  ended(held: HeldLease): void;
}

/**
 * A lease in this client's hand. Heartbeats and the release are one operation at a time. The lease counts from before each
 * confirmed request, on the monotonic and the wall clock.
 */
export class HeldLease implements LeaseView, KeptLease {
  readonly key: string;
  readonly deleteLockOnRelease: boolean;
  isReleased = false;
  #lost: LockLostError | undefined;
  #confirmed: Confirmed;
  /** When the lease began. Later than `#confirmed` only with `holdLockOnServiceUnavailable`. */
  #startMonoMs: number;
  #startWallMs: number;
  #fault: unknown;
  /** Nothing of ours is in the store any more. */
  #gone = false;
  #queue: Promise<unknown> = Promise.resolve();
  #controller: AbortController | undefined;
  readonly #context: HeldContext;
  readonly #monitor: SessionMonitor | undefined;
  readonly #keeper: LeaseKeeper;

  constructor(context: HeldContext, key: string, { deleteLockOnRelease, sessionMonitor }: AcquireSettings, confirmed: Confirmed) {
    this.#context = context;
    this.key = key;
    this.deleteLockOnRelease = deleteLockOnRelease;
    this.#confirmed = confirmed;
    this.#startMonoMs = confirmed.monoMs;
    this.#startWallMs = confirmed.wallMs;
    this.#monitor = sessionMonitor && new SessionMonitor(sessionMonitor);
    this.#keeper = new LeaseKeeper(this, context.settings, context.alarms, this.#monitor);
    this.#keeper.planBeat(confirmed.monoMs);
  }

  get lease(): Lease {
    return this.#confirmed.lease;
  }

  get token(): string {
    return this.#confirmed.entrant.token;
  }

  get lookupTimeMs(): number {
    return this.#startMonoMs;
  }

  get signal(): AbortSignal {
    this.#controller ??= this.#createController();
    return this.#controller.signal;
  }

  isExpired(): boolean {
    return !this.isLive();
  }

  /** Judges the deadline now. */
  isLive(): boolean {
    if (this.#lost === undefined && !this.isReleased && this.remainingMs() <= 0)
      this.lose(this.#fault === undefined ? 'expired' : 'unreachable');
    return this.#lost === undefined && !this.isReleased;
  }

  remainingMs(): number {
    return this.lease.leaseDurationMs - this.elapsedMs();
  }

  /** On the clock that is further ahead: a suspended machine stops one of them. */
  elapsedMs(): number {
    const { clock } = this.#context.settings;
    return Math.max(clock.monotonicMs() - this.#startMonoMs, clock.wallMs() - this.#startWallMs);
  }

  amIAboutToExpire(): boolean {
    if (this.isReleased) throw new GivewayError('ERR_GIVEWAY_LEASE_RELEASED', `${this.#name} was released; it expires no more`);
    if (this.#monitor === undefined) throw new SessionMonitorNotSetError(this.#name);
    return this.#monitor.isDue(this.elapsedMs());
  }

  /**
   * Writes the lease anew. Rejects with `LockNotGrantedError` if it is no longer ours, `StoreUnavailableError` if the store
   * does not answer, unless `holdLockOnServiceUnavailable` says to go on.
   */
  heartbeat(change: LeaseChange): Promise<void> {
    return this.#serialise(async () => {
      const { clock, holdLockOnServiceUnavailable } = this.#context.settings;
      this.#mustBeLive();
      const monoMs = clock.monotonicMs();
      const wallMs = clock.wallMs();
      try {
        await this.#renew(change);
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error;
        this.#fault = error;
        if (!holdLockOnServiceUnavailable || !this.isLive()) throw error;
        this.#startFrom(monoMs, wallMs);
      }
    });
  }

  /** `false`: it was no longer ours. Whatever the store answers, no heartbeat follows. Rejects with `StoreUnavailableError`. */
  release(keepsRecord: boolean, change: LeaseChange): Promise<boolean> {
    this.isReleased = true;
    this.#end();
    return this.#serialise(async () => {
      if (this.#gone) return false;
      return this.#letGo(keepsRecord, changedLease(this.lease, change, randomUUID()));
    });
  }

  /** Once: in the holder's eyes it is over. */
  lose(reason: LostReason): void {
    if (this.#lost !== undefined) return;
    const cause = reason === 'unreachable' ? { cause: this.#fault } : undefined;
    this.#lost = new LockLostError(this.lease.partitionKey, reason, cause);
    if (this.isReleased) return;
    this.#end();
    this.#controller?.abort(this.#lost);
  }

  /** From now on its deadline is watched, and heartbeats are sent. */
  watch(): void {
    this.#keeper.watch();
  }

  async #renew(change: LeaseChange): Promise<void> {
    const { settings } = this.#context;
    for (let races = 0; races < maxRaces; races++) {
      // What `ensure` asked for is not cut short by the next heartbeat.
      const leaseDurationMs = change.leaseDurationMs ?? Math.max(settings.leaseDurationMs, Math.ceil(this.remainingMs()));
      const confirmed = await rewrite(settings, this.key, this.#confirmed, { ...change, leaseDurationMs });
      const cameInTime = this.isLive();
      if (confirmed !== undefined) {
        this.#confirmed = confirmed;
        if (!cameInTime) this.#mustBeLive();
        this.#fault = undefined;
        this.#startFrom(confirmed.monoMs, confirmed.wallMs);
        return;
      }
      await this.#look();
      this.#mustBeLive();
    }
    throw this.#tooManyRaces();
  }

  async #letGo(keepsRecord: boolean, lease: Lease): Promise<boolean> {
    for (let races = 0; races < maxRaces; races++) {
      if (await takeOut(this.#context.settings, this.key, this.#confirmed, lease, keepsRecord)) {
        this.#gone = true;
        this.#confirmed = { ...this.#confirmed, lease };
        return true;
      }
      if (!(await this.#look())) return false;
    }
    throw this.#tooManyRaces();
  }

  /** After a "no": `true` if it is still ours, and can be written again. */
  async #look(): Promise<boolean> {
    const found = await lookAgain(this.#context.settings, this.key, this.#confirmed);
    if (found === 'vanished' || found === 'stolen') {
      this.#gone = true;
      this.lose(found);
      return false;
    }
    this.#confirmed = { ...this.#confirmed, version: found };
    return true;
  }

  #mustBeLive(): void {
    if (this.isLive()) return;
    const why = this.isReleased ? 'it was released' : this.#lost?.message;
    throw new LockNotGrantedError(`Cannot send a heartbeat for ${this.#name}: ${why}`, [], { cause: this.#lost });
  }

  #tooManyRaces(): StoreUnavailableError {
    return new StoreUnavailableError(`${this.#name} changed ${maxRaces} times under one operation`, { code: 'ERR_GIVEWAY_RACES' });
  }

  #end(): void {
    this.#keeper.forget();
    this.#context.ended(this);
  }

  #startFrom(monoMs: number, wallMs: number): void {
    this.#startMonoMs = monoMs;
    this.#startWallMs = wallMs;
    this.#keeper.planBeat(monoMs);
    this.#keeper.watch();
  }

  get #name(): string {
    return describeName(this.lease);
  }

  #createController(): AbortController {
    const controller = judgedController(() => void this.isLive());
    if (this.#lost !== undefined) controller.abort(this.#lost);
    return controller;
  }

  #serialise<T>(operation: () => Promise<T>): Promise<T> {
    const running = this.#queue.then(operation);
    this.#queue = running.catch(() => {});
    return running;
  }
}
