/**
 * A resource as this process sees it: a synchronous state machine. An event comes in, the state changes, orders go out. There
 * is no await, no clock and no promise in this room: nothing can change between a look and an act. The states are drawn in
 * docs/architecture.md.
 */

import type { Now } from '../clock.ts';
import { GivewayError } from '../errors.ts';
import type { Need } from '../options.ts';
import { decodeRecord } from '../record/record.ts';
import type { Entry, Version } from '../store.ts';
import { onCalled, onCreated, onEntered, onLooked, stepOut } from './entering.ts';
import { Facts, turnMs } from './facts.ts';
import { isLikely } from './guesses.ts';
import { stepHeld } from './holding.ts';
import { onDeparted, onRemoved, onSwept } from './leaving.ts';
import type { Orders, Refusal } from './orders.ts';
import { onRenewed, onReread } from './renewing.ts';
import type { Neighbours, Seat, Settle } from './seat.ts';
import { hear, tellRefused } from './seating.ts';
import { heldAgainst } from './seen.ts';
import type { State, Surroundings } from './states.ts';
import { stepDown } from './unanswered.ts';
import { onAppended, onQuit, stepWaiting } from './waiting.ts';

/** What the shell brings for an order: a version or nothing for a write, an entry or nothing for `read`, yes or no for `remove`. */
export type Answer = Version | Entry | boolean | undefined;

export class Machine {
  readonly #facts: Facts;

  constructor(orders: Orders & Neighbours, around: Surroundings) {
    this.#facts = new Facts(orders, around, step);
  }

  get state(): State {
    return this.#facts.state;
  }

  /** How many are here, or want to be. */
  get load(): number {
    const { queue, seats } = this.#facts;
    return queue.size + seats.size;
  }

  /** Who is in the way of whoever asks now. */
  get refusal(): Refusal {
    return this.#facts.refusal();
  }

  /** Whoever asks now is likely to wait. */
  get expectsTrouble(): boolean {
    return this.#facts.queue.size > 0 || isLikely(this.#facts.known?.taken ?? 'no');
  }

