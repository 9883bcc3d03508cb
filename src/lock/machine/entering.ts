/** From nothing of ours in the record to an entry among its holders: by creating it, by joining it, or through the line. */

import type { Now } from '../clock.ts';
import { excludes, type Mode } from '../holder.ts';
import { admit, type Change, takesLine } from '../record/decide.ts';
import { decodeRecord, type Entrant, encodeAlone, encodeRecord, type LockRecord } from '../record/record.ts';
import type { Entry, Version } from '../store.ts';
import type { Facts } from './facts.ts';
import { arrived, isLikely } from './guesses.ts';
import { lookForHanded } from './handing.ts';
import { type Belief, unknownRefusal } from './orders.ts';
import type { Seat } from './seat.ts';
import { entryFor, newcomer, seat, sight, tellAll } from './seating.ts';
import type { Pending } from './states.ts';
import { Stay } from './stay.ts';
import { asTold, usualOf } from './turns.ts';
import { leaveLine, lineUp, look, raceAgain, remember, rememberWritten, wait } from './waiting.ts';

/** Nothing of ours is in the record. Whoever asks first is tried first. */
export function stepOut(m: Facts, now: Now): void {
  const { head } = m.queue;
  if (head === undefined && m.restoring.length === 0) return restOrRemember(m, now);
  if (m.pausedUntilMonoMs > now.monoMs) return m.orders.wakeAt(m.pausedUntilMonoMs, now, m.queue.size > 0);
  if (head === undefined) return look(m, now);
  // What we have just written, or seen, mostly stands there still: that spares a look. Nobody is refused for it, since it may not.
  const mayBelieve = m.races === 0 && head.patient && m.queue.size === 1 && m.restoring.length === 0;
  const belief = mayBelieve ? m.known?.belief : undefined;
  if (belief !== undefined && now.monoMs - belief.monoMs < freshMs(belief)) return consider(m, belief.record, belief.version, now, now);
  if (m.known !== undefined && !m.isFresh && (m.races > 0 || isLikely(m.known.taken))) return look(m, now);
  create(m, head, now);
}

export function onCreated(m: Facts, version: Version | undefined, now: Now): void {
  const { me, text } = m.pending as Required<Pending>;
  if (version === undefined) {
    m.acquaint();
    arrived(m, true);
    return look(m, now);
  }
  arrived(m, false);
  m.hold(new Stay(me, text, version, m.sent, now.monoMs), now);
  m.step(now);
}

export function onLooked(m: Facts, entry: Entry | undefined, now: Now): void {
  const record = entry === undefined ? undefined : decodeRecord(entry.value);
  const wasTaken = m.pending !== undefined;
  m.pending = undefined;
  arrived(m, entry !== undefined);
  if (record !== undefined) sight(m, record, now);
  if (lookForHanded(m, record, entry?.version, now)) return;
  if (entry === undefined) return onAbsent(m, wasTaken, now);
  if (record === undefined) return onUnreadable(m, now);
  const lookedBefore = m.notBefore;
  if (m.maybeLined !== undefined) {
    if (names(record, m.maybeLined.token)) m.lined = m.maybeLined;
    m.maybeLined = undefined;
  }
  const granted = grantedIn(m, record);
  if (granted !== undefined) return onGranted(m, granted, record, entry.version, now);
  if (!isInLine(m, record)) m.lined = undefined;
  m.notBefore = m.sent;
  consider(m, record, entry.version, now, lookedBefore);
}

/** The store says by itself what stands there. When it was so is not known; it may be older than what was seen. */
export function onCalled(m: Facts, record: LockRecord | undefined, version: Version, now: Now): void {
  const granted = record && grantedIn(m, record);
  if (granted !== undefined) sight(m, record, now);
  if (record !== undefined && granted !== undefined) return onGranted(m, granted, record, version, now);
  if (record !== undefined && m.lined !== undefined && isInLine(m, record) && m.queue.head?.mode === m.lined.mode) {
    const { line } = record;
    const ahead = line.slice(
      0,
      line.findIndex(({ token }) => token === m.lined?.token),
    );
    const blockers = record.holders.filter(({ mode }) => excludes(mode, (m.lined as { mode: Mode }).mode));
    remember(m, record, version, { blockers, ahead }, now, now);
    return wait(m, now);
  }
  m.isPoked = true;
  m.step(now);
}

/** May whoever is first get in, and if not, what then? */
function consider(m: Facts, record: LockRecord, version: Version, now: Now, lookedBefore: Now): void {
  const { head } = m.queue;
  if (head === undefined) {
    m.acquaint().belief = { record, version, monoMs: now.monoMs };
    return leaveLine(m, now);
  }
  const me = newcomer(m, head, now);
  const admission = admit(record, me, now.wallMs, (token) => m.isDoubtful(token, now.wallMs) || token === m.lined?.token);
  if (admission.granted) return enter(m, admission, version, me, now);
  const before = m.known?.belief?.record;
  remember(m, record, version, admission, now, lookedBefore);
  tellAll(m, now);
  if (m.queue.head !== head) return consider(m, record, version, now, lookedBefore);
  // Whoever is first in line may be dead: then somebody else lets it in, so that its turn ends.
  if (admission.overdue !== undefined && before !== undefined && before !== record && isSame(before, record))
    return write(m, admission.overdue, version, now);
  if (m.around.canLine && takesLine(record) && m.lined?.mode !== head.mode) return lineUp(m, head, record, version, now);
  wait(m, now);
}

