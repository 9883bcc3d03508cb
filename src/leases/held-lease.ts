import { randomUUID } from 'node:crypto';
import { entrantOf } from '../lock/entry.ts';
import { GivewayError, LockLostError, type LostReason, StoreUnavailableError } from '../lock/errors.ts';
import type { Beating, Heartbeat } from '../lock/heartbeat.ts';
import { judgedController } from '../lock/judged-signal.ts';
import { type Entrant, jobName } from '../lock/record.ts';
import type { Version } from '../lock/store.ts';
import type { ClientSettings } from './check-options.ts';
import { LockNotGrantedError, SessionMonitorNotSetError } from './errors.ts';
import type { LeaseView } from './item.ts';
import { describeName } from './lease-key.ts';
import { changedLease, decodeLeaseRecord, encodeHeld, encodeReleased, type Lease, type LeaseChange } from './lease-record.ts';
import type { SessionMonitorOptions } from './options.ts';

/** Only a lost answer or a hand at the record makes a write miss while the token is still there. */
const maxRaces = 8;

/** What a held lease needs from its client. */
export interface HeldContext {
  readonly settings: ClientSettings;
  readonly wheel: Heartbeat;
  /** It is over, one way or another: forget it. */
  ended(held: HeldLease): void;
}

/** One confirmed write: what it said, and when it was sent. */
export interface Confirmed {
  readonly entrant: Entrant;
  readonly lease: Lease;
  readonly version: Version;
  readonly monoMs: number;
  readonly wallMs: number;
}

/** How a lease was asked for, as far as it matters while it is held. */
export interface HeldTerms {
  readonly key: string;
  readonly deleteLockOnRelease: boolean;
  readonly sessionMonitor: SessionMonitorOptions | undefined;
}

/**
 * A lease in this client's hand. Heartbeats and the release are one operation at a time, each a compare-and-swap, so neither
 * can touch another holder's lock. The lease counts from before each confirmed request, on the monotonic and the wall clock.
 */
export class HeldLease implements LeaseView, Beating {
  readonly key: string;
  readonly deleteLockOnRelease: boolean;
  isReleased = false;
  #lost: LockLostError | undefined;
  #confirmed: Confirmed;
  /** When the lease began. Later than `#confirmed` only with `holdLockOnServiceUnavailable`. */
  #startMonoMs: number;
  #startWallMs: number;
  #fault: unknown;
  #nextBeatMonoMs = 0;
  #beating = false;
  #monitor: SessionMonitorOptions | undefined;
  #monitorFired = false;
  /** Nothing of ours is in the store any more. */
  #gone = false;
  #queue: Promise<unknown> = Promise.resolve();
  #controller: AbortController | undefined;
  readonly #context: HeldContext;

  constructor(context: HeldContext, { key, deleteLockOnRelease, sessionMonitor }: HeldTerms, confirmed: Confirmed) {
    this.#context = context;
    this.key = key;
    this.deleteLockOnRelease = deleteLockOnRelease;
    this.#monitor = sessionMonitor;
    this.#confirmed = confirmed;
    this.#startMonoMs = confirmed.monoMs;
    this.#startWallMs = confirmed.wallMs;
    this.#planBeat(confirmed.monoMs);
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
    return this.lease.leaseDurationMs - this.#elapsedMs();
  }

