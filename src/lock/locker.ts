import { hostname } from 'node:os';
import { isTaken, type Place, type Taken, takeAll, tryTakeAll } from './acquire.ts';
import { GivewayError, InvalidOptionError, LockLostError, ResourceBusyError, StoreUnavailableError } from './errors.ts';
import { createEvents, type EventName, type Events, type Listener, type LockerEvents } from './events.ts';
import type { Gate, GateContext } from './gate.ts';
import { Gates } from './gates.ts';
import { checkHanded } from './handed.ts';
import { Heartbeat } from './heartbeat.ts';
import { HeldLock, type LockContext } from './held-lock.ts';
import { keyPrefix, recordKey, wishKey } from './keys.ts';
import type { Lock, SerializedLock } from './lock.ts';
import { Nesting, nobody, type Surroundings } from './nesting.ts';
import { checkOptions, type LockOptions, lockOptionNames, type ResolvedOptions, type RunOptions, runOptionNames } from './options.ts';
import { type Plan, Plans } from './plans.ts';
import { decodeRecord, type Holder, toHolder } from './record.ts';
import { gaveUp, type RunOutcome, runWith } from './run.ts';
import { type LockScope, type Need, needsOf } from './scope.ts';
import { type LockerOptions, resolveSettings, type Settings } from './settings.ts';
import { Starvation } from './starvation.ts';
import type { StoreTraits } from './store.ts';
import { newToken } from './token.ts';
import { aborted, holdersOf, type Wait } from './waiters.ts';
import { watchedStore } from './watched-store.ts';

/** What `health()` answers, for readiness probes. */
export interface StoreHealth {
  readonly ok: boolean;
  readonly store: StoreTraits['name'];
  /** Of one read, in milliseconds. */
  readonly latencyMs: number;
  readonly heldLocks: number;
  readonly error?: StoreUnavailableError;
}

/** A scope that could not be taken now. */
export interface Refused {
  readonly resource: string;
  readonly holders: readonly Holder[];
}

/** How `close()` ends running work. */
export interface CloseOptions {
  /** How long work inside `run` may take to end after its signal aborted, in milliseconds. Default 5 000. */
  readonly timeoutMs?: number;
}

interface Request extends Plan {
  readonly around: Surroundings;
  readonly startedMonoMs: number;
}

/** Makes a locker over a store. Throws `InvalidOptionError`. */
export function createLocker(options: LockerOptions): ResourceLocker {
  return new ResourceLocker(options);
}

/** All lock logic over one store: who may hold what, who waits, what is kept alive. */
export class ResourceLocker {
  readonly #settings: Settings;
  readonly #events: Events = createEvents();
  readonly #heartbeat: Heartbeat;
  readonly #nesting: Nesting;
  readonly #starvation: Starvation;
  readonly #gates: Gates;
  readonly #plans: Plans;
  readonly #held = new Set<HeldLock>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #gateContext: GateContext;
  readonly #lockContext: LockContext;
  readonly #notices: Disposable | undefined;
  #closing: Promise<void> | undefined;
  /** Set before anybody is told, who might ask for a new lock at once. */
  #isClosed = false;
  #downSinceMonoMs = 0;

