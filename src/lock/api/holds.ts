import type { Clock } from '../clock.ts';
import { GivewayError, LockLostError, ResourceBusyError, StoreUnavailableError } from '../errors.ts';
import type { Events } from '../events.ts';
import { List } from '../list.ts';
import { Seat, type SeatAsker } from '../machine/seat.ts';
import type { Plan } from '../plan/plans.ts';
import { needsOf } from '../plan/scope.ts';
import type { Settings } from '../plan/settings.ts';
import type { Shell } from '../shell/shell.ts';
import { aborted } from './aborts.ts';
import { Acquisition, type Asker, type Refused, toRefused } from './acquisition.ts';
import { HeldLock, type LockContext } from './held-lock.ts';
import type { SerializedLock } from './lock.ts';
import { type Enclosure, nobody } from './nesting.ts';

/** What a call asks for, and what is held around it. */
export interface Request extends Plan {
  readonly around: Enclosure;
  readonly startedMonoMs: number;
}

/** The locks of a locker: how requests become locks, which are held, and how all of them end when the locker closes. */
export class Holds {
  readonly #clock: Clock;
  readonly #events: Events;
  readonly #shell: Shell;
  readonly #context: LockContext;
  readonly #held = new List<HeldLock>();
  readonly #waiting = new Set<Acquisition>();
  /** Set before anybody is told, who might ask for a new lock at once. */
  #isClosed = false;

  constructor({ clock, namespace, environment }: Settings, events: Events, shell: Shell) {
    this.#clock = clock;
    this.#events = events;
    this.#shell = shell;
    this.#context = { clock, events, namespace, environment, ended: (lock) => this.#held.remove(lock) };
  }

  get size(): number {
    return this.#held.size;
  }

  all(): readonly HeldLock[] {
    return this.#held.all();
  }

