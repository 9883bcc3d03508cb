import { InvalidOptionError } from '../errors.ts';
import { createEvents, type EventName, type Events, type Listener, type LockerEvents } from '../events.ts';
import type { Holder } from '../holder.ts';
import type { LockOptions, LockScope, RunOptions } from '../options.ts';
import type { NameRules } from '../plan/names.ts';
import { checkFields, checkOptions, lockOptionNames, type Rules, runOptionNames, whole } from '../plan/options.ts';
import { Plans, remember } from '../plan/plans.ts';
import { type LockerOptions, resolveSettings, type Settings } from '../plan/settings.ts';
import { keyOn, keyPrefix } from '../record/keys.ts';
import { decodeRecord } from '../record/record.ts';
import { Shell } from '../shell/shell.ts';
import { isTold } from './fire-silence.ts';
import { checkEntries, checkHanded } from './handed.ts';
import { probe, type StoreHealth } from './health.ts';
import { HeldLock } from './held-lock.ts';
import { Holds } from './holds.ts';
import type { Lock, SerializedLock } from './lock.ts';
import { Nesting } from './nesting.ts';
import { errorOf, jobOf, type Request, toHolders } from './request.ts';
import { checkWork, type OpenWait, type RunOutcome, Runs } from './run.ts';

/** Makes a locker over a store. Throws `InvalidOptionError`. */
export function createLocker(options: LockerOptions): ResourceLocker {
  return new ResourceLocker(options);
}

/** How `close()` ends running work. */
export interface CloseOptions {
  /** How long work inside `run` may take to end after its signal aborted, in milliseconds. Default 5 000. */
  readonly timeoutMs?: number;
}

const closeRules: Rules = { timeoutMs: [whole(0, Number.MAX_VALUE), 'an integer from 0 up (milliseconds) is allowed'] };

type Work<T> = (lock: Lock) => T | Promise<T>;

