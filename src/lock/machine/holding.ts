/** Our entry is among the holders: who of those here sits on it, and what is to be done next. */

import type { Now } from '../clock.ts';
import type { Facts } from './facts.ts';
import { handOver } from './handing.ts';
import { goOn } from './leaving.ts';
import { endMonoMs, judgeSeats, lose, renew, renewAtMonoMs, reread } from './renewing.ts';
import type { Seat } from './seat.ts';
import { seat, tellAsked } from './seating.ts';
import type { Stay } from './stay.ts';

export function stepHeld(m: Facts, now: Now): void {
  const stay = m.stay as Stay;
  const reason = stay.lostReason(now);
  if (reason !== undefined && m.seats.size > 0) return lose(m, reason, stay.record, now);
  if (now.monoMs >= m.nextSeatEndMonoMs) judgeSeats(m, now);
  if (m.pausedUntilMonoMs > now.monoMs) return m.orders.wakeAt(Math.min(m.pausedUntilMonoMs, endMonoMs(m, stay, now)), now, m.isAwaited);
  // Read after the pause, not before it: what was read then is written over by others as often as what was not read.
  if (m.restoring.length > 0 || (m.races > 0 && !m.isFresh)) return reread(m, now);
  // Whoever carries it on has `ttlMs` to come.
  const isShort = m.seats.size === 1 && m.detaching.some(({ seat }) => stay.isShortFor(seat) && seat.isLive(now));
  if (isShort) return renew(m, stay, now);
  if (handOver(m, now)) return;
  if (m.stay !== stay) return m.step(now);
  const waitsForWrite = serve(m, stay, now);
  if (m.seats.size === 0) return goOn(m, stay, now);
  const writeMonoMs = waitsForWrite ? m.turnEndsMonoMs : Math.min(fenceMonoMs(m, stay, now), m.tellsMonoMs(stay));
  const renewMonoMs = renewAtMonoMs(m, stay, now, writeMonoMs);
  if (m.extending.length > 0 || now.monoMs >= renewMonoMs) return renew(m, stay, now);
  m.orders.wakeAt(Math.min(renewMonoMs, endMonoMs(m, stay, now)), now, waitsForWrite);
}

/** Seats who waits here and may sit. Returns whether somebody could, if only a write said that nobody else waits. */
function serve(m: Facts, stay: Stay, now: Now): boolean {
  for (let { head } = m.queue; head !== undefined; { head } = m.queue) {
    const verdict = maySit(m, stay, head, now);
    if (verdict === 'after a write') return true;
    if (verdict === 'no') {
      if (m.seats.size === 0) return false;
      tellAsked(m, now);
      return false;
    }
    m.queue.remove(head);
    if (stay.isUsed) m.isStale = true;
    seat(m, head, now);
  }
  return false;
}

function maySit(m: Facts, stay: Stay, head: Seat, now: Now): 'yes' | 'no' | 'after a write' {
  if (head.mode !== stay.mode) return 'no';
  if (stay.lostReason(now) !== undefined) return 'after a write';
  if (!stay.isUsed) return 'yes';
  const goesAlone = head.mode === 'write' || head.limit !== undefined || stay.record.holders.some(({ limit }) => limit !== undefined);
  if (goesAlone && m.seats.size > 0) return 'no';
  const turnIsOver = now.monoMs >= m.turnEndsMonoMs;
  // Sharers that went on joining would keep out for long whoever waits; hand-overs, one after another, only to the turn's end.
  if ((stay.hasLine && (turnIsOver || !goesAlone)) || m.minHoldLeftMs(now) > 0) return 'no';
  // Nothing renews it afterwards: its whole ttlMs must be confirmed first.
  const isCovered = head.options.heartbeat || (stay.confirmed.monoMs >= head.fresh.monoMs && stay.ttlMs >= head.options.ttlMs);
  return stay.needsFence || !isCovered || turnIsOver ? 'after a write' : 'yes';
}

/** The shortest timer: whoever has just been let in begins to work before a request is put together, 0.1 ms of each hand-over of 5. */
const beginsFirstMs = 1;

/**
 * When, on the monotonic clock, the store is to draw the fence of the next here: while one works, so that nobody waits for it when its turn
 * has come. `Infinity`: not ahead. Where turns are long it waits for a write anyway.
 */
function fenceMonoMs(m: Facts, stay: Stay, now: Now): number {
  const { head } = m.queue;
  const speaker = m.seats.head;
  if (head?.mode !== 'write' || !stay.needsFence || !m.isBrief || !speaker?.options.heartbeat) return Number.POSITIVE_INFINITY;
  return stay.hasLine && now.monoMs >= m.turnEndsMonoMs ? Number.POSITIVE_INFINITY : speaker.since.monoMs + beginsFirstMs;
}