  amIAboutToExpire(): boolean {
    if (this.isReleased) throw new GivewayError('ERR_GIVEWAY_LEASE_RELEASED', `${this.#name} was released; it expires no more`);
    if (this.#monitor === undefined) throw new SessionMonitorNotSetError(this.#name);
    return this.#elapsedMs() >= this.#monitor.safeTimeWithoutHeartbeatMs;
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

  /** For the wheel: judges the deadline and the session monitor, sends a heartbeat if one is due. */
  beat(nowMonoMs: number): number | undefined {
    if (!this.isLive()) return undefined;
    if (this.#monitor !== undefined && !this.#monitorFired && this.#elapsedMs() >= this.#monitor.safeTimeWithoutHeartbeatMs) {
      this.#monitorFired = true;
      void callSafely(this.#monitor.callback);
    }
    if (this.#context.settings.beats && !this.#beating && nowMonoMs >= this.#nextBeatMonoMs) {
      this.#beating = true;
      this.#planBeat(nowMonoMs);
      // A heartbeat that failed is sent again at the next period; what it found out is on the signal.
      this.heartbeat({})
        .catch(() => {})
        .finally(() => {
          this.#beating = false;
          if (this.isLive()) this.watch();
        });
    }
    return this.#nextLookMonoMs();
  }

  /** Asks the wheel to look when there is something to do. */
  watch(): void {
    this.#context.wheel.at(this, this.#nextLookMonoMs());
  }

  async #renew(change: LeaseChange): Promise<void> {
    const { clock, store, leaseDurationMs: usualMs } = this.#context.settings;
    for (let races = 0; races < maxRaces; races++) {
      const { entrant: last, version } = this.#confirmed;
      const monoMs = clock.monotonicMs();
      const wallMs = clock.wallMs();
      // What `ensure` asked for is not cut short by the next heartbeat.
      const leaseDurationMs = change.leaseDurationMs ?? Math.max(usualMs, Math.ceil(this.remainingMs()));
      const lease = changedLease(this.lease, { ...change, leaseDurationMs }, randomUUID());
      const entrant = leaseEntrant(last, lease, wallMs, last.since);
      const written = await store.replace(this.key, encodeHeld(entrant, lease), version, leaseDurationMs);
      const cameInTime = this.isLive();
      if (written !== undefined) {
        this.#confirmed = { entrant, lease, version: written, monoMs, wallMs };
        if (!cameInTime) this.#mustBeLive();
        this.#fault = undefined;
        this.#startFrom(monoMs, wallMs);
        return;
      }
      await this.#look();
      this.#mustBeLive();
    }
    throw this.#tooManyRaces();
  }

  async #letGo(keepsRecord: boolean, lease: Lease): Promise<boolean> {
    const { store, keepReleasedMs } = this.#context.settings;
    for (let races = 0; races < maxRaces; races++) {
      const { version } = this.#confirmed;
      const done = keepsRecord
        ? (await store.replace(this.key, encodeReleased(lease), version, keepReleasedMs)) !== undefined
        : await store.remove(this.key, version);
      if (done) {
        this.#gone = true;
        this.#confirmed = { ...this.#confirmed, lease };
        return true;
      }
      if (!(await this.#look())) return false;
    }
    throw this.#tooManyRaces();
  }

  /** After a "no": `true` if our token is still there, because an answer was lost; then the version is fresh. */
  async #look(): Promise<boolean> {
    const entry = await this.#context.settings.store.read(this.key);
    const isOurs = entry !== undefined && decodeLeaseRecord(entry.value)?.holders.some(({ token }) => token === this.token);
    if (isOurs) this.#confirmed = { ...this.#confirmed, version: entry.version };
    else {
      this.#gone = true;
      this.lose(entry === undefined ? 'vanished' : 'stolen');
    }
    return isOurs ?? false;
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
    this.#context.wheel.forget(this);
    this.#context.ended(this);
  }

  #startFrom(monoMs: number, wallMs: number): void {
    this.#startMonoMs = monoMs;
    this.#startWallMs = wallMs;
    this.#planBeat(monoMs);
    this.watch();
  }

  #planBeat(fromMonoMs: number): void {
    this.#nextBeatMonoMs = fromMonoMs + Math.min(this.#context.settings.heartbeatPeriodMs, this.lease.leaseDurationMs / 2);
  }

  #nextLookMonoMs(): number {
    const nowMonoMs = this.#context.settings.clock.monotonicMs();
    const { beats } = this.#context.settings;
    const monitorMs =
      this.#monitor === undefined || this.#monitorFired ? Number.POSITIVE_INFINITY : this.#monitor.safeTimeWithoutHeartbeatMs;
    const nextBeatMonoMs = beats && !this.#beating ? this.#nextBeatMonoMs : Number.POSITIVE_INFINITY;
    return Math.min(nextBeatMonoMs, nowMonoMs + this.remainingMs(), nowMonoMs + monitorMs - this.#elapsedMs());
  }

  /** On the clock that is further ahead: a suspended machine stops one of them. */
  #elapsedMs(): number {
    const { clock } = this.#context.settings;
    return Math.max(clock.monotonicMs() - this.#startMonoMs, clock.wallMs() - this.#startWallMs);
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

/** A lease's holder as every locker and `inspect` see it. */
export function leaseEntrant(
  base: Pick<Entrant, 'token' | 'host' | 'pid'> & { readonly beat?: number },
  { ownerName, leaseDurationMs }: Pick<Lease, 'ownerName' | 'leaseDurationMs'>,
  wallMs: number,
  since: number = wallMs,
): Entrant {
  const terms = { job: jobName(ownerName), ttlMs: leaseDurationMs, maxHoldMs: Number.POSITIVE_INFINITY };
  return entrantOf({ ...base, mode: 'write' }, terms, since, wallMs);
}

/** What a callback throws, now or later, must not come out of a timer. */
async function callSafely(callback: (() => unknown) | undefined): Promise<void> {
  try {
    await callback?.();
  } catch {
    // The caller's own; there is nobody here to tell.
  }
}
