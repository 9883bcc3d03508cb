/** Which moments and durations a record may name, in milliseconds, and how others are brought within them. */

/** The last millisecond that a `Date` can show. */
export const latestDateMs = 8.64e15;

/** The nearest that a `Date` can show: clocks that are apart may move one of others past the last. */
export function withinDates(ms: number): number {
  return Math.max(-latestDateMs, Math.min(ms, latestDateMs));
}

/** `undefined`: no end that a `Date` can show. */
export function latestEndOf(endMs: number): number | undefined {
  return endMs > latestDateMs ? undefined : Math.round(endMs);
}

export function isDateMs(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) <= latestDateMs;
}

/** Sums of these stay numbers. */
export function isDurationMs(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= latestDateMs;
}
