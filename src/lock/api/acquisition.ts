/**
 * How one call gets all that it asks for, or nothing. What is likely to be free is asked for at once; what is not, in the
 * order of the names, each while holding those before it: the same order for everybody, so nobody can deadlock.
 */

import type { Now } from '../clock.ts';
import { ResourceBusyError, StoreUnavailableError } from '../errors.ts';
import type { Holder } from '../holder.ts';
import type { Refusal } from '../machine/orders.ts';
import { Seat, type SeatAsker } from '../machine/seat.ts';
import { firstOf } from '../plan/scope.ts';
import type { Alarmed, Bucket } from '../shell/alarms.ts';
import type { Shell } from '../shell/shell.ts';
import { aborted, onAbort } from './aborts.ts';
import { type Done, type Refused, type Request, runsUnprotected, toRefused, waitedMs } from './request.ts';

/** Who is told what comes of it. */
export interface Asker {
  /** All of it. */
  taken(acquisition: Acquisition, seats: readonly Seat[]): void;
  /** Nothing: busy, or what ended the wait. What was gained has been given back. `inTheWay`: who was seen, and may still be working. */
  ended(acquisition: Acquisition, reason: Refused | Error, inTheWay: Refused | undefined): void;
  /** Why nothing more is asked for. */
  closed(): Error | undefined;
  /** It begins to wait. */
  waits(acquisition: Acquisition, refused: Refused): void;
}

export class Acquisition implements SeatAsker, Alarmed {
  bucket: Bucket | undefined;
  previous: Alarmed | undefined;
  next: Alarmed | undefined;
  readonly request: Request;
  /** The caller would wait, even where this may not. */
  readonly wantsToWait: boolean;
  readonly done: Done;
  readonly #shell: Shell;
  readonly #asker: Asker;
  readonly #isPatient: boolean;
  /** In the order of the needs, as many as have been asked for. */
  #seats: Seat[] = [];
  /** Answers still to come: to what was asked, and to what is being given back. */
  #open = 0;
  #waiting: Seat | undefined;
  #refusedAt = Number.POSITIVE_INFINITY;
  #refused: Refused | undefined;
  /** Who was in the way at the last refusal of a resource that has not been taken since. */
  #met: Map<string, readonly Holder[]> | undefined;
  #failedAt = Number.POSITIVE_INFINITY;
  #fault: Error | undefined;
  #reason: Refused | Error | undefined;
  #restarts = 0;
  #isOver = false;
  #listening: Disposable | undefined;

  constructor(shell: Shell, asker: Asker, request: Request, wantsToWait: boolean, done: Done) {
    this.#shell = shell;
    this.#asker = asker;
    this.request = request;
    this.wantsToWait = wantsToWait;
    this.done = done;
    this.#isPatient = wantsToWait && !request.around.outOfOrder && request.options.retry.maxWaitMs > 0;
  }

  start(): void {
    this.#askFrom(0);
  }

  /** The wait is over: its limit has passed, whoever asked gave up, or the locker closes. */
  end(reason: Error): void {
    const refused = this.#waiting && this.#refusedNow();
    this.#reason ??= refused === undefined ? reason : { ...refused, why: reason };
    this.#decide();
  }