export function onEntered(m: Facts, version: Version | undefined, now: Now): void {
  const { me, record, handed } = m.pending as Pending;
  if (version !== undefined && me !== undefined) {
    m.hold(new Stay(me, record, version, m.sent, now.monoMs), now);
    if (handed !== undefined) {
      m.restoring = m.restoring.filter((each) => each.seat !== handed);
      seat(m, handed, now, { monoMs: now.monoMs, wallMs: me.since });
    }
    return m.step(now);
  }
  if (version !== undefined) {
    rememberWritten(m, record, version, m.lined, now);
    return wait(m, now);
  }
  raceAgain(m, now);
}

const nobody: LockRecord = { v: 1, holders: [], line: [] };

function create(m: Facts, head: Seat, now: Now): void {
  const me = newcomer(m, head, now);
  const text = encodeAlone(now.wallMs, me);
  m.pending = { record: nobody, me, text };
  m.send('creating', now);
  m.orders.create(text, me.ttlMs);
}

function enter(m: Facts, change: Change, version: Version, me: Entrant, now: Now): void {
  m.pending = { record: change.record, me };
  m.send('entering', now);
  m.orders.replace(encodeRecord(change.record), version, change.ttlMs);
}

/** Lets others in. */
function write(m: Facts, change: Change, version: Version, now: Now): void {
  m.pending = { record: change.record };
  m.send('entering', now);
  m.orders.replace(encodeRecord(change.record), version, change.ttlMs);
}

/** Our token stands among the holders: somebody let us in since the last look that did not show it. */
function onGranted(m: Facts, granted: Entrant, record: LockRecord, version: Version, now: Now): void {
  const stay = new Stay(granted, record, version, m.notBefore, now.monoMs);
  m.orders.watch(false);
  const { head } = m.queue;
  if (head !== undefined && stay.remainingMs(now) < granted.ttlMs / 4) {
    // So long ago, perhaps, that it is over before it is confirmed: first write it anew.
    const { token, mode, limit, beat } = granted;
    const anew = entryFor(m, head, token, now, now.wallMs, beat + 1);
    const me = { ...asTold(anew, granted), mode, limit };
    const admission = admit(record, me, now.wallMs, (mine) => m.isDoubtful(mine, now.wallMs));
    if (admission.granted) return enter(m, admission, version, me, now);
  }
  m.hold(stay, now);
  m.step(now);
}

/** `wasTaken`: a moment ago something was. Once that is a race; a store that keeps saying so must not be asked without end. */
function onAbsent(m: Facts, wasTaken: boolean, now: Now): void {
  m.forgetPlace();
  if (wasTaken && !m.raced(now)) {
    m.races = 0;
    tellAll(m, now);
  }
  m.state = 'out';
  m.isFresh = true;
  if (m.known !== undefined) {
    m.known.belief = undefined;
    m.known.refusal = unknownRefusal;
    sight(m, undefined, now);
  }
  m.step(now);
}

function onUnreadable(m: Facts, now: Now): void {
  m.orders.notice('is garbage or of a later version; it is treated as busy and left alone');
  m.forgetPlace();
  const known = m.acquaint();
  known.belief = undefined;
  known.refusal = unknownRefusal;
  known.looks++;
  tellAll(m, now);
  if (m.queue.head === undefined) m.state = 'out';
  else return wait(m, now);
  m.step(now);
}

function grantedIn(m: Facts, { holders }: LockRecord): Entrant | undefined {
  return m.lined && holders.find(({ token, minHold }) => token === m.lined?.token && !minHold);
}

function names({ holders, line }: LockRecord, wanted: string): boolean {
  return holders.some(({ token }) => token === wanted) || line.some(({ token }) => token === wanted);
}

function isInLine(m: Facts, { line }: LockRecord): boolean {
  return line.some(({ token }) => token === m.lined?.token);
}

/** For how long a record is likely to stay as it is: half of what its holder usually takes. */
function freshMs({ record: { holders } }: Belief): number {
  return (usualOf(holders[0]) ?? 0) / 2;
}

function isSame(before: LockRecord, after: LockRecord): boolean {
  return (
    before.at === after.at &&
    before.holders.every(({ token, beat }, index) => after.holders[index]?.token === token && after.holders[index]?.beat === beat)
  );
}

/** Nobody here wants anything. What is known of others is kept as long as they may be there. */
function restOrRemember(m: Facts, now: Now): void {
  m.orders.watch(false);
  const { known } = m;
  if (known === undefined) return m.rest();
  const untilMonoMs = known.doubtful.reduce((latest, each) => Math.max(latest, each.untilMonoMs), known.untilMonoMs);
  if (now.monoMs < untilMonoMs && !m.around.isClosing) return m.orders.wakeAt(untilMonoMs, now);
  m.rest();
}