  constructor(options: LockerOptions) {
    const settings = resolveSettings(options);
    this.#settings = settings;
    const { clock, namespace, environment } = settings;
    const events = this.#events;
    this.#heartbeat = new Heartbeat(clock);
    this.#starvation = new Starvation(clock);
    const store = watchedStore(settings.store, {
      down: (error) => {
        this.#downSinceMonoMs = clock.monotonicMs();
        events.emit('store-down', () => ({ error }));
      },
      up: () => events.emit('store-up', () => ({ downMs: clock.monotonicMs() - this.#downSinceMonoMs })),
    });
    this.#gateContext = {
      store,
      clock,
      host: hostname(),
      pid: process.pid,
      heartbeat: this.#heartbeat,
      notice: (resource, message) => events.emit('notice', () => ({ code: 'ERR_GIVEWAY_RECORD', message, resource })),
    };
    this.#gates = new Gates(this.#gateContext, (resource) => this.#key(resource));
    this.#plans = new Plans(settings);
    this.#nesting = new Nesting(this.#plans.listedSchemaOf);
    this.#lockContext = { clock, events, namespace, environment, ended: (lock) => this.#held.delete(lock) };
    this.#notices = settings.store.onNotice?.((notice) => events.emit('notice', () => notice));
  }

  /** The schema that may be left out of a name. */
  get defaultSchema(): string {
    return this.#settings.defaultSchema;
  }

  /** Waits for the scope. Rejects with `ResourceBusyError` after `retry.maxWaitMs`, `StoreUnavailableError`, or AbortError. */
  async lock(scope: LockScope, options?: LockOptions): Promise<Lock> {
    checkOptions(options, '', lockOptionNames);
    const request = this.#request(scope, options);
    return this.#wait(request).catch((error: unknown) => gaveUp({ clock: this.#settings.clock, events: this.#events, request }, error));
  }

  /** One attempt, never waits. `undefined` means busy, and only that. Rejects with `StoreUnavailableError`. */
  async tryLock(scope: LockScope, options?: LockOptions): Promise<Lock | undefined> {
    checkOptions(options, '', lockOptionNames);
    const outcome = await this.#try(this.#request(scope, options));
    return outcome instanceof HeldLock ? outcome : undefined;
  }

  /** `false`: it was no longer ours. Rejects with `StoreUnavailableError`. */
  async unlock(lock: Lock): Promise<boolean> {
    return lock.unlock();
  }

  /**
   * Runs `work` under the scope, and lets go whatever happens. Never rejects for busy: the outcome says who holds it.
   * Rejects with the work's own error, with `StoreUnavailableError` if `onStoreDown` is `'throw'`, or for wrong usage.
   * `weak` is for integrations: settings that count where call, table and locker say nothing.
   */
  async run<T>(scope: LockScope, work: (lock: Lock) => T | Promise<T>, options?: RunOptions, weak?: RunOptions): Promise<RunOutcome<T>> {
    checkOptions(options, '', runOptionNames);
    const request = this.#request(scope, options, weak);
    const { onBusy, onStarving, starveAfter } = request.options;
    const job = jobOf(request);
    const waits = onBusy === 'retry' || (onStarving === 'wait' && this.#starvation.of(job, starveAfter).starving);
    const running = runWith<T>({
      clock: this.#settings.clock,
      events: this.#events,
      request,
      acquire: async () => (waits ? this.#wait(request) : this.#try(request)),
      within: (lock) => this.#nesting.within(lock, request.needs, () => work(lock)),
      began: () => this.#starvation.ran(job),
      skipped: (resource, holders) => {
        const hunger = this.#starvation.skipped(job, starveAfter);
        if (hunger.starving)
          this.#events.emit('starving', () => ({ job, resource, skips: hunger.skips, sinceMs: hunger.sinceMs, holders }));
      },
    });
    this.#running.add(running);
    return running.finally(() => this.#running.delete(running));
  }

  /** A function that runs `work` under the scope, or under the scope that `scope` makes of its arguments. */
  wrap<A extends unknown[], T>(
    scope: LockScope | ((...args: A) => LockScope),
    work: (lock: Lock, ...args: A) => T | Promise<T>,
    options?: RunOptions,
  ): (...args: A) => Promise<RunOutcome<T>> {
    checkOptions(options, '', runOptionNames);
    if (typeof scope !== 'function') this.#plans.scope(scope);
    return async (...args) => this.run(typeof scope === 'function' ? scope(...args) : scope, (lock) => work(lock, ...args), options);
  }

  /** Who holds `resource` and who is next in line: a read, never an acquire. Rejects with `StoreUnavailableError`. */
  async inspect(resource: string): Promise<readonly Holder[]> {
    const name = this.#plans.name(resource);
    const key = this.#key(name);
    const { store } = this.#gateContext;
    const [entry, wish] = await Promise.all([store.read(key), store.read(wishKey(key))]);
    const holders = entry === undefined ? [] : (decodeRecord(entry.value)?.holders ?? []);
    const waiting = wish === undefined ? [] : (decodeRecord(wish.value)?.holders ?? []);
    return [...holders.map((holder) => toHolder(name, holder)), ...waiting.map((holder) => toHolder(name, holder, true))];
  }

  /** The locks this locker holds now. */
  held(): readonly Lock[] {
    return [...this.#held];
  }

  /** The lock of the run we are inside, or of the innermost run that covers `resource`. */
  current(resource?: string): Lock | undefined {
    return this.#nesting.current(resource === undefined ? undefined : this.#plans.name(resource));
  }

  /** One read of the store. Never rejects. */
  async health(): Promise<StoreHealth> {
    const { clock, store } = this.#gateContext;
    const startMs = clock.monotonicMs();
    const answer = await store.read(`${keyPrefix(this.#settings.namespace, this.#settings.environment)}:health`).then(
      () => undefined,
      (error: unknown) => error,
    );
    const health = { store: store.traits.name, latencyMs: clock.monotonicMs() - startMs, heldLocks: this.#held.size };
    if (answer === undefined) return { ok: true, ...health };
    return {
      ok: false,
      ...health,
      error: answer instanceof StoreUnavailableError ? answer : new StoreUnavailableError('The store failed', { cause: answer }),
    };
  }

  /** Takes over a lock from `lock.handOver()`, under a new token. Rejects with `LockLostError` when it is not there any more. */
  async restore(handed: SerializedLock): Promise<Lock> {
    const { namespace, environment, clock } = this.#settings;
    checkHanded(handed);
    if (handed.namespace !== namespace || handed.environment !== environment) {
      throw new InvalidOptionError(
        'handed.namespace',
        [handed.namespace, handed.environment].join(':'),
        `this locker is of "${[namespace, environment].join(':')}"`,
      );
    }
    const whole = this.#request(handed.scope, {
      ttlMs: handed.ttlMs,
      minHoldMs: handed.minHoldMs,
      ...(handed.job === undefined ? {} : { job: handed.job }),
    });
    const unentered = needsOf(whole.scope).find(({ resource }) => !handed.entries.some((entry) => entry.resource === resource));
    if (unentered !== undefined)
      throw new InvalidOptionError('handed.entries', handed.entries, `"${unentered.resource}" is not among them`);
    this.#mustBeOpen(whole);
    const options = { ...whole.options, maxHoldMs: handed.maxHoldMs ?? Number.POSITIVE_INFINITY };
    if (clock.wallMs() - handed.since >= options.maxHoldMs) throw new LockLostError(handed.entries[0]?.resource ?? '', 'max-hold');
    const token = newToken();
    const taken: Taken[] = [];
    try {
      for (const entry of handed.entries) {
        const gate = this.#gates.get(entry.resource);
        const seat = await gate.restore(entry.token, { mode: entry.mode, token, options });
        if (seat === undefined) throw new LockLostError(entry.resource, 'vanished');
        taken.push({ gate, seat });
      }
    } catch (error) {
      await Promise.allSettled(taken.map(({ gate, seat }) => gate.leave(seat)));
      throw error;
    }
    return this.#hold({ ...whole, options, around: { outers: nobody, missing: [], outOfOrder: false } }, token, taken, true);
  }

  on<E extends EventName>(event: E, listener: Listener<E>): this {
    this.#events.on(event, listener);
    return this;
  }

  off<E extends EventName>(event: E, listener: Listener<E>): this {
    this.#events.off(event, listener);
    return this;
  }

  /** For integrations that stand on a locker: tells its listeners. `describe` is called only if somebody listens. */
  announce<E extends EventName>(event: E, describe: () => LockerEvents[E]): void {
    this.#events.emit(event, describe);
  }

  /** Refuses new requests, aborts the signals of all locks, waits for work inside `run`, releases the rest, stops the timers. Never rejects. */
  close({ timeoutMs = 5_000 }: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(timeoutMs: number): Promise<void> {
    const { clock, store, closesStore } = this.#settings;
    this.#isClosed = true;
    for (const gate of this.#gates.all()) gate.stopWaiting(closedError());
    for (const lock of [...this.#held]) lock.lose('closed');
    let timer: Disposable | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = clock.setTimer(resolve, timeoutMs);
    });
    await Promise.race([Promise.allSettled(this.#running), tooLong]);
    timer?.[Symbol.dispose]();
    await Promise.allSettled([...this.#held].map((lock) => lock.release()));
    await Promise.all(this.#gates.all().map(clear));
    this.#heartbeat.stop();
    this.#notices?.[Symbol.dispose]();
    if (closesStore) await store.close().catch(() => {});
  }

  #request(scope: LockScope, options: RunOptions | undefined, weak?: RunOptions): Request {
    const { scope: resolved, needs, options: settled } = this.#plans.of(scope, options, weak);
    return {
      scope: resolved,
      needs,
      options: settled,
      around: this.#nesting.surroundings(needs),
      startedMonoMs: this.#settings.clock.monotonicMs(),
    };
  }

  async #try(request: Request): Promise<HeldLock | Refused> {
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

  async #wait(request: Request): Promise<HeldLock> {
    const { options, around, startedMonoMs } = request;
    if (around.outOfOrder || around.missing.length === 0) {
      const outcome = await this.#try(request);
      if (outcome instanceof HeldLock) return outcome;
      throw new ResourceBusyError(outcome.resource, outcome.holders, this.#settings.clock.monotonicMs() - startedMonoMs);
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

  #refused({ options }: Request, resource: string, holders: readonly Holder[]): Refused {
    this.#events.emit('busy', () => ({ resource, job: options.job, holders }));
    return { resource, holders };
  }

  #hold(request: Request, token: string, taken: readonly Taken[], isProtected: boolean): HeldLock {
    const { scope, options, around, startedMonoMs } = request;
    const lock = new HeldLock(this.#lockContext, scope, options, token, taken, isProtected, around.outers);
    this.#held.add(lock);
    this.#events.emit('acquired', () => ({
      id: lock.id,
      scope,
      job: options.job,
      waitedMs: this.#settings.clock.monotonicMs() - startedMonoMs,
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

  #key(resource: string): string {
    return recordKey(this.#settings.namespace, this.#settings.environment, resource);
  }
}

/** Waits for what is under way at a gate, and gives back what it took: a request that was sent before the locker was closed. */
async function clear(gate: Gate): Promise<void> {
  await gate.settle();
  await Promise.allSettled(gate.seats().map((seat) => gate.leave(seat, false)));
  await gate.settle();
}

/** Under which name a job's skips are counted: its own, or what it takes. */
function jobOf({ options, scope }: Request): string {
  return options.job ?? [...scope.writes, ...scope.appends, ...scope.reads].join(', ');
}

function closedError(): GivewayError {
  return new GivewayError('ERR_GIVEWAY_CLOSED', 'The locker is closed; no new locks are taken.');
}
