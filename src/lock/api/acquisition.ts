/**
 * How one call gets all that it asks for, or nothing. What is likely to be free is asked for at once; what is not, in the
 * order of the names, each while holding those before it: the same order for everybody, so nobody can deadlock.
 */
import { ResourceBusyError, StoreUnavailableError } from '../errors.ts';
import type { Holder } from '../holder.ts';
import type { Now, Refusal } from '../machine/orders.ts';
import { Seat, type SeatAsker } from '../machine/seat.ts';
import type { Need, ResolvedOptions } from '../options.ts';
import { toHolder, toWaitingHolder } from '../record/record.ts';
import type { Alarm, Alarmed } from '../shell/alarms.ts';
import type { Shell } from '../shell/shell.ts';
import { aborted, onAbort } from './aborts.ts';

/** A resource that could not be taken now. */
export interface Refused {
  readonly resource: string;
  readonly holders: readonly Holder[];
}

/** What is asked for. */
export interface Wanted {
  readonly needs: readonly Need[];
  readonly options: ResolvedOptions;
  readonly startedMonoMs: number;
  /** Waits while it is busy. */
  readonly isPatient: boolean;
}

/** Who is told what comes of it. */
export interface Asker {
  /** All of it. */
  taken(acquisition: Acquisition, seats: readonly Seat[], now: Now): void;
  /** Nothing: busy, or what ended the wait. What was gained has been given back. `inTheWay`: who was seen, and may still be working. */
  ended(acquisition: Acquisition, reason: Refused | Error, inTheWay: Refused | undefined): void;
  /** Why nothing more is asked for. */
  closed(): Error | undefined;
  /** It begins to wait. */
  waits(acquisition: Acquisition, refused: Refused): void;
}

export class Acquisition implements SeatAsker, Alarmed {
  alarm: Alarm | undefined;
  readonly #shell: Shell;
  readonly wanted: Wanted;
  readonly #asker: Asker;
  /** In the order of the needs, as many as have been asked for. */
  readonly #seats: Seat[] = [];
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

  constructor(shell: Shell, wanted: Wanted, asker: Asker) {
    this.#shell = shell;
    this.wanted = wanted;
    this.#asker = asker;
  }

  start(): void {
    this.#askFrom(0);
  }

  /** The wait is over: its limit has passed, whoever asked gave up, or the locker closes. */
  end(reason: Error): void {
    this.#reason ??= reason;
    this.#decide();
  }

