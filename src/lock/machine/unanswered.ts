/** A request was not answered: nobody knows what became of it. What it may have written is doubted, whoever needed it is told. */

import type { Now } from '../clock.ts';
import { isOutage } from '../errors.ts';
import type { Facts } from './facts.ts';
import type { Seat } from './seat.ts';
import { settleLeaver, sight, tellRefused } from './seating.ts';
import { heldAgainst } from './seen.ts';
import { wait } from './waiting.ts';

export function stepDown(m: Facts, error: Error, now: Now): void {
  const { pending, state, stay } = m;
  m.pending = undefined;
  const { restoring } = m;
  m.restoring = [];
  const { extending, detaching } = m.takeIntents();
  for (const { settle } of extending) settle(error);
  for (const { seat, settle } of detaching) {
    if (seat.stay === stay && seat.state === 'seated') m.seats.remove(seat);
    seat.state = 'over';
    settle(error);
  }
  for (const { seat } of restoring) {
    seat.state = 'over';
    seat.asker?.failed(seat, error, now);
  }
  if (pending?.me !== undefined && pending.me.token !== stay?.token) m.doubt(pending.me.token, pending.me.ttlMs, now);
  if (pending?.handsOver !== undefined) m.doubt(pending.handsOver, stay?.ttlMs ?? 0, now);
  if (pending?.waiting !== undefined) m.doubt(pending.waiting.token, pending.waiting.ttlMs, now);
  if (stay !== undefined && m.seats.size > 0) {
    stay.fault = { error, monoMs: now.monoMs };
    // A look that a lost race calls for is not sent again and again: the next write that is refused calls for one.
    m.races = 0;
    m.state = 'held';
    m.step(now);
    // Whoever has not been told anything yet could sit after a write.
    if (m.state === 'held')
      failAll(
        m,
        m.queue.all().filter(({ state }) => state === 'asked'),
        error,
        now,
      );
    return;
  }
  if (stay !== undefined) {
    m.doubt(stay.token, stay.ttlMs, now);
    m.acquaint().refusal = { blockers: [stay.entrant], ahead: stay.record.line };
    sight(m, stay.record, now);
  }
  m.stay = undefined;
  if (state === 'lining') m.maybeLined = pending?.waiting;
  // Nobody waits any more: it goes on saying so until its place is void by itself.
  const place = m.lined ?? m.maybeLined;
  if (m.queue.size === 0 && place !== undefined) {
    if (m.around.isClosing || now.wallMs > place.since + place.maxWaitMs) m.forgetPlace();
    else m.pausedUntilMonoMs = now.monoMs + retryMs;
  }
  m.state = m.lined === undefined && m.maybeLined === undefined ? 'out' : 'waiting';
  const isRelease = m.leaver !== undefined;
  settleLeaver(m, error);
  if (!isRelease) failAll(m, m.queue.all(), error, now);
  if (m.queue.head?.state === 'waiting') return wait(m, now);
  m.step(now);
}

/** How soon a place in line that nobody needs is given back again: as often as a renewal that failed is tried. */
const retryMs = 1_000;

/** Whoever would run unprotected goes on waiting while a holder that was seen may still be at work. */
function failAll(m: Facts, queued: readonly Seat[], error: Error, now: Now): void {
  for (const each of queued) {
    const isDown = isOutage(error) && each.options.onStoreDown === 'run';
    const against = isDown ? heldAgainst(m, each, now.wallMs) : undefined;
    if (against !== undefined && each.patient) {
      if (each.state === 'asked') {
        each.state = 'waiting';
        each.asker?.waits(each, against);
      }
      continue;
    }
    m.queue.remove(each);
    each.state = 'over';
    if (against !== undefined) tellRefused(each, against, now);
    else each.asker?.failed(each, error, now);
  }
}
