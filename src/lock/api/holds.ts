import { isOutage, LockLostError, ResourceBusyError } from '../errors.ts';
import type { Events } from '../events.ts';
import { List } from '../list.ts';
import { Seat, type SeatAsker } from '../machine/seat.ts';
import type { Need, ResolvedOptions } from '../options.ts';
import { firstOf } from '../plan/scope.ts';
import type { Settings } from '../plan/settings.ts';
import type { Shell } from '../shell/shell.ts';
import { aborted, closedError } from './aborts.ts';
import { Acquisition, type Asker } from './acquisition.ts';
import { HeldLock, type LockContext } from './held-lock.ts';
import type { SerializedLock } from './lock.ts';
import { type Enclosure, nothingHeld } from './nesting.ts';
import { type Done, type Outcome, type Refused, type Request, runsUnprotected, toRefused, waitedMs } from './request.ts';

/** The locks of a locker: how requests become locks, which are held, and how all of them end when the locker closes. */
export class Holds implements Asker {
  readonly #shell: Shell;
  readonly #context: LockContext;
  readonly #held = new List<HeldLock>();
  readonly #waiting = new Set<Acquisition>();
  /** Set before anybody is told, who might ask for a new lock at once. */
  #isClosed = false;

  constructor({ clock, namespace, environment }: Settings, events: Events, shell: Shell) {
    this.#shell = shell;
    this.#context = { clock, events, namespace, environment, ended: (lock) => this.#held.remove(lock) };
  }

  /** Judges their deadlines now. */
  live(): readonly HeldLock[] {
    return this.#held.all().filter((lock) => lock.isLive());
  }

  /**
   * One attempt, or one that waits. `done` is called once: with the lock, with who is in the way, or with an error, perhaps beside
   * who is in the way; for a wait that has run out it is a `ResourceBusyError`.
   */
  take(request: Request, waits: boolean, done: Done): void {
    this.#take(request, waits, (taken) => orOver(taken, request, done));
  }