  /** One attempt, or one that waits. Rejects with `StoreUnavailableError`, and a wait with `ResourceBusyError`, or when it is aborted. */
  take(request: Request, waits: boolean): Promise<HeldLock | Refused> {
    const { around, options, startedMonoMs } = request;
    if (this.#isClosed) return Promise.reject(closedError());
    if (options.signal?.aborted) return Promise.reject(aborted(needsOf(request.scope)[0]?.resource ?? '', options.signal));
    if (around.missing.length === 0 && around.outers.length > 0) return Promise.resolve(this.#hold(request, nobodySits, true));
    const patient = waits && !around.outOfOrder;
    return new Promise((resolve, reject) => {
      const asker: Asker = {
        needs: around.missing,
        options,
        startedMonoMs,
        taken: (seats) => {
          this.#waiting.delete(acquisition);
          resolve(this.#hold(request, seats, true));
        },
        ended: (reason, inTheWay) => {
          this.#waiting.delete(acquisition);
          if (!(reason instanceof Error)) return resolve(this.#refused(request, reason));
          this.#instead(request, reason, patient, inTheWay).then(resolve, reject);
        },
        waits: (refused) => {
          // Asked before the locker was closed: whoever waits now is woken by nobody.
          if (this.#isClosed) return acquisition.end(closedError());
          this.#waiting.add(acquisition);
          this.#refused(request, refused);
          this.#events.emit('waiting', () => ({ resource: refused.resource, job: options.job, holders: refused.holders }));
        },
      };
      const acquisition = new Acquisition(this.#shell, asker, patient);
      acquisition.start();
    });
  }

  /** Waits. Rejects with `ResourceBusyError`, `StoreUnavailableError`, or when the wait is aborted. */
  wait(request: Request): Promise<HeldLock> {
    return this.take(request, true).then((outcome) => {
      if (outcome instanceof HeldLock) return outcome;
      throw new ResourceBusyError(outcome.resource, outcome.holders, this.#clock.monotonicMs() - request.startedMonoMs);
    });
  }

  /** Carries on what another process handed over: all entries or none. Rejects with `LockLostError` when one is not there any more. */
  async takeOver(request: Request, { entries, since, maxHoldMs }: SerializedLock): Promise<HeldLock> {
    if (this.#isClosed) throw closedError();
    const options = { ...request.options, maxHoldMs: maxHoldMs ?? Number.POSITIVE_INFINITY };
    if (this.#clock.wallMs() - since >= options.maxHoldMs) throw new LockLostError(entries[0]?.resource ?? '', 'max-hold');
    const outcomes = await Promise.allSettled(
      request.needs.map(({ resource, mode, limit }) => {
        const entry = entries.find((each) => each.resource === resource);
        return this.#restore({ resource, mode, limit }, entry?.token ?? '', options);
      }),
    );
    const seats = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure === undefined)
      return this.#hold({ ...request, options, around: { outers: nobody, missing: [], outOfOrder: false } }, seats, true);
    await Promise.all(seats.map((seat) => new Promise<void>((resolve) => seat.place.leave(seat, false, () => resolve()))));
    throw failure.reason;
  }

  /** Refuses new requests, ends the waits, aborts the signals of all locks. */
  close(): void {
    this.#isClosed = true;
    for (const acquisition of [...this.#waiting]) acquisition.end(closedError());
    for (const lock of this.all()) lock.lose('closed');
  }

  /** Lets go of all that is held, or still comes, and waits for every request under way. Never rejects. */
  async releaseAll(): Promise<void> {
    await Promise.allSettled(this.all().map((lock) => lock.release()));
    await this.#shell.settle();
  }

  #refused({ options }: Request, refused: Refused): Refused {
    this.#events.emit('busy', () => ({ ...refused, job: options.job }));
    return refused;
  }

  #hold(request: Request, seats: readonly Seat[], isProtected: boolean): HeldLock {
    const { scope, options, around, startedMonoMs } = request;
    const lock = new HeldLock(this.#context, scope, options, seats, isProtected, around.outers);
    this.#held.push(lock);
    this.#events.emit('acquired', () => ({
      id: lock.id,
      scope,
      job: options.job,
      waitedMs: this.#clock.monotonicMs() - startedMonoMs,
      maxHoldMs: options.maxHoldMs,
      isProtected: lock.isProtected,
    }));
    if (this.#isClosed) {
      lock.lose('closed');
      lock.release().catch(() => {});
    }
    return lock;
  }

  /** A store that does not answer does not stop the work, if that is what the config says, and nobody was just seen at it. */
  async #instead(request: Request, error: Error, patient: boolean, inTheWay: Refused | undefined): Promise<HeldLock | Refused> {
    const { options } = request;
    const isDown = error instanceof StoreUnavailableError && error.code !== 'ERR_GIVEWAY_NO_CAS';
    if (!isDown || options.onStoreDown !== 'run') throw error;
    const seen = inTheWay ?? this.#lastSeen(request);
    if (seen === undefined) return this.#hold(request, nobodySits, false);
    const refused = this.#refused(request, seen);
    if (!patient) return refused;
    throw new ResourceBusyError(refused.resource, refused.holders, this.#clock.monotonicMs() - request.startedMonoMs);
  }

  #lastSeen({ around }: Request): Refused | undefined {
    const seen = this.#shell.lastSeen(around.missing);
    return seen === undefined ? undefined : toRefused(seen.resource, seen.refusal);
  }

  #restore(need: Request['needs'][number], token: string, options: Request['options']): Promise<Seat> {
    return new Promise((resolve, reject) => {
      const { resource } = need;
      const asker: SeatAsker = {
        seated: resolve,
        refused: () => reject(new LockLostError(resource, 'vanished')),
        failed: (_, error) => reject(error),
        waits: () => {},
      };
      const gate = this.#shell.gateFor(need);
      gate.restore(token, new Seat(gate, need.mode, options, need.limit, false, asker));
    });
  }
}

const nobodySits: readonly Seat[] = [];

function closedError(): GivewayError {
  return new GivewayError('ERR_GIVEWAY_CLOSED', 'The locker is closed; no new locks are taken.');
}
