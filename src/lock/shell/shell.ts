import { type Clock, type Now, nowOf } from '../clock.ts';
import { StoreUnavailableError } from '../errors.ts';
import type { Events } from '../events.ts';
import type { Answer } from '../machine/machine.ts';
import type { Refusal } from '../machine/orders.ts';
import type { Seat } from '../machine/seat.ts';
import type { Need } from '../options.ts';
import { maxEntries } from '../record/decide.ts';
import type { Identity } from '../record/record.ts';
import type { Entry, LockStore } from '../store.ts';
import { Alarms } from './alarms.ts';
import { type Asking, Gate, type Runner } from './gate.ts';
import { Gates } from './gates.ts';

/** What a shell needs to know of its locker's settings. */
export interface ShellSettings {
  readonly store: LockStore;
  readonly clock: Clock;
  readonly host: string;
  readonly maxWaiters: number;
}

/** What surrounds the machines of one locker: store, clock and timers. Events reach them one after another, never one inside another. */
export class Shell implements Runner {
  readonly store: LockStore;
  readonly clock: Clock;
  readonly identity: Identity;
  readonly maxWaiters: number;
  readonly canLine: boolean;
  readonly waits: Alarms;
  readonly beats: Alarms;
  readonly #events: Pick<Events, 'emit'>;
  readonly #keyOf: (resource: string) => string;
  readonly #gates = new Gates<Gate>();
  readonly #later: ((now: Now) => void)[] = [];
  #isActing = false;
  #underWay = 0;
  /** When the first call was not answered, since the store was last known to be up. */
  #downSinceMonoMs: number | undefined;
  #settled: (() => void) | undefined;

  constructor({ store, clock, host, maxWaiters }: ShellSettings, events: Pick<Events, 'emit'>, keyOf: (resource: string) => string) {
    this.store = store;
    this.clock = clock;
    this.identity = { host, pid: process.pid };
    this.maxWaiters = maxWaiters;
    this.#events = events;
    this.#keyOf = keyOf;
    this.canLine = store.append !== undefined && store.traits.appends === true;
    this.waits = new Alarms(clock, true);
    this.beats = new Alarms(clock, false);
  }

  get isCalled(): boolean {
    return this.store.subscribe !== undefined && this.store.traits.pushes;
  }

  /** Nothing new is to be remembered. */
  get isClosing(): boolean {
    return this.#settled !== undefined;
  }

  now(): Now {
    return nowOf(this.clock);
  }

  /**
   * Where to ask for it; whoever looks it up must enter it. In a mode with a limit each lock counts in the record, so each has a gate of its own, as if it were another process; no more than may be in.
   * `handed`: the token of an entry that is to be carried on, which is in already.
   */
  gateFor(need: Need, handed?: string): Gate {
    const { resource, mode, limit } = need;
    if (limit === undefined) return this.#gates.expect(this.#gate(resource, resource));
    if (handed !== undefined) return this.#gates.expect(this.#gate(`${resource}\n${mode} ${handed}`, resource));
    const loadOf = ({ machine, expected }: Gate): number => machine.load + expected;
    let quietest: Gate | undefined;
    for (const id of idsOf(need)) {
      const gate = this.#gate(id, resource, need);
      if (quietest === undefined || loadOf(gate) < loadOf(quietest)) quietest = gate;
      if (loadOf(quietest) === 0) break;
    }
    return this.#gates.expect(quietest as Gate);
  }

  spareFor(need: Need): Seat | undefined {
    let from: Gate | undefined;
    let longest: Seat | undefined;
    for (const id of idsOf(need)) {
      const gate = this.#gates.find(id);
      const stuck = gate?.machine.stuck;
      if (stuck === undefined || (longest !== undefined && stuck.fresh.monoMs >= longest.fresh.monoMs)) continue;
      from = gate;
      longest = stuck;
    }
    if (longest !== undefined) from?.machine.yield(longest);
    return longest;
  }

