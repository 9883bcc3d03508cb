/** Locks that leave this process or come to it, by their tokens. */

import type { Now } from '../clock.ts';
import { aheadMs, exchange } from '../record/decide.ts';
import { encodeRecord, type LockRecord } from '../record/record.ts';
import type { Version } from '../store.ts';
import type { Facts } from './facts.ts';
import { unknownRefusal } from './orders.ts';
import { entryFor, sight, tellRefused } from './seating.ts';
import type { Stay } from './stay.ts';
import { asTold } from './turns.ts';

/** The record was read while somebody wants to carry on an entry of it. `true`: the write that does so is under way. */
export function lookForHanded(m: Facts, record: LockRecord | undefined, version: Version | undefined, now: Now): boolean {
  const [wanted] = m.restoring;
  // What was read before it was asked for may be older than what was handed over.
  if (wanted === undefined || wanted.sends === m.sends) return false;
  const { seat, token } = wanted;
  const { stay } = m;
  const found = record?.holders.find((holder) => holder.token === token && !holder.minHold);
  const fits = found?.mode === seat.mode && (stay === undefined || (stay.mode === seat.mode && seat.mode !== 'write'));
  if (record === undefined || version === undefined || found === undefined || !fits) {
    m.restoring = m.restoring.slice(1);
    tellRefused(seat, unknownRefusal, now);
    return lookForHanded(m, record, version, now);
  }
  const own = stay?.token ?? m.orders.newToken();
  const sinceMs = found.since + aheadMs(record, now.wallMs);
  const ttlMs = Math.max(seat.ttlMs, stay?.ttlMs ?? 0);
  const me = asTold(entryFor(m, seat, own, now, sinceMs, (stay?.entrant.beat ?? 0) + 1, ttlMs), found);
  const instead = m.lined === undefined ? [token, own] : [token, own, m.lined.token];
  const change = exchange(record, instead, [me], now.wallMs, (mine) => m.isDoubtful(mine, now.wallMs));
  m.pending = { record: change.record, me, handed: seat };
  m.send(stay === undefined ? 'entering' : 'renewing', now);
  m.orders.replace(encodeRecord(change.record), version, change.ttlMs);
  return true;
}

/** The first of those who leave for another process. `false`: nobody does. */
export function handOver(m: Facts, now: Now): boolean {
  const leaving = m.detaching[0];
  const stay = m.stay as Stay;
  if (leaving === undefined) return false;
  const { seat, settle } = leaving;
  if (seat.state !== 'seated' || seat.stay !== stay || !seat.isLive(now)) {
    m.detaching = m.detaching.slice(1);
    settle(undefined);
    return handOver(m, now);
  }
  if (m.seats.size === 1 && m.minHoldLeftMs(now) <= 0) {
    m.detaching = m.detaching.slice(1);
    m.seats.remove(seat);
    seat.state = 'over';
    m.acquaint().refusal = { blockers: [stay.entrant], ahead: stay.record.line };
    m.stay = undefined;
    sight(m, stay.record, now);
    m.state = 'out';
    settle(stay.token);
    return false;
  }
  // It leaves alone, so it gets an entry of its own.
  const me = { ...stay.entrant, ttlMs: stay.ttlMs, until: now.wallMs + stay.ttlMs, beat: stay.entrant.beat + 1 };
  const own = entryFor(m, seat, m.orders.newToken(), now, seat.since.wallMs);
  const change = exchange(stay.record, [stay.token], [me, own], now.wallMs, (mine) => m.isDoubtful(mine, now.wallMs));
  m.pending = { record: change.record, me, handsOver: own.token };
  m.send('renewing', now);
  m.orders.replace(encodeRecord(change.record), stay.version, change.ttlMs);
  return true;
}