  #take(request: Request, waits: boolean, done: Done): void {
    const { around, options, scope } = request;
    if (this.#isClosed) return done(closedError());
    if (options.signal?.aborted) return done(aborted(firstOf(scope), options.signal));
    if (around.missing.length === 0 && around.outers.length > 0) return done(this.#hold(request, nobodySits, true));
    new Acquisition(this.#shell, this, request, waits, done).start();
  }

  taken(acquisition: Acquisition, seats: readonly Seat[]): void {
    this.#waiting.delete(acquisition);
    const { request, done } = acquisition;
    if (isAroundLive(request.around)) return done(this.#hold(request, seats, true));
    // The outer run ended during the wait: what it gave must be taken as well.
    let open = seats.length;
    const gaveBack = (): void => {
      if (--open === 0) this.#takeAgain(acquisition);
    };
    for (const seat of seats) seat.place.leave(seat, false, gaveBack);
  }

  ended(acquisition: Acquisition, reason: Refused | Error, inTheWay: Refused | undefined): void {
    this.#waiting.delete(acquisition);
    const { request, wantsToWait, done } = acquisition;
    const isUnprotected = runsUnprotected(reason, request);
    // So must it where the store is down: what runs unprotected would begin within a lock that is over.
    if (isUnprotected && !isAroundLive(request.around)) return this.#takeAgain(acquisition);
    const outcome = isUnprotected ? this.#unprotected(request, inTheWay) : reason;
    if (outcome instanceof HeldLock) return done(outcome);
    if (outcome instanceof Error) {
      const seen = inTheWay ?? (isOutage(outcome) ? this.#lastSeen(request) : undefined);
      return done(seen === undefined ? outcome : { ...seen, why: outcome });
    }
    if (outcome.why !== undefined) return done(outcome);
    this.#tellBusy(request, outcome);
    const { resource, holders } = outcome;
    done(wantsToWait ? new ResourceBusyError(resource, holders, waitedMs(request, this.#shell.clock.monotonicMs())) : outcome);
  }

  closed(): Error | undefined {
    return this.#isClosed ? closedError() : undefined;
  }

  waits(acquisition: Acquisition, refused: Refused): void {
    this.#waiting.add(acquisition);
    const { request } = acquisition;
    this.#tellBusy(request, refused);
    this.#context.events.emit('waiting', () => ({ resource: refused.resource, job: request.options.job, holders: refused.holders }));
  }

  /** Carries on what another process handed over: all entries or none. Rejects with `LockLostError` when one is not there any more. */
  async takeOver(request: Request, { entries, since, maxHoldMs }: SerializedLock): Promise<HeldLock> {
    if (this.#isClosed) throw closedError();
    const options = { ...request.options, maxHoldMs: maxHoldMs ?? Number.POSITIVE_INFINITY };
    if (this.#shell.clock.wallMs() - since >= options.maxHoldMs) throw new LockLostError(entries[0]?.resource ?? '', 'max-hold');
    const outcomes = await Promise.all(
      request.needs.map((need) => {
        const entry = entries.find(({ resource }) => resource === need.resource);
        return this.#restore(need, entry?.token ?? '', options);
      }),
    );
    const seats = outcomes.filter((outcome) => outcome instanceof Seat);
    const over = seats.find((seat) => !seat.isLive(this.#shell.now()));
    const failure =
      outcomes.find((outcome) => outcome instanceof Error) ?? (over && new LockLostError(over.place.resource, over.lost ?? 'expired'));
    if (failure === undefined) {
      const lock = this.#hold({ ...request, options, around: nothingHeld([]) }, seats, true);
      if (lock.loss?.reason === 'closed') throw closedError();
      return lock;
    }
    await Promise.all(seats.map((seat) => new Promise<void>((resolve) => seat.place.leave(seat, false, () => resolve()))));
    throw failure;
  }

  /** Refuses new requests, ends the waits, aborts the signals of all locks. */
  close(): void {
    this.#isClosed = true;
    for (const acquisition of [...this.#waiting]) acquisition.end(closedError());
    for (const lock of this.#held.all()) lock.lose('closed');
  }

  /** Lets go of all that is held, or still comes, and waits for every request under way. Never rejects. */
  async releaseAll(): Promise<void> {
    await Promise.all(this.#held.all().map((lock) => new Promise((resolve) => lock.letGo(resolve))));
    await this.#shell.settle();
  }

  #takeAgain({ request, wantsToWait, done }: Acquisition): void {
    this.#take({ ...request, around: request.around.again() }, wantsToWait, done);
  }

  #tellBusy({ options }: Request, refused: Refused): void {
    this.#context.events.emit('busy', () => ({ ...refused, job: options.job }));
  }

  #hold(request: Request, seats: readonly Seat[], isProtected: boolean): HeldLock {
    const { scope, options, around, startedMonoMs } = request;
    const lock = new HeldLock(this.#context, request, around.outers, seats, isProtected);
    this.#held.push(lock);
    if (!lock.isJoined)
      this.#context.events.emit('acquired', () => ({
        id: lock.id,
        scope,
        job: options.job,
        waitedMs: this.#shell.clock.monotonicMs() - startedMonoMs,
        maxHoldMs: options.maxHoldMs,
        isProtected: lock.isProtected,
      }));
    if (this.#isClosed) {
      lock.lose('closed');
      lock.letGo(() => {});
    }
    return lock;
  }

  /** A store that does not answer does not stop the work, unless somebody was just seen at it. */
  #unprotected(request: Request, inTheWay: Refused | undefined): Outcome {
    if (this.#isClosed) return closedError();
    return inTheWay ?? this.#lastSeen(request) ?? this.#hold(request, nobodySits, false);
  }

  #lastSeen({ around }: Request): Refused | undefined {
    const last = this.#shell.lastSeen(around.missing);
    return last && toRefused(last.resource, last.refusal);
  }

  #restore(need: Need, token: string, options: ResolvedOptions): Promise<Seat | Error> {
    return new Promise((resolve) => {
      const asker: SeatAsker = {
        seated: resolve,
        refused: () => resolve(new LockLostError(need.resource, 'vanished')),
        failed: (_, error) => resolve(error),
        waits: () => {},
      };
      const gate = this.#shell.gateFor(need, token);
      gate.restore(token, new Seat(gate, need.mode, options, need.limit, false, asker));
    });
  }
}

/** The locker was closed, or whoever asked gave up, while the store was asked: such a lock starts no work, and is let go. */
export function orOver(outcome: Outcome, { scope, options }: Pick<Request, 'scope' | 'options'>, done: Done): void {
  if (!(outcome instanceof HeldLock)) return done(outcome);
  const isClosed = outcome.loss?.reason === 'closed';
  if (!isClosed && options.signal?.aborted !== true) return done(outcome);
  outcome.letGo(() => done(isClosed ? closedError() : aborted(firstOf(scope), options.signal)));
}

const nobodySits: readonly Seat[] = [];

function isAroundLive({ outers }: Enclosure): boolean {
  return outers.every((outer) => outer.isLive());
}
