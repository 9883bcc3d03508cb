/** Keeping an entry among the holders: writing it anew, and looking after it when a write was refused. */

import type { Now } from '../clock.ts';
import { type LostReason, StoreUnavailableError } from '../errors.ts';
import { latestEndOf } from '../record/dates.ts';
import { admit, aged, type Change } from '../record/decide.ts';
import { decodeRecord, type Entrant, encodeAlone, encodeRecord, type LockRecord } from '../record/record.ts';
import type { Entry, Version } from '../store.ts';
import { type Facts, maxRaces } from './facts.ts';
import { wasChanged } from './guesses.ts';
import { lookForHanded } from './handing.ts';
import type { Seat } from './seat.ts';
import { entryFor, seat, settleLeaver, sight } from './seating.ts';
import type { Pending } from './states.ts';
import { Stay } from './stay.ts';
import { asTold, learn } from './turns.ts';
import { stepDown } from './unanswered.ts';

/** Renewals that failed are tried again this soon at the latest: a twelfth of the TTL, a second at most. */
const longestRetryMs = 1_000;

export function onRenewed(m: Facts, version: Version | undefined, now: Now): void {
  const { me, record, text, handed, handsOver } = m.pending as Pending & { me: Entrant };
  const stay = m.stay as Stay;
  if (version === undefined) return raceAgain(m, now);
  m.races = 0;
  if (me.token !== stay.token) {
    learn(m, stay, now);
    m.hold(new Stay(me, record, version, m.sent, now.monoMs), now);
    m.step(now);
    return settleLeaver(m, true);
  }
  stay.confirm(me.ttlMs, text ?? record, version, m.sent);
  m.pending = undefined;
  m.state = 'held';
  if (record.line.length === 0) m.beginTurn(now);
  m.isStale = false;
  if (handsOver !== undefined) {
    const [leaving] = m.detaching;
    m.detaching = m.detaching.slice(1);
    if (leaving?.seat.state === 'seated') {
      m.seats.remove(leaving.seat);
      leaving.seat.state = 'over';
      leaving.settle(handsOver);
    }
  }
  if (handed !== undefined) {
    m.restoring = m.restoring.filter((each) => each.seat !== handed);
    seat(m, handed, now, { monoMs: now.monoMs, wallMs: me.since });
    m.isStale = true;
  }
  const extended = m.extending.slice(0, m.extendingSent);
  m.extending = m.extending.slice(m.extendingSent);
  for (const each of extended) each.settle(each.seat.isLive(now));
  dropDead(m);
  m.step(now);
}

export function onReread(m: Facts, entry: Entry | undefined, now: Now): void {
  const stay = m.stay as Stay;
  m.isFresh = true;
  if (entry === undefined) return lose(m, 'vanished', undefined, now);
  const record = decodeRecord(entry.value);
  if (record === undefined || !record.holders.some(({ token, minHold }) => token === stay.token && !minHold))
    return lose(m, 'stolen', record, now);
  if (m.known !== undefined) wasChanged(m, stay, !isUnchanged(stay.record, record));
  stay.saw(aged(record, stay.record, now.wallMs), entry.version);
  m.state = 'held';
  dropDead(m);
  if (lookForHanded(m, record, entry.version, now)) return;
  m.step(now);
}

/** The stay is over, and not by our doing. `found`: what stands there, as far as it is known. */
export function lose(m: Facts, reason: LostReason, found: LockRecord | undefined, now: Now): void {
  const stay = m.stay as Stay;
  stay.lost = reason;
  sight(m, found, now);
  // The key may outlive us: what is left there is nobody's.
  if (reason === 'expired' || reason === 'unreachable') m.doubt(stay.token, stay.ttlMs, now);
  m.stay = undefined;
  m.pending = undefined;
  m.state = 'out';
  for (const each of m.seats.all()) {
    m.seats.remove(each);
    each.lose(reason, now);
  }
  const { extending, detaching } = m.takeIntents();
  for (const { settle } of extending) settle(false);
  for (const { settle } of detaching) settle(undefined);
  settleLeaver(m, false);
  m.step(now);
}

export function reread(m: Facts, now: Now): void {
  m.send('rereading', now);
  m.orders.wakeAt(endMonoMs(m, m.stay as Stay, now), now);
  m.orders.read();
}

