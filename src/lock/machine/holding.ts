/** From an entry among the holders to nothing of ours in the record: serving those who wait here, renewing, letting go. */
import { type LostReason, StoreUnavailableError } from '../errors.ts';
import { admit, depart, takesLine } from '../record/decide.ts';
import { entrantOf } from '../record/entrant.ts';
import { decodeRecord, type Entrant, encodeAlone, encodeRecord, type LockRecord } from '../record/record.ts';
import type { Entry, Version } from '../store.ts';
import { type Facts, maxRaces, type Pending, waitingOf } from './facts.ts';
import { handOver, lookForHanded } from './handing.ts';
import type { Now } from './orders.ts';
import type { Seat } from './seat.ts';
import { newcomer, seat, settleLeaver, tellAsked } from './seating.ts';
import { Stay } from './stay.ts';
import { stepDown } from './unanswered.ts';
import { wait } from './waiting.ts';

/** Renewals that failed are tried again this soon at the latest: a twelfth of the TTL, a second at most. */
const longestRetryMs = 1_000;

export function stepHeld(m: Facts, now: Now): void {
  const stay = m.stay as Stay;
  const reason = stay.lostReason(now);
  if (reason !== undefined && m.seats.size > 0) return lose(m, reason, now);
  if (now.monoMs >= m.nextSeatEndMonoMs) judgeSeats(m, now);
  if (m.pausedUntilMonoMs > now.monoMs) return m.orders.wakeAt(Math.min(m.pausedUntilMonoMs, endMonoMs(m, stay, now)), now, m.isAwaited);
  if (m.restoring.length > 0) return reread(m, now);
  if (handOver(m, now)) return;
  if (m.stay !== stay) return m.step(now);
  const waitsForWrite = serve(m, stay, now);
  if (m.seats.size === 0) return goOn(m, stay, now);
  const turnIsOver = now.monoMs >= m.turnEndsMonoMs && (m.isStale || waitsForWrite);
  if (m.extending.length > 0 || turnIsOver || now.monoMs >= renewAtMonoMs(m, stay)) return renew(m, stay, now);
  const turnMonoMs = m.isStale || waitsForWrite ? m.turnEndsMonoMs : Number.POSITIVE_INFINITY;
  m.orders.wakeAt(Math.min(renewAtMonoMs(m, stay), turnMonoMs, endMonoMs(m, stay, now)), now);
}

