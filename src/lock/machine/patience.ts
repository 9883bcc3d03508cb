/** When whoever waits looks at the store: decided from what was seen, without I/O. */

import type { Mode } from '../holder.ts';
import type { RetryOptions } from '../options.ts';
import { leftMs } from '../record/decide.ts';
import type { Entrant, LockRecord, Waiting } from '../record/record.ts';

/** What a process that waits has seen. */
export interface Watched {
  readonly record: LockRecord;
  /** Who is in the way. Empty: only the line is. */
  readonly blockers: readonly Entrant[];
  readonly ahead: readonly Waiting[];
  /** How long whoever holds it has been seen to. */
  readonly watchedMs: number;
  /** Looks since it last changed hands. */
  readonly looks: number;
  /** The store calls when the record changes. */
  readonly isCalled: boolean;
}

/** The shortest pause, as a share of `retry.delayMs`: 1.6 ms of its default 50, some six times a loopback's latency. Who wants few requests has them. */
const shortestShare = 1 / 32;

/**
 * Until the next look: what is left of the holder's usual time, and the usual times of those in line before. Where that is not
 * known, or has passed, the pause grows; never past `retry.maxDelayMs`, nor past the moment at which a holder ends by itself.
 */
export function lookAgainMs(seen: Watched, retry: Required<RetryOptions>, wallMs: number, luck: number): number {
  const leastMs = retry.delayMs * shortestShare;
  const backoffMs = retry.delayMs * 2 ** Math.max(0, Math.min(seen.looks - 1, 16)) * (0.5 + luck / 2);
  const expectedMs = untilTurnMs(seen);
  const looksMs = expectedMs === undefined ? backoffMs : expectedMs > 0 ? expectedMs + leastMs / 2 : -expectedMs / 2;
  const calledMs = seen.isCalled ? 2 * looksMs + backoffMs : looksMs;
  const pauseMs = Math.min(Math.max(calledMs, leastMs), retry.maxDelayMs);
  const endsInMs = Math.min(...seen.blockers.map((blocker) => leftMs(seen.record, blocker, wallMs)));
  // A key may outlive its holder's end by the store's grain: past it, look again soon, not at once.
  return endsInMs > 0 ? Math.min(pauseMs, endsInMs + 1) : pauseMs;
}

/** Less than 0: so long ago it should have been our turn. `undefined`: nobody has said how long such holds take. */
function untilTurnMs({ record, ahead, watchedMs }: Watched): number | undefined {
  let usualMs: number | undefined;
  for (const holder of record.holders) if (holder.usualMs !== undefined) usualMs = Math.max(usualMs ?? 0, holder.usualMs);
  if (usualMs === undefined) return undefined;
  const overdueMs = usualMs - watchedMs;
  if (ahead.length === 0) return overdueMs;
  const counted = new Set<Mode>();
  let aheadMs = 0;
  for (const waiting of ahead) {
    // Those of one shared mode go together.
    if (waiting.mode !== 'write' && counted.has(waiting.mode)) continue;
    counted.add(waiting.mode);
    aheadMs += waiting.usualMs ?? usualMs;
  }
  return Math.max(0, overdueMs) + Math.max(aheadMs, 1);
}