  /** Somebody who holds one of `needs` here, or was seen to elsewhere, and may still be working. */
  lastSeen(needs: readonly Need[]): { readonly resource: string; readonly refusal: Refusal } | undefined {
    const wallMs = this.clock.wallMs();
    for (const need of needs) {
      for (const gate of this.#gates.all()) {
        const refusal = gate.resource === need.resource ? gate.machine.heldAgainst(need, wallMs) : undefined;
        if (refusal !== undefined) return { resource: need.resource, refusal };
      }
    }
    return undefined;
  }

  #gate(id: string, resource: string, shared?: Need): Gate {
    return this.#gates.get(id, () => new Gate(this, id, resource, this.#keyOf(resource), shared));
  }

  again(gate: Gate): Gate {
    return this.#gates.expect(this.#gates.get(gate.id, () => gate));
  }

  rested(gate: Gate): void {
    if (this.isClosing) this.#gates.forget(gate);
    else this.#gates.rest(gate);
  }

  /** One event. What comes meanwhile, from a listener say, follows when it is done. */
  act(event: (now: Now) => void): void {
    if (this.#isActing) {
      this.#later.push(event);
      return;
    }
    this.#isActing = true;
    try {
      event(this.now());
      for (let next = this.#later.shift(); next !== undefined; next = this.#later.shift()) next(this.now());
    } finally {
      this.#isActing = false;
    }
    // Not before all that it set off has been ordered.
    this.#judgeSettled();
  }

  /** Sends a request; its outcome is also what the store's health is judged by. */
  send(request: () => Promise<Answer>, asker: Asking): void {
    this.#underWay++;
    let answer: Promise<Answer>;
    try {
      answer = Promise.resolve(request());
    } catch (error) {
      answer = Promise.reject(error);
    }
    answer.then(
      (value) => {
        this.#came();
        // What many clients say for nothing.
        asker.answered(value ?? undefined);
        this.#judgeSettled();
      },
      (reason: unknown) => {
        // Whoever asked tells a failure from an answer by its class.
        const error = reason instanceof Error ? reason : new StoreUnavailableError('The store failed', { cause: reason });
        this.#failedToCome(error);
        asker.unanswered(error);
        this.#judgeSettled();
      },
    );
  }

  /** One read, for people. Rejects with `StoreUnavailableError`. */
  ask(key: string): Promise<Entry | undefined> {
    return new Promise((resolve, reject) =>
      this.send(() => this.store.read(key), { answered: (entry) => resolve(entry as Entry | undefined), unanswered: reject }),
    );
  }

  notice(resource: string, message: string): void {
    this.#events.emit('notice', () => ({ code: 'ERR_GIVEWAY_RECORD', message, resource }));
  }

  /** Lets everything come to its end; settles when nothing is held, wanted or under way any more. */
  settle(): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#settled = resolve;
      for (const gate of [...this.#gates.all()]) gate.woke();
      this.#judgeSettled();
    }).then(() => {
      this.waits.stop();
      this.beats.stop();
    });
  }

  #judgeSettled(): void {
    if (this.#settled !== undefined && this.#gates.size === 0 && this.#underWay === 0) this.#settled();
  }

  #came(): void {
    this.#underWay--;
    if (this.#downSinceMonoMs === undefined) return;
    const downMs = this.clock.monotonicMs() - this.#downSinceMonoMs;
    this.#downSinceMonoMs = undefined;
    this.#events.emit('store-up', () => ({ downMs }));
  }

  #failedToCome(error: Error): void {
    this.#underWay--;
    if (this.#downSinceMonoMs !== undefined || !(error instanceof StoreUnavailableError) || error.concerns !== 'server') return;
    this.#downSinceMonoMs = this.clock.monotonicMs();
    this.#events.emit('store-down', () => ({ error }));
  }
}

/** The gates for a mode with a limit. No name has a line end. */
function* idsOf({ resource, mode, limit }: Need): Iterable<string> {
  for (let place = 1; place <= Math.min(limit ?? 0, maxEntries); place++) yield `${resource}\n${mode} ${place}`;
}
