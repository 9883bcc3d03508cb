import { isTaken, type Place, type Taken, takeAll, tryTakeAll } from './acquire.ts';
import type { Clock } from './clock.ts';
import { GivewayError, LockLostError, ResourceBusyError, StoreUnavailableError } from './errors.ts';
import type { Events } from './events.ts';
import type { Gate } from './gate.ts';
import type { Gates } from './gates.ts';
import { HeldLock, type LockContext } from './held-lock.ts';
import type { SerializedLock } from './lock.ts';
import { nobody, type Surroundings } from './nesting.ts';
import type { ResolvedOptions } from './options.ts';
import type { Plan } from './plans.ts';
import type { Holder } from './record.ts';
import { type Need, needsOf } from './scope.ts';
import type { Settings } from './settings.ts';
import { newToken } from './token.ts';
import { aborted, holdersOf, type Wait } from './waiters.ts';

/** What a call asks for, and what is held around it. */
export interface Request extends Plan {
  readonly around: Surroundings;
  readonly startedMonoMs: number;
}

/** A scope that could not be taken now. */
export interface Refused {
  readonly resource: string;
  readonly holders: readonly Holder[];
}

/** The locks of a locker: how requests become locks, which are held, and how all of them end when the locker closes. */
export class HeldLocks {
  readonly #clock: Clock;
  readonly #events: Events;
  readonly #gates: Gates;
  readonly #context: LockContext;
  readonly #held = new Set<HeldLock>();
  /** Set before anybody is told, who might ask for a new lock at once. */
  #isClosed = false;

  constructor({ clock, namespace, environment }: Settings, events: Events, gates: Gates) {
    this.#clock = clock;
    this.#events = events;
    this.#gates = gates;
    this.#context = { clock, events, namespace, environment, ended: (lock) => this.#held.delete(lock) };
  }

  get size(): number {
    return this.#held.size;
  }

  all(): readonly HeldLock[] {
    return [...this.#held];
  }

  /** One attempt. Rejects with `StoreUnavailableError`, or as `#mustBeOpen` does. */
  async tryTake(request: Request): Promise<HeldLock | Refused> {
    this.#mustBeOpen(request);
    const { missing, outers } = request.around;
    const token = newToken();
    if (missing.length === 0 && outers.length > 0) return this.#hold(request, token, [], true);
    try {
      const outcome = await tryTakeAll(this.#places(missing, token, request.options));
      if (isTaken(outcome)) return this.#hold(request, token, outcome, true);
      return this.#refused(request, outcome.gate.resource, holdersOf(outcome.gate.resource, outcome.refusal));
    } catch (error) {
      return this.#unprotected(request, token, error);
    }
  }

  /** Waits. Rejects with `ResourceBusyError`, `StoreUnavailableError`, or when the wait is aborted. */
  async take(request: Request): Promise<HeldLock> {
    const { options, around, startedMonoMs } = request;
    if (around.outOfOrder || around.missing.length === 0) {
      const outcome = await this.tryTake(request);
      if (outcome instanceof HeldLock) return outcome;
      throw new ResourceBusyError(outcome.resource, outcome.holders, this.#clock.monotonicMs() - startedMonoMs);
    }
    this.#mustBeOpen(request);
    const token = newToken();
    const wait: Wait = { startedMonoMs, deadlineMonoMs: startedMonoMs + options.retry.maxWaitMs, signal: options.signal };
    try {
      const taken = await takeAll(this.#places(around.missing, token, options), wait, ({ resource }, refusal) => {
        // Asked before the locker was closed: whoever waits now is woken by nobody.
        if (this.#isClosed) throw closedError();
        const { holders } = this.#refused(request, resource, holdersOf(resource, refusal));
        this.#events.emit('waiting', () => ({ resource, job: options.job, holders }));
      });
      return this.#hold(request, token, taken, true);
    } catch (error) {
      return this.#unprotected(request, token, error);
    }
  }

  /** Carries on what another process handed over: all entries or none. Rejects with `LockLostError` when one is not there any more. */
  async takeOver(request: Request, { entries, since, maxHoldMs }: SerializedLock): Promise<HeldLock> {
    this.#mustBeOpen(request);
    const options = { ...request.options, maxHoldMs: maxHoldMs ?? Number.POSITIVE_INFINITY };
    if (this.#clock.wallMs() - since >= options.maxHoldMs) throw new LockLostError(entries[0]?.resource ?? '', 'max-hold');
    const token = newToken();
    const taken: Taken[] = [];
    try {
      for (const entry of entries) {
        const gate = this.#gates.get(entry.resource);
        const seat = await gate.restore(entry.token, { mode: entry.mode, token, options });
        if (seat === undefined) throw new LockLostError(entry.resource, 'vanished');
        taken.push({ gate, seat });
      }
    } catch (error) {
      await Promise.allSettled(taken.map(({ gate, seat }) => gate.leave(seat)));
      throw error;
    }
    return this.#hold({ ...request, options, around: { outers: nobody, missing: [], outOfOrder: false } }, token, taken, true);
  }

  /** Refuses new requests, ends the waits, aborts the signals of all locks. */
  close(): void {
    this.#isClosed = true;
    for (const gate of this.#gates.all()) gate.stopWaiting(closedError());
    for (const lock of this.all()) lock.lose('closed');
  }

  /** Lets go of all that is held, or still comes. Never rejects. */
  async releaseAll(): Promise<void> {
    await Promise.allSettled(this.all().map((lock) => lock.release()));
    await Promise.all(this.#gates.all().map(clear));
  }

  #refused({ options }: Request, resource: string, holders: readonly Holder[]): Refused {
    this.#events.emit('busy', () => ({ resource, job: options.job, holders }));
    return { resource, holders };
  }

  #hold(request: Request, token: string, taken: readonly Taken[], isProtected: boolean): HeldLock {
    const { scope, options, around, startedMonoMs } = request;
    const lock = new HeldLock(this.#context, scope, options, token, taken, isProtected, around.outers);
    this.#held.add(lock);
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

  /** A store that does not answer does not stop the work, if that is what the config says. */
  #unprotected(request: Request, token: string, error: unknown): HeldLock {
    const down = error instanceof StoreUnavailableError && error.code !== 'ERR_GIVEWAY_NO_CAS';
    if (down && request.options.onStoreDown === 'run') return this.#hold(request, token, [], false);
    throw error;
  }

  #mustBeOpen({ options, scope }: Request): void {
    if (this.#isClosed) throw closedError();
    if (options.signal?.aborted) throw aborted(needsOf(scope)[0]?.resource ?? '', options.signal);
  }

  #places(needs: readonly Need[], token: string, options: ResolvedOptions): readonly Place[] {
    return needs.map(({ resource, mode }) => ({ gate: this.#gates.get(resource), ask: { mode, token, options } }));
  }
}

/** Waits for what is under way at a gate, and gives back what it took: a request that was sent before the locker was closed. */
async function clear(gate: Gate): Promise<void> {
  await gate.settle();
  await Promise.allSettled(gate.seats().map((seat) => gate.leave(seat, false)));
  await gate.settle();
}

function closedError(): GivewayError {
  return new GivewayError('ERR_GIVEWAY_CLOSED', 'The locker is closed; no new locks are taken.');
}