  woke(): void {
    const { monoMs } = this.#shell.now();
    const { startedMonoMs, options, needs } = this.wanted;
    const endMonoMs = startedMonoMs + options.retry.maxWaitMs;
    if (monoMs < endMonoMs) return this.#shell.waits.at(this, endMonoMs, monoMs);
    const { resource, holders } = this.#refusedNow() ?? { resource: needs[0]?.resource ?? '', holders: [] };
    this.end(new ResourceBusyError(resource, holders, monoMs - startedMonoMs));
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
    this.#refused = toRefused(seat.place.resource, refusal);
    this.#met ??= new Map();
    this.#met.set(this.#refused.resource, this.#refused.holders);
    this.#refusedAt = Math.min(this.#refusedAt, this.#seats.indexOf(seat));
    if (!this.wanted.isPatient) this.#reason ??= this.#refused;
    else if (seat.patient)
      this.#reason ??= new ResourceBusyError(
        this.#refused.resource,
        this.#refused.holders,
        now.monoMs - this.wanted.startedMonoMs,
        refusal.isCrowded ? `; not queued: ${this.#shell.maxWaiters} wait for it in this process already (maxWaiters)` : '',
      );
    this.#decide();
  }

  waits(seat: Seat, refusal: Refusal): void {
    this.#answered(seat);
    this.#waiting = seat;
    this.#refused = toRefused(seat.place.resource, refusal);
    this.#met ??= new Map();
    this.#met.set(this.#refused.resource, this.#refused.holders);
    this.#reason ??= this.#asker.closed();
    if (this.#reason === undefined) {
      this.#beginToWait();
      this.#asker.waits(this, this.#refused);
    }
    this.#decide();
  }

  failed(seat: Seat, error: Error): void {
    this.#answered(seat);
    this.#fault = error;
    this.#failedAt = Math.min(this.#failedAt, this.#seats.indexOf(seat));
    this.#decide();
  }

  #answered(seat: Seat): void {
    if (seat === this.#waiting) this.#waiting = undefined;
    else this.#open--;
  }

  /** What to do next, once all that was asked for has been answered. */
  #decide(now: Now = this.#shell.now()): void {
    if (this.#isOver || this.#open > 0) return;
    if (this.#fault !== undefined) this.#judgeFault(this.#fault);
    if (this.#seats.length < this.wanted.needs.length) this.#reason ??= this.#asker.closed();
    if (this.#reason !== undefined) return this.#giveUp(this.#reason);
    if (this.#waiting !== undefined) return this.#giveBackFrom(this.#seats.indexOf(this.#waiting) + 1);
    const first = Math.min(this.#refusedAt, this.#seats.length);
    if (first < this.#seats.length) return this.#giveBackFrom(first);
    if (!this.#seats.every((seat) => seat.isLive(now))) return this.#startAgain();
    if (first < this.wanted.needs.length) return this.#askFrom(first);
    this.#stop();
    this.#asker.taken(this, this.#seats, now);
  }

  /** Whoever is in the way counts for more than a store that did not answer, where that would mean to run beside it. */
  #judgeFault(fault: Error): void {
    const somebodyIsInTheWay = this.#waiting !== undefined || this.#refusedAt !== Number.POSITIVE_INFINITY;
    const mayRun = fault instanceof StoreUnavailableError && this.wanted.options.onStoreDown === 'run';
    if (!(mayRun && somebodyIsInTheWay)) this.#reason ??= fault;
    this.#refusedAt = Math.min(this.#refusedAt, this.#failedAt);
    this.#fault = undefined;
    this.#failedAt = Number.POSITIVE_INFINITY;
  }

  /** As many at once as are likely to be free, and one that is not. Only the first may be waited for: all before it are held. */
  #askFrom(index: number): void {
    const { needs, options } = this.wanted;
    this.#refusedAt = Number.POSITIVE_INFINITY;
    for (let next = index; next < needs.length; next++) {
      const need = needs[next] as Need;
      const gate = this.#shell.gateFor(need);
      this.#seats.push(new Seat(gate, need.mode, options, need.limit, this.wanted.isPatient && next === index, this));
      if (gate.machine.expectsTrouble) break;
    }
    this.#open = this.#seats.length - index;
    if (this.#open === 1) return (this.#seats[index] as Seat).place.ask(this.#seats[index] as Seat);
    for (const seat of this.#seats.slice(index)) seat.place.ask(seat);
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
    if (++this.#restarts > 1 && !this.wanted.isPatient)
      this.#reason = new StoreUnavailableError('The store took longer than ttlMs to answer');
    this.#refusedAt = 0;
    this.#giveBackFrom(0);
  }

  /** From now on the limit counts, and the caller may give up. */
  #beginToWait(): void {
    if (this.alarm !== undefined) return;
    const { startedMonoMs, needs, options } = this.wanted;
    const { signal, retry } = options;
    this.#shell.waits.at(this, startedMonoMs + retry.maxWaitMs, this.#shell.clock.monotonicMs());
    if (signal !== undefined) this.#listening ??= onAbort(signal, () => this.end(aborted(needs[0]?.resource ?? '', signal)));
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

/** A refusal in public words. */
export function toRefused(resource: string, { blockers, ahead }: Refusal): Refused {
  const holders = blockers.map((blocker) => toHolder(resource, blocker));
  return { resource, holders: [...holders, ...ahead.map((waiting, index) => toWaitingHolder(resource, waiting, index + 1))] };
}
