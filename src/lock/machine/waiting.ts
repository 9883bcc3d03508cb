import type { Now } from '../clock.ts';
import { aheadMs } from '../record/decide.ts';
import { encodeGone, encodeWaiting, type LockRecord, type Waiting } from '../record/record.ts';
import type { Version } from '../store.ts';
import { type Facts, waitingOf } from './facts.ts';
import type { Refusal } from './orders.ts';
import { lookAgainMs } from './patience.ts';
import type { Seat } from './seat.ts';
import { sight, tellAll, tellAsked } from './seating.ts';
import type { Pending } from './states.ts';
import { sawBegin, usualOf, watch } from './turns.ts';

/** Somebody waits here: until it is time to look, or nobody does. */
export function stepWaiting(m: Facts, now: Now): void {
  const { head } = m.queue;
  if (m.restoring.length > 0) return look(m, now);
  if (m.pausedUntilMonoMs > now.monoMs) return m.orders.wakeAt(m.pausedUntilMonoMs, now, m.queue.size > 0);
  if (head === undefined) return leaveLine(m, now);
  const mustSayAnew = m.lined !== undefined && m.lined.mode !== head.mode;
  if (m.isPoked || mustSayAnew || now.monoMs >= m.nextLookMonoMs) look(m, now);
  else m.orders.wakeAt(m.nextLookMonoMs, now);
}

export function look(m: Facts, now: Now): void {
  m.isPoked = false;
  m.send('looking', now);
  m.orders.read();
}

export function onAppended(m: Facts, version: Version | undefined, now: Now): void {
  const { waiting, record } = m.pending as Pending;
  if (version === undefined) {
    // A store may say no though the text stands there, with another's behind it.
    m.maybeLined = waiting;
    return raceAgain(m, now);
  }
  m.lined = waiting;
  m.races = 0;
  // The text was as it had been seen: nobody had let us in before this was sent.
  m.notBefore = m.sent;
  m.acquaint().belief = { record, version, monoMs: now.monoMs };
  wait(m, now);
}

export function onQuit(m: Facts, version: Version | undefined, now: Now): void {
  m.state = 'waiting';
  if (version === undefined) return look(m, now);
  m.lined = undefined;
  if (m.known !== undefined) m.known.belief = undefined;
  m.state = 'out';
  m.step(now);
}

/** It is busy: whoever waits does so until the next look. */
export function wait(m: Facts, now: Now): void {
  m.state = 'waiting';
  m.pending = undefined;
  tellAsked(m, now);
  const { head } = m.queue;
  if (head !== undefined) {
    m.nextLookMonoMs = now.monoMs + pauseMs(m, head, now);
    m.orders.watch(true);
  }
  m.step(now);
}

/** Keeps what was seen. */
export function remember(m: Facts, record: LockRecord, version: Version, { blockers, ahead }: Refusal, now: Now, lookedBefore: Now): void {
  const known = m.acquaint();
  const [holder] = record.holders;
  if (holder !== undefined && holder.token !== known.holder) {
    // It says since when; believed as far as what was seen allows.
    const longestMs = m.lined === undefined ? (usualOf(holder) ?? 0) : now.monoMs - lookedBefore.monoMs;
    sawBegin(known, holder.token, now.monoMs - Math.min(Math.max(0, now.wallMs - holder.since), longestMs));
  }
  known.belief = { record, version, monoMs: now.monoMs };
  known.refusal = { blockers, ahead };
  known.looks++;
}

/** Keeps what was written, with others among its holders. `waiting`: our place in its line. */
export function rememberWritten(m: Facts, record: LockRecord, version: Version, waiting: Waiting | undefined, now: Now): void {
  const known = m.acquaint();
  const place = record.line.findIndex(({ token }) => token === waiting?.token);
  known.belief = { record, version, monoMs: now.monoMs };
  known.refusal = { blockers: record.holders, ahead: place === -1 ? record.line : record.line.slice(0, place) };
  watch(known, record.holders[0]?.token, now.monoMs);
  sight(m, record, now);
}

/** Nobody here waits any more. */
export function leaveLine(m: Facts, now: Now): void {
  m.orders.watch(false);
  const belief = m.known?.belief;
  if (m.lined === undefined && m.maybeLined === undefined) {
    m.state = 'out';
    return m.step(now);
  }
  if (belief === undefined || m.isPoked || m.lined === undefined || m.maybeLined !== undefined) return look(m, now);
  m.send('quitting', now);
  m.orders.append(encodeGone(m.lined.token), belief.version);
  (m.known as { belief: undefined }).belief = undefined;
}

/** Behind all who stand in the record that was seen. */
export function lineUp(m: Facts, head: Seat, record: LockRecord, version: Version, now: Now): void {
  const waiting = waitingOf(m, head, now.wallMs - aheadMs(record, now.wallMs));
  const line = [...record.line.filter(({ token }) => token !== m.lined?.token), waiting];
  m.pending = { record: { ...record, line }, waiting };
  m.send('lining', now);
  const gone = m.lined === undefined ? '' : encodeGone(m.lined.token);
  m.orders.append(gone + encodeWaiting(waiting), version);
}

export function raceAgain(m: Facts, now: Now): void {
  m.pending = undefined;
  m.state = m.lined === undefined && m.maybeLined === undefined ? 'out' : 'waiting';
  m.isPoked = true;
  if (!m.raced(now)) {
    tellAll(m, now);
    m.races = 0;
  }
  m.step(now);
}

function pauseMs(m: Facts, head: Seat, now: Now): number {
  const { retry } = head.options;
  const { belief, refusal, paceMs, holderMonoMs, looks } = m.acquaint();
  if (belief === undefined) return Math.min(retry.delayMs * 2 ** Math.min(looks, 16), retry.maxDelayMs) * (0.5 + m.orders.luck() / 2);
  const { record } = belief;
  const [watchedMs, waitedMs] = [now.monoMs - holderMonoMs, now.monoMs - head.fresh.monoMs];
  const seen = { record, ...refusal, paceMs, watchedMs, waitedMs, looks, isCalled: m.around.isCalled };
  return lookAgainMs(seen, retry, now.wallMs, m.orders.luck());
}
