/** The way out: nobody sits here any more. */

import type { Now } from '../clock.ts';
import { admit, depart, takesLine } from '../record/decide.ts';
import { decodeRecord, encodeRecord } from '../record/record.ts';
import type { Entry, Version } from '../store.ts';
import { type Facts, maxRaces, waitingOf } from './facts.ts';
import { readsFirst, wasChanged } from './guesses.ts';
import { raceAgain, reread } from './renewing.ts';
import { newcomer, settleLeaver, sight, tellAsked, tellLate } from './seating.ts';
import type { Intent, Pending } from './states.ts';
import { Stay } from './stay.ts';
import { guessMs, learn } from './turns.ts';
import { rememberWritten, wait } from './waiting.ts';

export function onRemoved(m: Facts, isRemoved: boolean, now: Now): void {
  if (!isRemoved) {
    m.acquaint();
    return reread(m, now);
  }
  if (m.known !== undefined) {
    learn(m, m.stay as Stay, now);
    wasChanged(m, m.stay as Stay, false);
    m.known.belief = undefined;
    sight(m, undefined, now);
  }
  m.stay = undefined;
  m.state = 'out';
  settleLeaver(m, true);
  m.step(now);
}

export function onDeparted(m: Facts, version: Version | undefined, now: Now): void {
  const { record, waiting } = m.pending as Pending;
  m.acquaint();
  if (version === undefined) return raceAgain(m, now);
  learn(m, m.stay as Stay, now);
  wasChanged(m, m.stay as Stay, false);
  m.stay = undefined;
  m.races = 0;
  m.lined = waiting;
  rememberWritten(m, record, version, waiting, now);
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

/**
 * What a lock that was lost may have left. Where that cannot simply be removed, since somebody is beside it or has lined up behind it, it is
 * read, and left like any other. No stay of ours comes of that: whoever asks meanwhile finds us out.
 */
export function onSwept(m: Facts, answer: Version | Entry | boolean | undefined, now: Now): void {
  const written = m.pending?.record;
  m.pending = undefined;
  const isRefused = answer === false || (answer === undefined && written !== undefined);
  if (isRefused && m.races++ < maxRaces) {
    m.send('sweeping', now);
    return m.orders.read();
  }
  if (typeof answer === 'object' && 'value' in answer && sweep(m, answer, now)) return;
  // Whoever let go may run without a lock now, and must see who has it.
  if (written !== undefined) sight(m, written, now);
  m.races = 0;
  m.state = 'out';
  settleLeaver(m, answer === true || (answer !== undefined && written !== undefined));
  m.step(now);
}

/** `false`: nothing of what was lost is there. */
function sweep(m: Facts, { value, version }: Entry, now: Now): boolean {
  const record = decodeRecord(value);
  const { entrant } = (m.leaver as Intent).seat.stay as Stay;
  const departure = record && depart(record, entrant, now.wallMs, { isMine: (token) => m.isDoubtful(token, now.wallMs) });
  sight(m, record, now);
  if (departure === undefined || departure.act === 'none') return false;
  m.send('sweeping', now);
  if (departure.act === 'remove') m.orders.remove(version);
  else {
    m.pending = { record: departure.record };
    m.orders.replace(encodeRecord(departure.record), version, departure.ttlMs);
  }
  return true;
}

/** Nobody sits here any more: on to whoever waits here, or out. */
export function goOn(m: Facts, stay: Stay, now: Now): void {
  stay.leavesMonoMs ??= now.monoMs;
  const isLate = stay.lostReason(now) !== undefined;
  if (isLate && m.isLate) tellLate(m, now);
  m.isLate = isLate;
  const { head } = m.queue;
  // Nobody waits here, nobody was seen: the way out of almost every lock.
  if (head === undefined && stay.isAlone && m.known === undefined && m.minHoldLeftMs(now) <= 0) return remove(m, stay, now);
  if (head !== undefined && m.minHoldLeftMs(now) <= 0) {
    const me = newcomer(m, head, now);
    const admission = admit(stay.record, me, now.wallMs, (token) => token === stay.token || m.isDoubtful(token, now.wallMs));
    if (admission.granted) {
      m.pending = { record: admission.record, me };
      m.send('renewing', now);
      return m.orders.replace(encodeRecord(admission.record), stay.version, admission.ttlMs);
    }
  }
  tellAsked(m, now);
  // Sharers come and go: what was last seen of them is rarely so any more, and to find that out costs a request.
  if (readsFirst(m, stay) && !m.isFresh) return reread(m, now);
  const next = m.queue.head;
  const again = next !== undefined && m.around.canLine && takesLine(stay.record) ? waitingOf(m, next, now.wallMs) : undefined;
  const departure = depart(stay.record, stay.entrant, now.wallMs, {
    minHoldUntilMs: now.wallMs + Math.ceil(m.minHoldLeftMs(now)),
    again,
    guessMs: guessMs(m, stay, now),
    isMine: (token) => m.isDoubtful(token, now.wallMs),
  });
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
