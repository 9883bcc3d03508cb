import type { Alarmed, Alarms, Bucket } from '../lock/shell/alarms.ts';
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

/** Looks at a lease when it is woken: at its deadline, when its session monitor is due, when it needs a heartbeat. */
export class LeaseKeeper implements Alarmed {
  bucket: Bucket | undefined;
  previous: Alarmed | undefined;
  next: Alarmed | undefined;
  readonly #kept: KeptLease;
  readonly #settings: ClientSettings;
  readonly #alarms: Alarms;
  readonly #monitor: SessionMonitor | undefined;
  #nextBeatMonoMs = 0;
  #beating = false;

  constructor(kept: KeptLease, settings: ClientSettings, alarms: Alarms, monitor: SessionMonitor | undefined) {
    this.#kept = kept;
    this.#settings = settings;
    this.#alarms = alarms;
    this.#monitor = monitor;
  }

  woke(): void {
    const nowMonoMs = this.#settings.clock.monotonicMs();
    if (!this.#kept.isLive()) return;
    this.#monitor?.judge(this.#kept.elapsedMs());
    if (this.#settings.beats && !this.#beating && nowMonoMs >= this.#nextBeatMonoMs) this.#sendHeartbeat(nowMonoMs);
    this.watch();
  }

  /** The next heartbeat is due a period after `fromMonoMs`, and no later than half the lease. */
  planBeat(fromMonoMs: number): void {
    this.#nextBeatMonoMs = fromMonoMs + Math.min(this.#settings.heartbeatPeriodMs, this.#kept.lease.leaseDurationMs / 2);
  }

  /** Asks to be woken when there is something to do. */
  watch(): void {
    this.#alarms.at(this, this.#nextLookMonoMs(), this.#settings.clock.monotonicMs());
  }

  /** There is nothing to keep any more. */
  forget(): void {
    this.#alarms.cancel(this);
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
