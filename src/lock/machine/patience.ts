/** When whoever waits looks at the store: decided from what was seen, without I/O. */

import type { Mode } from '../holder.ts';
import type { RetryOptions } from '../options.ts';
import { leftMs } from '../record/decide.ts';
import type { Entrant, LockRecord, Waiting } from '../record/record.ts';
import { usualOf } from './turns.ts';

/** What a process that waits has seen. */
export interface Watched {
  readonly record: LockRecord;
  /** Who is in the way. Empty: only the line is. */
  readonly blockers: readonly Entrant[];
  readonly ahead: readonly Waiting[];
  /** From one turn to the next, as it was seen; 0 until then. */
  readonly paceMs: number;
  /** How long whoever holds it has been seen to. */
  readonly watchedMs: number;
  /** How long whoever is first here has waited. */
  readonly waitedMs: number;
  /** Looks since it last changed hands. */
  readonly looks: number;
  /** The store calls when the record changes. */
  readonly isCalled: boolean;
}

/** The shortest pause, as a share of `retry.delayMs`: of its default 50 a millisecond, which is the shortest of timers. Who wants few requests has them. */
const shortestShare = 1 / 50;
/** The same of a holder that has only just come, where nobody has said how long it takes: 3 ms. Each look costs a request, and some last for hours. */
const firstShare = 1 / 16;
/** A turn that should be over is looked for after this share of the time that it has been: some eight looks for one that lasts four times as long. */
const overdueShare = 1 / 5;
/** Where only others have told how long turns take, it looks after this share of what is left: once more for each halving, five for 50 ms. */
const guessedShare = 1 / 2;

/**
 * Until the next look: what is left of the holder's usual time, and the usual times of those in line before. Where that is not
 * known, or has passed, the pause grows; never past `retry.maxDelayMs`, nor past the moment at which a holder ends by itself.
 */
export function lookAgainMs(seen: Watched, retry: Required<RetryOptions>, wallMs: number, luck: number): number {
  const leastMs = retry.delayMs * shortestShare;
  const chance = 0.5 + luck / 2;
  const growth = 2 ** Math.max(0, Math.min(seen.looks - 1, 16)) * chance;
  const backoffMs = retry.delayMs * growth;
  const expectedMs = untilTurnMs(seen);
  // Where looks are counted none is wasted on a guess.
  const mayGuess = retry.maxAttempts === Number.POSITIVE_INFINITY;
  const soonMs = mayGuess ? Math.max(soFarMs(seen, wallMs) * chance, backoffMs * firstShare) : backoffMs;
  const isGuess = mayGuess && isGuessed(seen);
  const looksMs = expectedMs === undefined ? Math.min(backoffMs, soonMs) : untilLookMs(expectedMs, isGuess, leastMs);
  const calledMs = seen.isCalled ? 2 * looksMs + backoffMs : looksMs;
  const pauseMs = Math.min(Math.max(calledMs, leastMs), retry.maxDelayMs);
  const endsInMs = Math.min(...seen.blockers.map((blocker) => leftMs(seen.record, blocker, wallMs)));
  // A key outlives its holder's end by what the last request took, and by the store's grain: past it, look again after as long as that has been.
  return Math.min(pauseMs, endsInMs > 0 ? endsInMs + 1 : Math.max(-endsInMs, retry.delayMs));
}

function untilLookMs(expectedMs: number, isGuess: boolean, leastMs: number): number {
  if (expectedMs <= 0) return -expectedMs * overdueShare;
  return isGuess ? expectedMs * guessedShare : expectedMs + leastMs / 2;
}

function isGuessed({ record, ahead }: Watched): boolean {
  return record.holders.some(({ guessMs }) => guessMs !== undefined) || ahead.some(({ usualMs }) => usualMs === undefined);
}

/** Less than 0: so long ago it should have been our turn. `undefined`: nobody has said how long such holds take. */
function untilTurnMs({ record, ahead, paceMs, watchedMs, waitedMs }: Watched): number | undefined {
  let usualMs: number | undefined;
  for (const holder of record.holders) {
    const toldMs = usualOf(holder);
    if (toldMs !== undefined) usualMs = Math.max(usualMs ?? 0, toldMs);
  }
  if (usualMs === undefined) return undefined;
  const overdueMs = usualMs - watchedMs;
  if (ahead.length === 0) return overdueMs;
  const counted = new Set<Mode>();
  let [aheadMs, lastMs, strangers, leastMs] = [0, 0, 0, usualMs];
  for (const waiting of ahead) {
    // Those of one shared mode go together.
    if (waiting.mode !== 'write' && counted.has(waiting.mode)) continue;
    counted.add(waiting.mode);
    if (waiting.usualMs === undefined) strangers++;
    else leastMs = Math.min(leastMs, waiting.usualMs);
    lastMs = waiting.usualMs ?? Math.max(leastMs, paceMs);
    aheadMs += waiting.usualMs ?? 0;
  }
  // Where many begin at once the first turns take up to thirty times as long as the others: whoever counted on that would sleep through its own.
  aheadMs += Math.min(strangers * Math.max(leastMs, paceMs), waitedMs);
  // In the midst of the turn before ours: from its beginning, which is seen then, ours is told without the errors of all before.
  return (overdueMs > 0 ? overdueMs : -overdueMs * overdueShare) + Math.max(aheadMs - lastMs / 2, 1);
}

/** As long again as it has lasted is the best guess, though clocks may be apart. */
function soFarMs({ blockers, ahead, waitedMs }: Watched, wallMs: number): number {
  const lastedMs = Math.max(0, wallMs - Math.max(...blockers.map(({ since }) => since)));
  return Math.min(lastedMs * (1 + ahead.length), lastedMs + waitedMs);
}
