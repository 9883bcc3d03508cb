/** The pauses between looks are as long as those of a `lock()` that waits, where nobody says anything. */
const shortestPauseMs = 50;
const longestPauseMs = 1_000;

/** So much of a long hold is lost at most where another process ends it, and one of an hour is looked at once a second all the same. */
const shareOfHold = 1 / 4;

/**
 * Until the next look at a table that others have held for `heldMs`, as far as is known. By up to a half at random, so that processes do not look
 * together: `luck` is from 0 to 1.
 */
export function nextLookMs(heldMs: number, luck: number): number {
  return Math.min(Math.max(heldMs * shareOfHold, shortestPauseMs), longestPauseMs) * (0.5 + luck / 2);
}