/** All lock logic over one store: who may hold what, who waits, what is kept alive. */
export class ResourceLocker {
  readonly #settings: Settings;
  readonly #events: Events = createEvents(isTold);
  readonly #nesting: Nesting;
  readonly #plans: Plans;
  readonly #keys = new Map<string, string>();
  readonly #shell: Shell;
  readonly #holds: Holds;
  readonly #runs: Runs;
  readonly #notices: Disposable | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: LockerOptions) {
    const settings = resolveSettings(options);
    this.#settings = settings;
    const events = this.#events;
    this.#shell = new Shell(settings, events, (resource) => this.#key(resource));
    this.#holds = new Holds(settings, events, this.#shell);
    this.#plans = new Plans(settings, (notice) => events.emit('notice', () => notice));
    this.#nesting = new Nesting(settings.nesting === 'context', this.#plans.listedSchemaOf);
    this.#runs = new Runs(settings.clock, events, this.#holds, this.#nesting);
    this.#notices = settings.store.onNotice?.((notice) => events.emit('notice', () => notice));
  }

  /** What holders of this locker are shown to be on. */
  get host(): string {
    return this.#settings.host;
  }

  /** The schema that may be left out of a name. */
  get defaultSchema(): string {
    return this.#settings.names.defaultSchema;
  }

  /** How names are read, as `createSqlReader` wants to know. */
  get nameRules(): NameRules {
    return this.#settings.names;
  }

  /** Waits for the scope. Rejects with `ResourceBusyError` after `retry.maxWaitMs`, `StoreUnavailableError`, or AbortError. */
  lock(scope: LockScope, options?: LockOptions): Promise<Lock> {
    return new Promise((resolve, reject) => {
      checkOptions(options, '', lockOptionNames);
      const request = this.#request(scope, options);
      this.#holds.take(request, true, (outcome) => {
        if (outcome instanceof HeldLock) resolve(outcome);
        else reject(this.#runs.gaveUp(request, outcome));
      });
    });
  }

  /** One attempt, never waits. `undefined` means busy, and only that. Rejects with `StoreUnavailableError`. */
  tryLock(scope: LockScope, options?: LockOptions): Promise<Lock | undefined> {
    return new Promise((resolve, reject) => {
      checkOptions(options, '', lockOptionNames);
      this.#holds.take(this.#request(scope, options), false, (outcome) => {
        const error = outcome instanceof HeldLock ? undefined : errorOf(outcome);
        if (error !== undefined) reject(error);
        else resolve(outcome instanceof HeldLock ? outcome : undefined);
      });
    });
  }

  /** `false`: it was no longer ours. Rejects with `StoreUnavailableError`. */
  unlock(lock: Lock): Promise<boolean> {
    return typeof lock?.unlock === 'function' ? lock.unlock() : Promise.reject(new InvalidOptionError('lock', lock, 'a lock is allowed'));
  }

  /**
   * Runs `work` under the scope, and lets go whatever happens. Never rejects for busy: the outcome says who holds it.
   * Rejects with the work's own error, with `StoreUnavailableError` if `onStoreDown` is `'throw'`, or for wrong usage.
   * `weak` and `wait` are for integrations: settings that count where call, table and locker say nothing, and a wait of theirs.
   */
  run<T>(scope: LockScope, work: Work<T>, options?: RunOptions, weak?: RunOptions, wait?: OpenWait): Promise<RunOutcome<T>> {
    return new Promise((resolve, reject) => {
      checkWork(work);
      checkOptions(options, '', runOptionNames);
      const request = this.#request(scope, options, weak, wait);
      this.#runs.start({ request, job: jobOf(request), work, wait, resolve, reject });
    });
  }

  /** A function that runs `work` under the scope, or under the scope that `scope` makes of its arguments. */
  wrap<A extends unknown[], T>(
    scope: LockScope | ((...args: A) => LockScope),
    work: (lock: Lock, ...args: A) => T | Promise<T>,
    options?: RunOptions,
  ): (...args: A) => Promise<RunOutcome<T>> {
    checkWork(work);
    checkOptions(options, '', runOptionNames);
    if (typeof scope !== 'function') this.#plans.scope(scope);
    return async (...args) => this.run(typeof scope === 'function' ? scope(...args) : scope, (lock) => work(lock, ...args), options);
  }

  /** Who holds `resource` and who is next in line: a read, never an acquire. Rejects with `StoreUnavailableError`. */
  async inspect(resource: string): Promise<readonly Holder[]> {
    const name = this.#plans.name(resource);
    const entry = await this.#shell.ask(this.#key(name));
    return toHolders(name, entry && decodeRecord(entry.value));
  }

  /** The locks this locker holds now, not those it has lost. */
  held(): readonly Lock[] {
    return this.#holds.live();
  }

  /** The lock of the run we are inside, or of the innermost run that covers `resource`. */
  current(resource?: string): Lock | undefined {
    return this.#nesting.current(resource === undefined ? undefined : this.#plans.name(resource));
  }

  /** One read of the store. Never rejects. */
  health(): Promise<StoreHealth> {
    const { namespace, environment } = this.#settings;
    return probe(this.#shell, `${keyPrefix(namespace, environment)}:health`, this.#holds.live().length);
  }

  /** Takes over a lock from `lock.handOver()`, under a new token. Rejects with `LockLostError` when it is not there any more. */
  async restore(handed: SerializedLock): Promise<Lock> {
    checkHanded(handed, this.#settings);
    const { scope, ttlMs, minHoldMs, job } = handed;
    const request = this.#request(scope, { ttlMs, minHoldMs, ...(job === undefined ? {} : { job }) });
    checkEntries(handed, request);
    for (const { token } of handed.entries) this.#settings.store.recognize?.(token);
    return this.#holds.takeOver(request, handed);
  }

  /** Calls `listener` at each such event. One that throws harms nobody. Throws `InvalidOptionError`. */
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

  /**
   * Refuses new requests, aborts the signals of all locks, waits for work inside `run`, releases the rest, stops the timers.
   * Inside a run it does not wait for that run, which waits for it. Rejects with `InvalidOptionError` only.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    checkFields(options, closeRules);
    this.#closing ??= this.#runs.ended(options.timeoutMs ?? 5_000).then(() => this.#release());
    this.#holds.close();
    this.#runs.leave(this.#nesting.runs());
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #release(): Promise<void> {
    const { store, closesStore } = this.#settings;
    await this.#holds.releaseAll();
    this.#nesting.end();
    this.#notices?.[Symbol.dispose]();
    if (closesStore) await (async () => store.close())().catch(() => {});
  }

  #request(scope: LockScope, options: RunOptions | undefined, weak?: RunOptions, wait?: OpenWait): Request {
    const plan = this.#plans.of(scope, options, weak);
    const startedMonoMs = this.#settings.clock.monotonicMs() - (wait?.waitedMs ?? 0);
    const around = this.#nesting.enclosing(plan.needs);
    const named = around.job === undefined || options?.job !== undefined ? plan.options : { ...plan.options, job: around.job };
    return { scope: plan.scope, needs: plan.needs, options: named, around, startedMonoMs };
  }

  #key(resource: string): string {
    const { store, namespace, environment } = this.#settings;
    return remember(this.#keys, resource, () => keyOn(store.traits, namespace, environment, resource));
  }
}