  woke(): void {
    const { monoMs } = this.#shell.now();
    const { startedMonoMs, options } = this.request;
    const endMonoMs = startedMonoMs + options.retry.maxWaitMs;
    if (monoMs < endMonoMs) this.#shell.waits.at(this, endMonoMs, monoMs);
    else this.end(this.#busy(this.#refusedNow() ?? { resource: firstOf(this.request.scope), holders: [] }, monoMs));
  }

  seated(seat: Seat, now: Now): void {
    // Given up, but the seat came before it was told.
    if (this.#isOver || !this.#seats.includes(seat)) return seat.place.leave(seat, false, () => {});
    this.#answered(seat);
    this.#met?.delete(seat.place.resource);
    this.#decide(now);
  }

  refused(seat: Seat, refusal: Refusal, now: Now): void {
    this.#answered(seat);
    const refused = this.#meet(seat, refusal);
    this.#refusedAt = Math.min(this.#refusedAt, this.#seats.indexOf(seat));
    const note = refusal.isCrowded ? `; not queued: ${this.#shell.maxWaiters} wait for it in this process already (maxWaiters)` : '';
    if (!this.#isPatient) this.#reason ??= refused;
    else if (seat.patient) this.#reason ??= this.#busy(refused, now.monoMs, note);
    this.#decide();
  }

  waits(seat: Seat, refusal: Refusal): void {
    this.#answered(seat);
    this.#waiting = seat;
    const refused = this.#meet(seat, refusal);
    const why = this.#calledOff();
    if (why !== undefined) return this.end(why);
    if (this.#reason === undefined) {
      this.#beginToWait();
      this.#asker.waits(this, refused);
    }
    this.#decide();
  }

  failed(seat: Seat, error: Error): void {
    // Its machine has looked since, and nobody who was met is in the way any more.
    if (seat === this.#waiting) this.#met?.delete(seat.place.resource);
    this.#answered(seat);
    this.#fault = error;
    this.#failedAt = Math.min(this.#failedAt, this.#seats.indexOf(seat));
    this.#decide();
  }

  #answered(seat: Seat): void {
    if (seat === this.#waiting) this.#waiting = undefined;
    else this.#open--;
  }

  #meet({ place: { resource } }: Seat, refusal: Refusal): Refused {
    this.#refused = toRefused(resource, refusal);
    this.#met ??= new Map();
    this.#met.set(resource, this.#refused.holders);
    return this.#refused;
  }

  #busy({ resource, holders }: Refused, monoMs: number, note?: string): ResourceBusyError {
    return new ResourceBusyError(resource, holders, waitedMs(this.request, monoMs), note);
  }

  /** What to do next, once all that was asked for has been answered. */
  #decide(now: Now = this.#shell.now()): void {
    if (this.#isOver || this.#open > 0) return;
    if (this.#fault !== undefined) this.#judgeFault(this.#fault);
    if (this.#seats.length < this.request.around.missing.length) this.#reason ??= this.#asker.closed();
    if (this.#reason !== undefined) return this.#giveUp(this.#reason);
    if (this.#waiting !== undefined) return this.#giveBackFrom(this.#seats.indexOf(this.#waiting) + 1);
    const first = Math.min(this.#refusedAt, this.#seats.length);
    if (first < this.#seats.length) return this.#giveBackFrom(first);
    if (!this.#seats.every((seat) => seat.isLive(now))) return this.#startAgain();
    if (first < this.request.around.missing.length) return this.#askFrom(first);
    this.#stop();
    this.#asker.taken(this, this.#seats);
  }

  /** Whoever is in the way counts for more than a store that did not answer, where that would mean to run beside it. */
  #judgeFault(fault: Error): void {
    const somebodyIsInTheWay = this.#waiting !== undefined || this.#refusedAt !== Number.POSITIVE_INFINITY;
    if (!(somebodyIsInTheWay && runsUnprotected(fault, this.request))) this.#reason ??= fault;
    this.#refusedAt = Math.min(this.#refusedAt, this.#failedAt);
    this.#fault = undefined;
    this.#failedAt = Number.POSITIVE_INFINITY;
  }

  /** As many at once as are likely to be free, and one that is not. Only the first may be waited for: all before it are held. */
  #askFrom(index: number): void {
    const { around, options } = this.request;
    this.#refusedAt = Number.POSITIVE_INFINITY;
    const asked: Seat[] = [];
    for (const need of index === 0 ? around.missing : around.missing.slice(index)) {
      const gate = this.#shell.gateFor(need);
      asked.push(new Seat(gate, need.mode, options, need.limit, this.#isPatient && asked.length === 0, this));
      if (gate.machine.expectsTrouble) break;
    }
    // A list that has grown keeps room for seventeen, as long as the lock is held.
    this.#seats = this.#seats.concat(asked);
    this.#open = asked.length;
    for (const seat of asked) seat.place.ask(seat);
  }

  #giveBackFrom(index: number): void {
    const seats = this.#seats.splice(index).filter(({ state }) => state === 'seated');
    this.#open += seats.length;
    // A record that cannot be reached is left to its TTL.
    const gaveBack = (): void => {
      this.#open--;
      this.#decide();
    };
    for (const seat of seats) seat.place.leave(seat, false, gaveBack);
    if (seats.length === 0 && this.#waiting === undefined) this.#decide();
  }

  #giveUp(reason: Refused | Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.place.giveUp(waiting);
    if (this.#seats.some(({ state }) => state === 'seated')) return this.#giveBackFrom(0);
    this.#stop();
    this.#asker.ended(this, reason, this.#inTheWay());
  }

  /** One was lost while the others were waited for. */
  #startAgain(): void {
    if (this.#isPatient) this.#beginToWait();
    else if (++this.#restarts > 1) this.#reason = new StoreUnavailableError('The store took longer than ttlMs to answer');
    this.#reason ??= this.#calledOff();
    this.#giveBackFrom(0);
  }

  /** The locker is closed, or whoever asked has given up: perhaps while a request was under way, before anybody listened. */
  #calledOff(): Error | undefined {
    return this.#asker.closed() ?? (this.request.options.signal?.aborted === true ? this.#aborted() : undefined);
  }

  #aborted(): Error {
    return aborted(this.#waiting?.place.resource ?? firstOf(this.request.scope), this.request.options.signal);
  }

  /** From now on the limit counts, and the caller may give up. */
  #beginToWait(): void {
    if (this.bucket !== undefined) return;
    const { startedMonoMs, options } = this.request;
    const { signal, retry } = options;
    this.#shell.waits.at(this, startedMonoMs + retry.maxWaitMs, this.#shell.clock.monotonicMs());
    if (signal !== undefined) this.#listening ??= onAbort(signal, () => this.end(this.#aborted()));
  }

  /** Who is in the way now, and not when the wait began, as far as it is known. */
  #refusedNow(): Refused | undefined {
    const place = this.#waiting?.place;
    const refused = place && toRefused(place.resource, place.refusal);
    return refused === undefined || refused.holders.length === 0 ? this.#refused : refused;
  }

  /** Somebody who was seen, and may still be working. */
  #inTheWay(): Refused | undefined {
    const wallMs = this.#shell.clock.wallMs();
    for (const [resource, holders] of this.#met ?? []) {
      if (holders.some(({ state, latestEnd }) => state === 'holding' && (latestEnd?.getTime() ?? Number.POSITIVE_INFINITY) > wallMs))
        return { resource, holders };
    }
    return undefined;
  }

  #stop(): void {
    this.#isOver = true;
    this.#shell.waits.cancel(this);
    this.#listening?.[Symbol.dispose]();
  }
}
