/** How whoever waits watches the store: when to look again, and whether to say that it waits. Decided from what was seen, without I/O. */
import { clockSkewMs, earliestEnd } from './decide.ts';
import type { Refusal } from './entry.ts';
import type { RetryOptions } from './options.ts';
import type { Mode } from './record.ts';
import { longHoldMs } from './traffic.ts';

/** What a process has seen since it began to watch a resource. Times in milliseconds, ends on the wall clock. */
export interface Watched {
  /** Who is in the way. */
  readonly refusal: Refusal;
  /** How long whoever it is has been so. */
  readonly inTheWayMs: number;
  /** Looks since the resource last changed hands. */
  readonly looks: number;
  /** It went from one holder to another without us. */
  readonly changedHands: boolean;
  readonly watchedMs: number;
  /** The store calls when the record changes. */
  readonly pushed: boolean;
  /** A wish of ours stands: this process is next in line. */
  readonly nextInLine: boolean;
}

/** How soon a process looks again at whoever is in its way: after a share of the time it has been there, since a short hold leaves a short gap. */
const usually = { leastMs: 5, share: 0.4 };
/** The process that is next in line is alone, and everybody waits for it to notice. */
const whenNext = { leastMs: 3, share: 0.08 };
/** The least share of `retry.delayMs`: so who wants few requests has them. */
const shortestShare = 1 / 16;

/** Until the next look: backs off with jitter, `random` from 0 to 1, but never past the moment a holder ends by itself. */
export function lookAgainMs(seen: Watched, retry: Required<RetryOptions>, nowMs: number, random: number): number {
  const { refusal, inTheWayMs, looks, changedHands, nextInLine } = seen;
  const backoffMs = Math.min(retry.maxDelayMs, retry.delayMs * 2 ** Math.max(0, looks - 1));
  const { leastMs, share } = nextInLine ? whenNext : usually;
  const hurryMs = Math.max(leastMs, retry.delayMs * shortestShare, inTheWayMs * share);
  // Among many who wait for a resource that goes from hand to hand, only the next in line need hurry.
  const looksMs = changedHands && !nextInLine ? backoffMs : Math.min(backoffMs, hurryMs);
  // A store that did not answer may have called for the last time.
  const pauseMs = seen.pushed && !refusal.stale ? Number.POSITIVE_INFINITY : looksMs * (0.5 + random / 2);
  const endsInMs = refusal.blockers.length === 0 ? retry.maxDelayMs : earliestEnd(refusal.blockers) - nowMs;
  // A key may outlive its holder's end by the store's grain: past it, look again soon, not at once.
  return Math.min(pauseMs, endsInMs > 0 ? endsInMs + 1 : Math.min(retry.maxDelayMs, clockSkewMs));
}

/**
 * A wish is worth its requests when sharers could go on for ever, when the resource changes hands without us, or when
 * its holder takes long: it may come straight back. Where the store pushes, a long hold is waited out in silence. Who has
 * just let go leaves those who waited meanwhile the time to put theirs.
 */
export function isWorthAWish({ refusal, changedHands, watchedMs, pushed }: Watched, mode: Mode): boolean {
  const [blocker] = refusal.blockers;
  if (blocker === undefined || refusal.waiting) return false;
  if (blocker.mode !== 'write' && blocker.mode !== mode) return true;
  return watchedMs >= longHoldMs && (changedHands || !pushed);
}
