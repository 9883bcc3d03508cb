/** When a claim wants to be looked at, and what its renewal says: pure functions of the claim and its seats. */
import type { Claim } from './claim.ts';
import type { Clock } from './clock.ts';
import type { ClaimTerms } from './entry.ts';
import type { Seat } from './seat.ts';

const longestRetryMs = 1_000;

/** On the monotonic clock: a third of the TTL after the last confirmation, and sooner again after a fault. `Infinity`: nobody wants it kept. */
export function renewAtMonoMs(claim: Claim, seats: Iterable<Seat>): number {
  if (![...seats].some(wantsKeeping)) return Number.POSITIVE_INFINITY;
  const thirdMs = claim.ttlMs / 3;
  return claim.fault === undefined ? claim.confirmedMonoMs + thirdMs : claim.fault.monoMs + Math.min(thirdMs / 4, longestRetryMs);
}

/** On the monotonic clock: the next renewal or the first end, whichever comes first. */
export function nextLookMonoMs(claim: Claim, seats: Iterable<Seat>, renewing: boolean, clock: Clock): number {
  let leftMs = claim.remainingMs();
  for (const seat of seats) if (seat.lost === undefined) leftMs = Math.min(leftMs, seat.remainingMs(clock));
  return Math.min(renewing ? Number.POSITIVE_INFINITY : renewAtMonoMs(claim, seats), clock.monotonicMs() + Math.max(0, leftMs));
}

/** For all seats at once: the longest TTL, the latest end, the job of one that is at work. */
export function renewalTerms(seats: readonly Seat[], since: number): ClaimTerms | undefined {
  const speaker = seats.find(wantsKeeping) ?? seats[0];
  if (speaker === undefined) return undefined;
  return {
    job: speaker.ask.options.job,
    ttlMs: Math.max(...seats.map((seat) => seat.ttlMs)),
    maxHoldMs: Math.max(...seats.map((seat) => seat.sinceWallMs + seat.ask.options.maxHoldMs)) - since,
  };
}

function wantsKeeping(seat: Seat): boolean {
  return seat.ask.options.heartbeat && seat.lost === undefined;
}
