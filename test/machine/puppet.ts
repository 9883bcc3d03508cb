/** One process's machine at one resource. Its orders are only noted: whoever plays decides what becomes of them, and when. */

import type { Now } from '../../src/lock/clock.ts';
import type { Mode } from '../../src/lock/holder.ts';
import { type Answer, Machine } from '../../src/lock/machine/machine.ts';
import type { Orders, Refusal } from '../../src/lock/machine/orders.ts';
import { type Neighbours, type Place, Seat, type Settle } from '../../src/lock/machine/seat.ts';
import type { ResolvedOptions } from '../../src/lock/options.ts';
import type { Version } from '../../src/lock/store.ts';
import { Register, type Request } from './register.ts';

/** The monotonic clock of all puppets shows this at the beginning, and the wall clock that: texts that hold them can be told apart. */
export const monoEpochMs = 9_000_000_000;
export const wallEpochMs = 1_790_000_000_000;

/** What puppets share. */
export class Stage {
  nowMs = 0;
  tokens = 0;
  readonly register: Register = new Register();
  /** What happens, in words, where somebody reads it. */
  readonly note: ((who: string, text: string) => void) | undefined;

  constructor(note?: (who: string, text: string) => void) {
    this.note = note;
  }

  get now(): Now {
    return { monoMs: monoEpochMs + this.nowMs, wallMs: wallEpochMs + this.nowMs };
  }
}

/** A request under way, and its answer once the store has done it. */
export interface UnderWay {
  readonly request: Request;
  done?: { readonly answer: Answer };
}

/** What came of a question, once it is known. */
export type Outcome = boolean | string | Error | undefined;

/** A lock that somebody asked for. */
export interface Held {
  readonly name: string;
  readonly seat: Seat;
  /** How often it was told what came of its asking: seated, refused or failed. */
  ends: number;
  /** What is still to be told. */
  open: number;
}

export class Puppet implements Orders, Neighbours, Place {
  readonly resource = 'events';
  readonly machine: Machine;
  underWay: UnderWay | undefined;
  /** When it wants to be woken. */
  dueMs: number = Number.POSITIVE_INFINITY;
  isWatching = false;
  isResting = true;
  readonly #stage: Stage;
  readonly #name: string;

  constructor(stage: Stage, name: string, host: string = name, canLine = true) {
    this.#stage = stage;
    this.#name = name;
    const around = { identity: { host, pid: 1 }, canLine, isCalled: false, maxWaiters: 10_000, isClosing: false };
    this.machine = new Machine(this, around);
  }

  get refusal(): Refusal {
    return this.machine.refusal;
  }

  /** Asks for a lock that will be called `name`. */
  want(name: string, mode: Mode, patient: boolean, options: ResolvedOptions, restored?: string): Held {
    const held = {
      name,
      ends: 0,
      open: 0,
      seat: new Seat(this, mode, options, undefined, patient, {
        seated: (seat) => {
          held.ends++;
          this.#note(`${name} is seated${seat.remainingMs(this.#stage.now) > 0 ? '' : ', and over'}`);
        },
        refused: (_, refusal) => {
          held.ends++;
          this.#note(`${name} is refused: ${inWords(refusal)}`);
        },
        waits: (_, refusal) => this.#note(`${name} waits: ${inWords(refusal)}`),
        failed: (_, error) => {
          held.ends++;
          this.#note(`${name} fails: ${error.name}`);
        },
      }),
    };
    held.seat.owner = { lost: (_, reason) => this.#note(`${name} is lost: ${reason}`) };
    if (restored === undefined) this.ask(held.seat);
    else this.restore(restored, held.seat);
    return held;
  }

  /** Takes the answer as it is told, once. */
  settle(held: Held, what: string, told?: (outcome: Outcome) => void): (outcome: Outcome) => void {
    held.open++;
    return (outcome) => {
      held.open--;
      this.#note(`${what} ${held.name}: ${outcome instanceof Error ? outcome.name : String(outcome)}`);
      told?.(outcome);
    };
  }

  ask(seat: Seat): void {
    this.isResting = false;
    this.machine.ask(seat, this.#stage.now);
  }

  giveUp(seat: Seat): void {
    this.machine.giveUp(seat, this.#stage.now);
  }

  leave(seat: Seat, worked: boolean, settle: Settle): void {
    this.machine.leave(seat, worked, this.#stage.now, settle);
  }

  extend(seat: Seat, ttlMs: number, settle: Settle): void {
    this.machine.extend(seat, ttlMs, this.#stage.now, settle);
  }

  detach(seat: Seat, settle: (token: string | undefined | Error) => void): void {
    this.machine.detach(seat, this.#stage.now, settle);
  }

  spare(): undefined {}

  again(): Place {
    return this;
  }

  restore(token: string, seat: Seat): void {
    this.isResting = false;
    this.machine.restore(token, seat, this.#stage.now);
  }

  wake(): void {
    this.dueMs = Number.POSITIVE_INFINITY;
    this.machine.woke(this.#stage.now);
  }

  /** The store does what was asked. */
  deliver(): void {
    const { underWay } = this;
    if (underWay !== undefined) underWay.done = { answer: this.#stage.register.do(underWay.request, this.#stage.nowMs) };
  }

  /** The answer comes. */
  hear(): void {
    if (this.underWay?.done === undefined) throw new Error(`${this.#name} has nothing to hear`);
    const { answer } = this.underWay.done;
    this.underWay = undefined;
    this.machine.answered(answer, this.#stage.now);
  }

  /** It is over, and no answer has come. */
  hearNothing(error: Error): void {
    this.underWay = undefined;
    this.machine.unanswered(error, this.#stage.now);
  }

  read(): void {
    this.#order({ what: 'read' });
  }

  create(value: string, ttlMs: number): void {
    this.#order({ what: 'create', value, ttlMs });
  }

  replace(value: string, version: Version, ttlMs: number): void {
    this.#order({ what: 'replace', value, version, ttlMs });
  }

  remove(version: Version): void {
    this.#order({ what: 'remove', version });
  }

  append(text: string, version: Version): void {
    this.#order({ what: 'append', text, version });
  }

  wakeAt(monoMs: number): void {
    this.dueMs = monoMs - monoEpochMs;
  }

  watch(isWanted: boolean): void {
    this.isWatching = isWanted;
  }

  rest(): void {
    this.dueMs = Number.POSITIVE_INFINITY;
    if (!this.isResting) this.#note('rests');
    this.isResting = true;
  }

  notice(message: string): void {
    this.#note(`notice: ${message}`);
  }

  newToken(): string {
    this.#stage.tokens++;
    return `T${this.#stage.tokens}`;
  }

  luck(): number {
    return 0.5;
  }

  #order(request: Request): void {
    if (this.underWay !== undefined)
      throw new Error(`${this.#name} orders ${request.what} while ${this.underWay.request.what} is under way`);
    this.underWay = { request };
  }

  #note(text: string): void {
    this.#stage.note?.(this.#name, text);
  }
}

function inWords({ blockers, ahead }: Refusal): string {
  const held = blockers.length === 0 ? 'nobody known holds it' : `${blockers.map(({ token }) => token).join(', ')} in the way`;
  return ahead.length === 0 ? held : `${held}, behind ${ahead.map(({ token }) => token).join(', ')}`;
}
