/** Who waits here, who sits here, and what they are told. */

import type { Now } from '../clock.ts';
import { StoreUnavailableError } from '../errors.ts';
import { latestEndOf } from '../record/dates.ts';
import type { Entrant, LockRecord } from '../record/record.ts';
import type { Facts } from './facts.ts';
import { type Refusal, unknownRefusal } from './orders.ts';
import type { Seat } from './seat.ts';
import { seenIn } from './seen.ts';
import type { Acquaintance, Seen } from './states.ts';
import type { Stay } from './stay.ts';

/** A look found it busy. Whoever does not wait, or has looked often enough, is refused; whoever begins to wait is told. */
export function tellAll(m: Facts, now: Now): void {
  if (m.countsLooks) {
    const refusal = m.refusal();
    for (const each of m.queue.all()) {
      if (++each.looks < each.options.retry.maxAttempts) continue;
      m.queue.remove(each);
      tellRefused(each, refusal, now);
    }
  }
  tellAsked(m, now);
}

/** Tells those who have not been told yet that it is busy. They came last. */
export function tellAsked(m: Facts, now: Now): void {
  const refusal = m.refusal();
  let first: Seat | undefined;
  let waiting = m.queue.size;
  for (let each = m.queue.tail; each?.state === 'asked'; each = each.previous) {
    first = each;
    waiting--;
  }
  for (let each = first; each !== undefined; ) {
    const { next } = each;
    if (each.patient && waiting < m.around.maxWaiters) {
      waiting++;
      each.state = 'waiting';
      each.asker?.waits(each, refusal);
    } else {
      m.queue.remove(each);
      tellRefused(each, each.patient ? { ...refusal, isCrowded: true } : refusal, now);
    }
    each = next;
  }
}

/** It was over again before the store had answered. Whoever waits goes on; from now on its limit counts. */
export function tellLate(m: Facts, now: Now): void {
  for (const each of m.queue.all()) {
    if (each.state !== 'asked') continue;
    if (each.patient) {
      each.state = 'waiting';
      each.asker?.waits(each, unknownRefusal);
    } else {
      m.queue.remove(each);
      each.state = 'over';
      each.asker?.failed(each, new StoreUnavailableError('The store took longer than ttlMs to answer'), now);
    }
  }
}

export function tellRefused(each: Seat, refusal: Refusal, now: Now): void {
  each.state = 'over';
  each.asker?.refused(each, refusal, now);
}

/** Our entry for whoever is first, as it would be written now. */
export function newcomer(m: Facts, head: Seat, now: Now): Entrant {
  return entryFor(m, head, m.lined?.mode === head.mode ? m.lined.token : m.orders.newToken(), now, now.wallMs);
}

/** An entry of ours that says what `each` asks for, as it would be written now. `beat`: how often it was written. */
export function entryFor(m: Facts, each: Seat, token: string, now: Now, sinceMs: number, beat = 1, ttlMs: number = each.ttlMs): Entrant {
  const { mode, limit, options } = each;
  const { host, pid } = m.around.identity;
  return {
    token,
    mode,
    job: options.job,
    host,
    pid,
    since: sinceMs,
    latestEnd: latestEndOf(sinceMs + options.maxHoldMs),
    ttlMs,
    until: now.wallMs + ttlMs,
    beat,
    line: true,
    usualMs: m.known?.usualMs,
    limit,
  };
}

/** Takes its place. `since`: when the lock was acquired, if that is not now. */
export function seat(m: Facts, each: Seat, now: Now, since?: Now): void {
  const stay = m.stay as Stay;
  // A lock that was taken begins before the request that took it; who was let in by others begins now.
  each.sit(stay, now, since ?? (stay.isUsed || stay.wasGranted ? now : stay.confirmed));
  stay.isUsed = true;
  stay.leavesMonoMs = undefined;
  m.seats.push(each);
  m.nextSeatEndMonoMs = Math.min(m.nextSeatEndMonoMs, now.monoMs + each.ownLeftMs(now));
  // Whoever sat here last has let go, and the stay goes on.
  settleLeaver(m, true);
  each.asker?.seated(each, now);
}

export function settleLeaver(m: Facts, outcome: boolean | Error): void {
  const { leaver } = m;
  m.leaver = undefined;
  leaver?.settle(outcome);
}

/** Whoever is seen may still be at work should the store fall silent. */
export function sight(m: Facts, record: LockRecord | undefined, now: Now): void {
  const known = m.acquaint();
  known.seen = meet(m, known, record, now);
  if (known.heardMonoMs <= m.sent.monoMs) known.heard = [];
}

/** So may whoever the store calls of while a request is under way that may not be answered. */
export function hear(m: Facts, record: LockRecord, now: Now): void {
  const known = m.acquaint();
  known.heard = meet(m, known, record, now);
  known.heardMonoMs = now.monoMs;
}

function meet(m: Facts, known: Acquaintance, record: LockRecord | undefined, now: Now): readonly Seen[] {
  for (const { ttlMs } of record?.holders ?? []) known.untilMonoMs = Math.max(known.untilMonoMs, now.monoMs + ttlMs);
  return record === undefined ? [] : seenIn(m, record, now.wallMs);
}