export function renew(m: Facts, stay: Stay, now: Now): void {
  const seats = m.seats.all();
  const speaker = seats.find(wantsKeeping) ?? (seats[0] as Seat);
  const { head } = m.queue;
  let ttlMs = head?.mode === stay.mode && !head.options.heartbeat ? head.options.ttlMs : 0;
  let last = speaker;
  const endsMs = (each: Seat): number => each.since.wallMs + each.options.maxHoldMs;
  for (const each of seats) {
    ttlMs = Math.max(ttlMs, each.ttlMs);
    if (endsMs(each) > endsMs(last)) last = each;
  }
  // Whoever left first and kept a shortest hold is owed it by those who stay.
  ttlMs = Math.max(ttlMs, Math.ceil(m.minHoldLeftMs(now)));
  const { entrant } = stay;
  const { token, mode, limit, beat } = entrant;
  const anew = entryFor(m, speaker, token, now, speaker.since.wallMs, beat + 1, ttlMs);
  const me = { ...asTold(anew, entrant), mode, limit, latestEnd: latestEndOf(endsMs(last)) };
  const { record, ttlMs: lifeMs } = admit(stay.record, me, now.wallMs, (mine) => m.isDoubtful(mine, now.wallMs)) as Change;
  stay.shortenTo(ttlMs, now);
  const text = record.holders.length === 1 && record.line.length === 0 ? encodeAlone(now.wallMs, me) : undefined;
  m.pending = text === undefined ? { record, me } : { record, me, text };
  m.extendingSent = m.extending.length;
  m.send('renewing', now);
  m.orders.wakeAt(endMonoMs(m, stay, now), now);
  m.orders.replace(text ?? encodeRecord(record), stay.version, lifeMs);
}

export function raceAgain(m: Facts, now: Now): void {
  m.pending = undefined;
  if (m.raced(now)) {
    m.state = 'held';
    return m.step(now);
  }
  m.races = 0;
  const error = new StoreUnavailableError(`The record changed ${maxRaces} times while it was written`, { code: 'ERR_GIVEWAY_RACES' });
  stepDown(m, error, now);
}

/**
 * On the monotonic clock: a third of the TTL after the last confirmation, at once if it would end before a shortest hold that it
 * keeps, at `turnMonoMs` if others are to be looked for; and some time after a fault. `Infinity`: nobody wants it written.
 */
export function renewAtMonoMs(m: Facts, stay: Stay, now: Now, turnMonoMs: number): number {
  // Also what no heartbeat renews has its whole ttlMs once.
  const isKeptFor = (each: Seat): boolean => wantsKeeping(each) || (each.lost === undefined && stay.isShortFor(each));
  const isKept = m.seats.size === 1 ? isKeptFor(m.seats.head as Seat) : m.seats.all().some(isKeptFor);
  const thirdMs = stay.ttlMs / 3;
  const isOwed = m.minHoldLeftMs(now) > stay.remainingMs(now);
  const dueMonoMs = isOwed ? now.monoMs : Math.min(isKept ? stay.confirmed.monoMs + thirdMs : Number.POSITIVE_INFINITY, turnMonoMs);
  if (stay.fault === undefined || dueMonoMs === Number.POSITIVE_INFINITY) return dueMonoMs;
  return stay.fault.monoMs + Math.min(thirdMs / 4, longestRetryMs);
}

/** On the monotonic clock: when the first of all ends. */
export function endMonoMs(m: Facts, stay: Stay, now: Now): number {
  return Math.min(now.monoMs + Math.max(stay.remainingMs(now), 0), m.nextSeatEndMonoMs);
}

export function judgeSeats(m: Facts, now: Now): void {
  m.nextSeatEndMonoMs = Number.POSITIVE_INFINITY;
  for (const each of m.seats.all())
    if (each.isLive(now)) m.nextSeatEndMonoMs = Math.min(m.nextSeatEndMonoMs, now.monoMs + each.ownLeftMs(now));
}

/** Those whose end was told while an answer was under way. Past `maxHoldMs` the record is left to whoever unlocks, and to its TTL. */
function dropDead(m: Facts): void {
  for (const each of m.seats.all()) {
    if (each.lost === undefined || each.lost === 'max-hold') continue;
    m.seats.remove(each);
    each.state = 'over';
    m.dropExtensions(each);
  }
}

function wantsKeeping(each: Seat): boolean {
  return each.options.heartbeat && each.lost === undefined;
}

function isUnchanged(before: LockRecord, after: LockRecord): boolean {
  return before.at === after.at && before.holders.length === after.holders.length && before.line.length === after.line.length;
}