  /** Whoever was seen here or is here, may still be working, and leaves no room for such a lock. `undefined`: nobody. */
  heldAgainst(need: Omit<Need, 'resource'>, wallMs: number): Refusal | undefined {
    return heldAgainst(this.#facts, need, wallMs);
  }

  /** Who waits here behind one who sits here, though there may be room for both. */
  get stuck(): Seat | undefined {
    const { queue, seats } = this.#facts;
    return seats.size > 0 && queue.head?.state === 'waiting' ? queue.head : undefined;
  }

  /** Whoever was `stuck` waits here no longer, and is not told. */
  yield(seat: Seat): void {
    this.#facts.queue.remove(seat);
  }

  /** Somebody wants a seat. The owner is told; if nothing is in the way, by the answer to the one request. */
  ask(seat: Seat, now: Now): void {
    const m = this.#facts;
    const waits = m.queue.head?.state === 'waiting';
    // Whoever comes while nobody knows yet whether it is busy may get in with others.
    if (seat.patient && waits && m.queue.size >= m.around.maxWaiters) return tellRefused(seat, { ...m.refusal(), isCrowded: true }, now);
    const refusal = waits ? m.refusalBehindLine(now.wallMs) : undefined;
    if (refusal !== undefined && !seat.patient) return tellRefused(seat, refusal, now);
    seat.fresh = now;
    m.isArriving = m.state === 'out' && m.queue.head === undefined;
    if (m.isArriving) m.isFresh = false;
    m.queue.push(seat);
    if (seat.options.retry.maxAttempts !== Number.POSITIVE_INFINITY) m.countsLooks = true;
    if (refusal !== undefined) {
      seat.state = 'waiting';
      seat.asker?.waits(seat, refusal);
    }
    m.step(now);
  }

  /** Whoever asked wants it no longer. */
  giveUp(seat: Seat, now: Now): void {
    const m = this.#facts;
    if (seat.state !== 'asked' && seat.state !== 'waiting') return;
    m.restoring = m.restoring.filter((each) => each.seat !== seat);
    if (m.queue.has(seat)) m.queue.remove(seat);
    seat.state = 'over';
    m.step(now);
  }

  /** Gives a seat back. `false`: it was no longer ours. `worked`: false for what was gained in vain, which no `minHoldMs` keeps. */
  leave(seat: Seat, worked: boolean, now: Now, settle: Settle): void {
    const m = this.#facts;
    const { stay } = seat;
    if (seat.state !== 'seated' || stay === undefined) return settle(false);
    seat.isLive(now);
    seat.state = 'over';
    if (stay !== m.stay) {
      // The key may outlive us.
      const mayBeThere = stay.lost === 'expired' || stay.lost === 'unreachable';
      if (!mayBeThere || m.state !== 'out') return settle(false);
      m.leaver = { seat, settle };
      m.send('sweeping', now);
      return stay.isAlone ? m.orders.remove(stay.version) : m.orders.read();
    }
    m.seats.remove(seat);
    m.dropExtensions(seat);
    m.isBrief = now.monoMs - seat.since.monoMs < turnMs;
    if (worked && seat.options.minHoldMs > 0) m.owe(seat.since, seat.options.minHoldMs, now);
    if (m.seats.size > 0) {
      settle(true);
      return m.step(now);
    }
    m.leaver = { seat, settle };
    m.step(now);
  }

  /** A new `ttlMs` for one seat. `false`: it was no longer ours. */
  extend(seat: Seat, ttlMs: number, now: Now, settle: Settle): void {
    const m = this.#facts;
    if (!seat.isLive(now)) return settle(false);
    seat.extend(ttlMs, now);
    m.nextSeatEndMonoMs = 0;
    m.extending = [...m.extending, { seat, settle }];
    m.step(now);
  }

  /** Gives up a seat's entry without touching the record, so that another process can carry it on: its token, or `undefined` when it was lost. */
  detach(seat: Seat, now: Now, settle: (token: string | undefined | Error) => void): void {
    const m = this.#facts;
    if (!seat.isLive(now)) return settle(undefined);
    m.detaching = [...m.detaching, { seat, settle }];
    m.step(now);
  }

  /** Takes over the entry of `token`, under a token of our own. */
  restore(token: string, seat: Seat, now: Now): void {
    const m = this.#facts;
    m.restoring = [...m.restoring, { token, seat, sends: m.sends }];
    m.step(now);
  }

  /** The store has answered. */
  answered(answer: Answer, now: Now): void {
    const m = this.#facts;
    switch (m.state) {
      case 'creating':
        return onCreated(m, answer as Version | undefined, now);
      case 'looking':
        return onLooked(m, answer as Entry | undefined, now);
      case 'entering':
        return onEntered(m, answer as Version | undefined, now);
      case 'lining':
        return onAppended(m, answer as Version | undefined, now);
      case 'quitting':
        return onQuit(m, answer as Version | undefined, now);
      case 'renewing':
        return onRenewed(m, answer as Version | undefined, now);
      case 'rereading':
        return onReread(m, answer as Entry | undefined, now);
      case 'removing':
        return onRemoved(m, answer as boolean, now);
      case 'departing':
        return onDeparted(m, answer as Version | undefined, now);
      case 'sweeping':
        return onSwept(m, answer, now);
      case 'out':
      case 'waiting':
      case 'held':
        throw new GivewayError('ERR_GIVEWAY_STATE', `An answer came while nothing was asked (${m.state}); this is a fault of giveway`);
    }
  }

  /** The store has not answered. Nobody knows what became of the request. */
  unanswered(error: Error, now: Now): void {
    const m = this.#facts;
    stepDown(m, error, now);
  }

  /** The time that was asked for has come. */
  woke(now: Now): void {
    const m = this.#facts;
    if (m.stay !== undefined && m.state !== 'held') for (const seat of m.seats.all()) seat.isLive(now);
    m.step(now);
  }

  /** The store calls: the record has changed, or so it seems. */
  changed(entry: Entry | undefined, now: Now): void {
    const m = this.#facts;
    const record = entry && decodeRecord(entry.value);
    if (record !== undefined) hear(m, record, now);
    if (m.state !== 'waiting') m.isPoked = true;
    else if (entry !== undefined) onCalled(m, record, entry.version, now);
    else if (m.known !== undefined && m.known.refusal.ahead.length > 0 && m.lined !== undefined)
      m.known.refusal = { ...m.known.refusal, ahead: m.known.refusal.ahead.slice(1) };
    else {
      m.isPoked = true;
      m.step(now);
    }
  }
}

function step(m: Facts, now: Now): void {
  const spare = m.queue.size + m.seats.size + m.restoring.length === 0 ? m.orders.spare() : undefined;
  if (spare !== undefined) {
    if (spare.options.retry.maxAttempts !== Number.POSITIVE_INFINITY) m.countsLooks = true;
    m.queue.push(spare);
  }
  switch (m.state) {
    case 'out':
      return stepOut(m, now);
    case 'waiting':
      return stepWaiting(m, now);
    case 'held':
      return stepHeld(m, now);
    default:
  }
}
