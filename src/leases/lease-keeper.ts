import type { Beating, Heartbeat } from '../lock/heartbeat.ts';
import type { ClientSettings } from './check-options.ts';
import type { Lease, LeaseChange } from './lease-record.ts';
import type { SessionMonitor } from './session-monitor.ts';

/** What is kept: a lease in this client's hand. */
export interface KeptLease {
  readonly lease: Lease;
  /** Judges the deadline now, and tells the holder when it has passed. */
  isLive(): boolean;
  /** Milliseconds since the lease began. */
  elapsedMs(): number;
  remainingMs(): number;
  heartbeat(change: LeaseChange): Promise<void>;
}

/** Looks at a lease when the wheel says so: at its deadline, when its session monitor is due, when it needs a heartbeat. */
export class LeaseKeeper implements Beating {
  readonly #kept: KeptLease;
  readonly #settings: ClientSettings;
  readonly #wheel: Heartbeat;
  readonly #monitor: SessionMonitor | undefined;
  #nextBeatMonoMs = 0;
  #beating = false;

  constructor(kept: KeptLease, settings: ClientSettings, wheel: Heartbeat, monitor: SessionMonitor | undefined) {
    this.#kept = kept;
    this.#settings = settings;
    this.#wheel = wheel;
    this.#monitor = monitor;
  }

  beat(nowMonoMs: number): number | undefined {
    if (!this.#kept.isLive()) return undefined;
    this.#monitor?.judge(this.#kept.elapsedMs());
    if (this.#settings.beats && !this.#beating && nowMonoMs >= this.#nextBeatMonoMs) this.#sendHeartbeat(nowMonoMs);
    return this.#nextLookMonoMs();
  }

  /** The next heartbeat is due a period after `fromMonoMs`, and no later than half the lease. */
  planBeat(fromMonoMs: number): void {
    this.#nextBeatMonoMs = fromMonoMs + Math.min(this.#settings.heartbeatPeriodMs, this.#kept.lease.leaseDurationMs / 2);
  }

  /** Asks the wheel to look when there is something to do. */
  watch(): void {
    this.#wheel.at(this, this.#nextLookMonoMs());
  }

  /** There is nothing to keep any more. */
  forget(): void {
    this.#wheel.forget(this);
  }

  #sendHeartbeat(nowMonoMs: number): void {
    this.#beating = true;
    this.planBeat(nowMonoMs);
    // A heartbeat that failed is sent again at the next period; what it found out is on the signal.
    this.#kept
      .heartbeat({})
      .catch(() => {})
      .finally(() => {
        this.#beating = false;
        if (this.#kept.isLive()) this.watch();
      });
  }

  #nextLookMonoMs(): number {
    const { beats, clock } = this.#settings;
    const nowMonoMs = clock.monotonicMs();
    const nextBeatMonoMs = beats && !this.#beating ? this.#nextBeatMonoMs : Number.POSITIVE_INFINITY;
    const monitorLeftMs = this.#monitor?.leftMs(this.#kept.elapsedMs()) ?? Number.POSITIVE_INFINITY;
    return Math.min(nextBeatMonoMs, nowMonoMs + this.#kept.remainingMs(), nowMonoMs + monitorLeftMs);
  }
}
