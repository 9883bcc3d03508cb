/** How a call ended, and after how long. */
export interface Timed<T> {
  readonly value?: T;
  readonly error?: unknown;
  /** For bounds from below. */
  readonly tookMs: number;
  /** The same without what this process was kept waiting by others: for bounds from above. */
  readonly awakeMs: number;
}

const tickMs = 10;

/** The settled outcome of a promise, timed. On a busy machine a process stands still for half a second: no deadline can help that. */
export async function timed<T>(call: Promise<T>): Promise<Timed<T>> {
  const startMs = performance.now();
  let [lastMs, awakeMs] = [startMs, 0];
  const tick = (): void => {
    const nowMs = performance.now();
    awakeMs += Math.min(nowMs - lastMs, 2 * tickMs);
    lastMs = nowMs;
  };
  const ticking = setInterval(tick, tickMs);
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  clearInterval(ticking);
  tick();
  return { ...outcome, tookMs: performance.now() - startMs, awakeMs };
}
