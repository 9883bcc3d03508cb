import type { Now } from '../clock.ts';
import { type Answer, Machine } from '../machine/machine.ts';
import type { Orders, Refusal } from '../machine/orders.ts';
import type { Neighbours, Place, Seat, Settle } from '../machine/seat.ts';
import type { Surroundings } from '../machine/states.ts';
import type { Need } from '../options.ts';
import { newToken } from '../record/tokens.ts';
import type { Entry, LockStore, Version } from '../store.ts';
import type { Alarmed, Alarms, Bucket } from './alarms.ts';
import type { Kept } from './gates.ts';

/** Whoever sent a request. */
export interface Asking {
  answered(answer: Answer): void;
  unanswered(error: Error): void;
}

/** What a gate needs to run the orders of its machine. */
export interface Runner extends Surroundings {
  readonly store: LockStore;
  /** Wakes whoever a call hangs on; keeps the process alive. */
  readonly waits: Alarms;
  /** Wakes the machines. */
  readonly beats: Alarms;
  /** One event after another. */
  act(event: (now: Now) => void): void;
  send(request: () => Promise<Answer>, asker: Asking): void;
  notice(resource: string, message: string): void;
  /** Nothing goes on there any more. */
  rested(gate: Kept): void;
  /** Whoever waits longest for it behind a lock that is held here, and waits there no longer. */
  spareFor(need: Need): Seat | undefined;
  /** Looks up where `gate` was, for one who will enter. */
  again(gate: Gate): Gate;
}

/** One resource's machine, and whatever runs its orders. The only one here who knows promises. */
export class Gate implements Orders, Neighbours, Place, Alarmed, Asking, Kept {
  /** What the shell knows it by. */
  readonly id: string;
  readonly resource: string;
  /** What it is one of several gates for. */
  readonly #shared: Need | undefined;
  readonly machine: Machine;
  expected = 0;
  isIdle = false;
  isKept = false;
  bucket: Bucket | undefined;
  previous: Alarmed | undefined;
  next: Alarmed | undefined;
  readonly #runner: Runner;
  readonly #key: string;
  #subscription: Disposable | undefined;
  #isWatched = false;
  #alarms: Alarms;

  constructor(runner: Runner, id: string, resource: string, key: string, shared: Need | undefined) {
    this.#runner = runner;
    this.id = id;
    this.resource = resource;
    this.#key = key;
    this.#shared = shared;
    this.#alarms = runner.beats;
    this.machine = new Machine(this, runner);
  }

  get refusal(): Refusal {
    return this.machine.refusal;
  }

  ask(seat: Seat): void {
    this.#runner.act((now) => {
      this.expected--;
      this.machine.ask(seat, now);
    });
  }

  giveUp(seat: Seat): void {
    this.#runner.act((now) => this.machine.giveUp(seat, now));
  }

  leave(seat: Seat, worked: boolean, settle: Settle): void {
    this.#runner.act((now) => this.machine.leave(seat, worked, now, settle));
  }

  extend(seat: Seat, ttlMs: number, settle: Settle): void {
    this.#runner.act((now) => this.machine.extend(seat, ttlMs, now, settle));
  }

  detach(seat: Seat, settle: (token: string | undefined | Error) => void): void {
    this.#runner.act((now) => this.machine.detach(seat, now, settle));
  }

  restore(token: string, seat: Seat): void {
    this.#runner.act((now) => {
      this.expected--;
      this.machine.restore(token, seat, now);
    });
  }

  again(): Gate {
    return this.#runner.again(this);
  }

  woke(): void {
    this.#runner.act((now) => this.machine.woke(now));
  }

  answered(answer: Answer): void {
    this.#runner.act((now) => this.machine.answered(answer, now));
  }

  unanswered(error: Error): void {
    this.#runner.act((now) => this.machine.unanswered(error, now));
  }

  read(): void {
    this.#runner.send(() => this.#runner.store.read(this.#key), this);
  }

  create(value: string, ttlMs: number): void {
    this.#runner.send(() => this.#runner.store.create(this.#key, value, ttlMs), this);
  }

  replace(value: string, version: Version, ttlMs: number): void {
    this.#runner.send(() => this.#runner.store.replace(this.#key, value, version, ttlMs), this);
  }

  remove(version: Version): void {
    this.#runner.send(() => this.#runner.store.remove(this.#key, version), this);
  }

  append(text: string, version: Version): void {
    this.#runner.send(() => this.#runner.store.append?.(this.#key, text, version) ?? Promise.resolve(undefined), this);
  }

  wakeAt(monoMs: number, now: Now, isAwaited = false): void {
    const { waits, beats } = this.#runner;
    const next = isAwaited ? waits : beats;
    if (next !== this.#alarms) this.#alarms.cancel(this);
    this.#alarms = next;
    next.at(this, monoMs, now.monoMs);
  }

  watch(isWanted: boolean): void {
    if (isWanted === this.#isWatched) return;
    // Also if it fails: a store that calls at once would be asked again by each look.
    this.#isWatched = isWanted;
    const before = this.#subscription;
    this.#subscription = undefined;
    try {
      before?.[Symbol.dispose]();
      if (isWanted) this.#subscription = this.#runner.store.subscribe?.(this.#key, (entry) => this.#changed(entry));
    } catch {
      // Who is not called looks; who is called in vain looks once more.
    }
  }

  rest(): void {
    this.#alarms.cancel(this);
    this.#runner.rested(this);
  }

  spare(): Seat | undefined {
    const spare = this.#shared && this.#runner.spareFor(this.#shared);
    if (spare !== undefined) spare.place = this;
    return spare;
  }

  notice(message: string): void {
    this.#runner.notice(this.resource, `the record of "${this.resource}" ${message}`);
  }

  newToken(): string {
    return newToken();
  }

  luck(): number {
    return Math.random();
  }

  #changed(entry: Entry | undefined): void {
    this.#runner.act((now) => this.machine.changed(entry, now));
  }
}
