import type { SessionMonitorOptions } from './options.ts';

/** The danger zone of one acquisition: so long without a confirmed heartbeat. Its callback comes once. */
export class SessionMonitor {
  readonly #safeMs: number;
  readonly #callback: (() => unknown) | undefined;
  #hasCalled = false;

  constructor({ safeTimeWithoutHeartbeatMs, callback }: SessionMonitorOptions) {
    this.#safeMs = safeTimeWithoutHeartbeatMs;
    this.#callback = callback;
  }

  isDue(elapsedMs: number): boolean {
    return elapsedMs >= this.#safeMs;
  }

  /** Milliseconds until the callback is due; `Infinity` once it was called. */
  leftMs(elapsedMs: number): number {
    return this.#hasCalled ? Number.POSITIVE_INFINITY : this.#safeMs - elapsedMs;
  }

  /** Calls back if it is time. Never throws. */
  judge(elapsedMs: number): void {
    if (this.#hasCalled || !this.isDue(elapsedMs)) return;
    this.#hasCalled = true;
    void callSafely(this.#callback);
  }
}

/** What a callback throws, now or later, must not come out of a timer. */
async function callSafely(callback: (() => unknown) | undefined): Promise<void> {
  try {
    await callback?.();
  } catch {
    // The caller's own; there is nobody here to tell.
  }
}