export function onRenewed(m: Facts, version: Version | undefined, now: Now): void {
  const { me, record, handed, handsOver } = m.pending as Pending & { me: Entrant };
  const stay = m.stay as Stay;
  if (version === undefined) return raceAgain(m, now);
  m.races = 0;
  if (me.token !== stay.token) {
    learn(m, stay, now);
    m.hold(new Stay(me, record, version, m.sent, now.monoMs), now);
    m.step(now);
    return settleLeaver(m, true);
  }
  stay.confirm(me, record, version, m.sent);
  m.pending = undefined;
  m.state = 'held';
  if (record.line.length === 0) m.beginTurn(now);
  m.isStale = false;
  if (handsOver !== undefined) {
    const [leaving] = m.detaching;
    m.detaching = m.detaching.slice(1);
    if (leaving !== undefined) {
      m.seats.remove(leaving.seat);
      leaving.seat.state = 'over';
      leaving.settle(handsOver);
    }
  }
  if (handed !== undefined) {
    m.restoring = m.restoring.filter((each) => each.seat !== handed);
    seat(m, handed, now, me.since);
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
  if (entry === undefined) return lose(m, 'vanished', now);
  const record = decodeRecord(entry.value);
  if (record === undefined || !record.holders.some(({ token, minHold }) => token === stay.token && !minHold)) return lose(m, 'stolen', now);
  if (m.known !== undefined) m.known.expectsChange = !isUnchanged(stay.record, record);
  stay.saw(record, entry.version);
  m.state = 'held';
  m.isFresh = true;
  dropDead(m);
  if (lookForHanded(m, record, entry.version, now)) return;
  m.step(now);
}

export function onRemoved(m: Facts, isRemoved: boolean, now: Now): void {
  if (!isRemoved) {
    m.acquaint().expectsChange = true;
    return reread(m, now);
  }
  if (m.known !== undefined) {
    learn(m, m.stay as Stay, now);
    m.known.expectsHolder = false;
    m.known.belief = undefined;
    m.known.seen = [];
  }
  m.stay = undefined;
  m.state = 'out';
  settleLeaver(m, true);
  m.step(now);
}

export function onDeparted(m: Facts, version: Version | undefined, now: Now): void {
  const { record, waiting } = m.pending as Pending;
  if (version === undefined) {
    m.acquaint().expectsChange = true;
    return raceAgain(m, now);
  }
  const known = m.acquaint();
  learn(m, m.stay as Stay, now);
  m.stay = undefined;
  m.races = 0;
  known.belief = { record, version, monoMs: now.monoMs };
  known.refusal = { blockers: record.holders, ahead: record.line.filter(({ token }) => token !== waiting?.token) };
  known.holder = record.holders[0]?.token;
  known.holderMonoMs = now.monoMs;
  known.looks = 0;
  known.expectsHolder = true;
  for (const { ttlMs } of record.holders) known.untilMonoMs = Math.max(known.untilMonoMs, now.monoMs + ttlMs);
  m.lined = waiting;
  m.notBefore = m.sent;
  m.pending = undefined;
  const granted = waiting && record.holders.find(({ token }) => token === waiting.token);
  if (granted !== undefined) m.hold(new Stay(granted, record, version, m.sent, now.monoMs), now);
  else if (waiting === undefined) m.state = 'out';
  if (granted === undefined && waiting !== undefined) wait(m, now);
  else m.step(now);
  // Last: whoever let go may run without a lock now, and must see who has it.
  settleLeaver(m, true);
}

/** What a lock that was lost had left, or not. */
export function onSwept(m: Facts, isRemoved: boolean, now: Now): void {
  m.state = 'out';
  settleLeaver(m, isRemoved);
  m.step(now);
}

/** The stay is over, and not by our doing. */
function lose(m: Facts, reason: LostReason, now: Now): void {
  const stay = m.stay as Stay;
  stay.lost = reason;
  m.stay = undefined;
  m.pending = undefined;
  m.state = 'out';
  // The key may outlive us: what is left there is nobody's.
  if (reason === 'expired' || reason === 'unreachable') m.doubt(stay.token, stay.ttlMs, now);
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

function reread(m: Facts, now: Now): void {
  m.send('rereading', now);
  m.orders.wakeAt(endMonoMs(m, m.stay as Stay, now), now);
  m.orders.read();
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
  if (head.mode !== stay.entrant.mode) return 'no';
  if (stay.lostReason(now) !== undefined) return 'after a write';
  const goesAlone = head.mode === 'write' || head.limit !== undefined || stay.record.holders.some(({ limit }) => limit !== undefined);
  if (goesAlone && m.seats.size > 0) return 'no';
  if (!stay.isUsed) return 'yes';
  const turnIsOver = now.monoMs >= m.turnEndsMonoMs;
  // Sharers that went on joining would keep out for long whoever waits; hand-overs, one after another, only to the turn's end.
  if ((stay.hasLine && (turnIsOver || !goesAlone)) || m.minHoldUntilMs > now.wallMs) return 'no';
  const needsFence = head.mode === 'write' && stay.fence !== undefined;
  // Nothing renews it afterwards: its whole ttlMs must be confirmed first.
  const isCovered = head.options.heartbeat || (stay.confirmedMonoMs >= head.askedMonoMs && stay.ttlMs >= head.options.ttlMs);
  return needsFence || !isCovered || turnIsOver ? 'after a write' : 'yes';
}

/** Nobody sits here any more: on to whoever waits here, or out. */
function goOn(m: Facts, stay: Stay, now: Now): void {
  const { head } = m.queue;
  // Nobody waits here, nobody was seen: the way out of almost every lock.
  if (head === undefined && stay.isAlone && m.known === undefined && m.minHoldUntilMs <= now.wallMs) return remove(m, stay, now);
  if (head !== undefined && m.minHoldUntilMs <= now.wallMs) {
    const me = newcomer(m, head, now);
    const admission = admit(stay.record, me, now.wallMs, (token) => token === stay.token || m.isDoubtful(token));
    if (admission.granted) {
      m.pending = { record: admission.record, me };
      m.send('renewing', now);
      return m.orders.replace(encodeRecord(admission.record), stay.version, admission.ttlMs);
    }
  }
  tellAsked(m, now);
  // Sharers come and go: what was last seen of them is rarely so any more, and to find that out costs a request.
  if ((m.known?.expectsChange ?? !stay.isAlone) && !m.isFresh) return reread(m, now);
  const next = m.queue.head;
  const again = next !== undefined && m.around.canLine && takesLine(stay.record) ? waitingOf(m, next, now.wallMs) : undefined;
  const minHoldUntilMs = m.minHoldUntilMs;
  const departure = depart(stay.record, stay.entrant, now.wallMs, { minHoldUntilMs, again, isMine: (token) => m.isDoubtful(token) });
  if (departure.act === 'write') {
    m.pending = { record: departure.record, waiting: again };
    m.send('departing', now);
    return m.orders.replace(encodeRecord(departure.record), stay.version, departure.ttlMs);
  }
  remove(m, stay, now);
}

function remove(m: Facts, stay: Stay, now: Now): void {
  m.send('removing', now);
  m.orders.remove(stay.version);
}

function renew(m: Facts, stay: Stay, now: Now): void {
  const seats = m.seats.all();
  const speaker = seats.find(wantsKeeping) ?? (seats[0] as Seat);
  const { head } = m.queue;
  let ttlMs = head?.mode === stay.entrant.mode && !head.options.heartbeat ? head.options.ttlMs : 0;
  let latestEndMs = 0;
  for (const each of seats) {
    ttlMs = Math.max(ttlMs, each.ttlMs);
    latestEndMs = Math.max(latestEndMs, each.sinceWallMs + each.options.maxHoldMs);
  }
  const sinceMs = speaker.sinceWallMs;
  const { limit, beat } = stay.entrant;
  const terms = {
    job: speaker.options.job,
    ttlMs,
    maxHoldMs: latestEndMs - sinceMs,
    usualMs: m.known?.usualMs,
    limit,
    line: true,
  } as const;
  const me = entrantOf(m.around.identity, stay.token, stay.entrant.mode, terms, sinceMs, now.wallMs, beat + 1);
  const { record, ttlMs: lifeMs } = admit(stay.record, me, now.wallMs, (token) => m.isDoubtful(token)) as {
    record: LockRecord;
    ttlMs: number;
  };
  stay.shortenTo(ttlMs, now);
  m.pending = { record, me };
  m.extendingSent = m.extending.length;
  m.send('renewing', now);
  m.orders.wakeAt(endMonoMs(m, stay, now), now);
  m.orders.replace(
    record.holders.length === 1 && record.line.length === 0 ? encodeAlone(now.wallMs, me) : encodeRecord(record),
    stay.version,
    lifeMs,
  );
}

function raceAgain(m: Facts, now: Now): void {
  m.pending = undefined;
  if (m.raced(now)) return reread(m, now);
  m.races = 0;
  const error = new StoreUnavailableError(`The record changed ${maxRaces} times while it was written`, { code: 'ERR_GIVEWAY_RACES' });
  stepDown(m, error, now);
}

/** On the monotonic clock: a third of the TTL after the last confirmation, and sooner again after a fault. `Infinity`: nobody wants it kept. */
function renewAtMonoMs(m: Facts, stay: Stay): number {
  if (!(m.seats.size === 1 ? wantsKeeping(m.seats.head as Seat) : m.seats.all().some(wantsKeeping))) return Number.POSITIVE_INFINITY;
  const thirdMs = stay.ttlMs / 3;
  return stay.fault === undefined ? stay.confirmedMonoMs + thirdMs : stay.fault.monoMs + Math.min(thirdMs / 4, longestRetryMs);
}

/** On the monotonic clock: when the first of all ends. */
function endMonoMs(m: Facts, stay: Stay, now: Now): number {
  return Math.min(now.monoMs + Math.max(stay.remainingMs(now), 0), m.nextSeatEndMonoMs);
}

function judgeSeats(m: Facts, now: Now): void {
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
  }
  for (const extended of m.extending.filter(({ seat }) => seat.state === 'over')) extended.settle(false);
  m.extending = m.extending.filter(({ seat }) => seat.state !== 'over');
}

/** How long our turns take here. */
function learn(m: Facts, stay: Stay, now: Now): void {
  if (m.known === undefined) return;
  const tookMs = now.monoMs - stay.beganMonoMs;
  const { usualMs = tookMs } = m.known;
  m.known.usualMs = Math.max(1, Math.round(usualMs + (tookMs - usualMs) / 4));
}

function wantsKeeping(each: Seat): boolean {
  return each.options.heartbeat && each.lost === undefined;
}

function isUnchanged(before: LockRecord, after: LockRecord): boolean {
  return before.at === after.at && before.holders.length === after.holders.length && before.line.length === after.line.length;
}
