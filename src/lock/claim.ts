import type { Clock } from './clock.ts';
import { decide, depart } from './decide.ts';
import { type LostReason, StoreUnavailableError } from './errors.ts';
import { decodeRecord, type Entrant, encodeRecord, type LockRecord, type Mode } from './record.ts';
import type { Entry, LockStore, Version } from './store.ts';

/** CAS races in a row before a write gives up. Each one means that somebody else succeeded. */
const maxRaces = 64;

/** What a claim writes about itself. */
export interface ClaimTerms {
  readonly job: string | undefined;
  readonly ttlMs: number;
  readonly maxHoldMs: number;
}

/** A resource held against us. `blockers` is empty when the record could not be read or is not known. */
export interface Refusal {
  readonly blockers: readonly Entrant[];
  readonly unreadable?: true;
  /** The blocker holds nothing: it is next in line. */
  readonly waiting?: boolean;
}

/** What a claim needs from its surroundings. */
export interface ClaimContext {
  readonly store: LockStore;
  readonly clock: Clock;
  readonly host: string;
  readonly pid: number;
}

/**
 * One process's entry in one resource's record: written, renewed and taken out by compare-and-swap, one operation at a
 * time. Its own deadline counts from before each confirmed request, on the monotonic and on the wall clock.
 */
export class Claim {
  readonly mode: Mode;
  /** Why it ended, once it has ended without being let go. */
  lost: LostReason | undefined;
  released = false;
  /** Set while renewals go unanswered. */
  fault: { readonly error: StoreUnavailableError; readonly monoMs: number } | undefined;
  ttlMs: number;
  fence: bigint | undefined;
  #entrant: Entrant;
  #record: LockRecord;
  #version: Version;
  #startMonoMs: number;
  #startWallMs: number;
  #queue: Promise<unknown> | undefined;
  readonly #context: ClaimContext;
  readonly #key: string;

  constructor(
    context: ClaimContext,
    key: string,
    entrant: Entrant,
    record: LockRecord,
    version: Version,
    startMonoMs: number,
    startWallMs: number,
  ) {
    this.#context = context;
    this.#key = key;
    this.#entrant = entrant;
    this.#record = record;
    this.#version = version;
    this.#startMonoMs = startMonoMs;
    this.#startWallMs = startWallMs;
    this.mode = entrant.mode;
    this.ttlMs = entrant.ttlMs;
    this.fence = version.fence;
  }

  get token(): string {
    return this.#entrant.token;
  }

  /** The entry as it was last written. */
  get entrant(): Entrant {
    return this.#entrant;
  }

  /** On the monotonic clock: when it was last confirmed, counted from before the request. */
  get confirmedMonoMs(): number {
    return this.#startMonoMs;
  }

  /** Milliseconds until the deadline on the clock that is further ahead; at most 0 when it has passed. */
  remainingMs(): number {
    const { clock } = this.#context;
    return this.ttlMs - Math.max(clock.monotonicMs() - this.#startMonoMs, clock.wallMs() - this.#startWallMs);
  }

  /** Judges the deadline now. `true` while the claim holds. */
  isLive(): boolean {
    if (this.lost === undefined && !this.released && this.remainingMs() <= 0)
      this.lost = this.fault === undefined ? 'expired' : 'unreachable';
    return this.lost === undefined && !this.released;
  }

  /** Writes the entry anew with a full TTL. `false`: it is lost, see `lost`. Rejects when the store does not answer. */
  renew(terms: ClaimTerms, since?: number): Promise<boolean> {
    return this.#serialise(async () => {
      if (!this.isLive()) return false;
      const { clock } = this.#context;
      for (let races = 0; races < maxRaces; races++) {
        const monoMs = clock.monotonicMs();
        const wallMs = clock.wallMs();
        const next = entrantOf(this.#entrant, terms, since ?? this.#entrant.since, wallMs);
        const decision = decide(this.#record, next, wallMs);
        if (!decision.granted) return this.#lose('stolen');
        const version = await this.#attempt(() =>
          this.#context.store.replace(this.#key, encodeRecord(decision.record), this.#version, decision.ttlMs),
        );
        if (this.lost !== undefined) return false;
        if (version !== undefined) {
          this.#confirm(next, decision.record, version, monoMs, wallMs);
          return true;
        }
        if (!(await this.#look())) return false;
        await jitter(clock, races);
      }
      throw new StoreUnavailableError(`"${this.#key}" changed ${maxRaces} times while it was renewed`, { code: 'ERR_GIVEWAY_RACES' });
    });
  }

  /** A new owner under a new token and, on durable stores, a new fence: one `replace`. `false`: it is lost. */
  passOn(token: string, terms: ClaimTerms): Promise<boolean> {
    return this.#serialise(async () => {
      if (!this.isLive()) return false;
      const { clock, store } = this.#context;
      const monoMs = clock.monotonicMs();
      const wallMs = clock.wallMs();
      const next = { ...entrantOf(this.#entrant, terms, wallMs, wallMs), token };
      const others = this.#record.holders.filter((holder) => holder.token !== this.token);
      const record: LockRecord = { v: 1, holders: [...others, next] };
      const version = await this.#attempt(() => store.replace(this.#key, encodeRecord(record), this.#version, terms.ttlMs));
      if (version === undefined) return (await this.#look()) && false;
      this.#confirm(next, record, version, monoMs, wallMs);
      this.fence = version.fence;
      return true;
    });
  }

  /** Takes the entry out, or leaves a min-hold mark. `false`: it was no longer ours. Rejects when the store does not answer. */
  release(minHoldUntilMs = 0): Promise<boolean> {
    this.released = true;
    return this.#serialise(async () => {
      const { clock, store } = this.#context;
      for (let races = 0; races < maxRaces; races++) {
        const departure = depart(this.#record, this.#entrant, clock.wallMs(), minHoldUntilMs);
        if (departure.act === 'none') return false;
        const done =
          departure.act === 'remove'
            ? await store.remove(this.#key, this.#version)
            : (await store.replace(this.#key, encodeRecord(departure.record), this.#version, departure.ttlMs)) !== undefined;
        if (done) return true;
        if (!(await this.#look())) return false;
        await jitter(clock, races);
      }
      throw new StoreUnavailableError(`"${this.#key}" changed ${maxRaces} times while it was released`, { code: 'ERR_GIVEWAY_RACES' });
    });
  }

  /** Waits for what is under way, then forgets the claim without touching the record: somebody else carries it on. */
  abandon(): Promise<void> {
    this.released = true;
    return this.#serialise(async () => {});
  }

  #confirm(entrant: Entrant, record: LockRecord, version: Version, monoMs: number, wallMs: number): void {
    this.#entrant = entrant;
    this.#record = record;
    this.#version = version;
    this.#startMonoMs = monoMs;
    this.#startWallMs = wallMs;
    this.ttlMs = entrant.ttlMs;
    this.fault = undefined;
  }

  /** After a "no": reads who is there. `true`: our token still is (an answer was lost, or a sharer wrote), and the version is fresh. */
  async #look(): Promise<boolean> {
    const entry = await this.#attempt(() => this.#context.store.read(this.#key));
    if (entry === undefined) return this.#lose('vanished');
    const record = decodeRecord(entry.value);
    if (record === undefined || !record.holders.some(({ token, minHold }) => token === this.token && !minHold)) return this.#lose('stolen');
    this.#record = record;
    this.#version = entry.version;
    return true;
  }

  async #attempt<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof StoreUnavailableError) this.fault = { error, monoMs: this.#context.clock.monotonicMs() };
      throw error;
    }
  }

  #lose(reason: LostReason): false {
    this.lost ??= reason;
    return false;
  }

  #serialise<T>(operation: () => Promise<T>): Promise<T> {
    const running = this.#queue === undefined ? operation() : this.#queue.then(operation, operation);
    const settled = running.then(
      () => {},
      () => {},
    );
    this.#queue = settled;
    settled.then(() => {
      if (this.#queue === settled) this.#queue = undefined;
    });
    return running;
  }
}

/** The entry of a newcomer, or the next one of somebody who is in already. */
export function entrantOf(
  base: Pick<Entrant, 'token' | 'mode' | 'host' | 'pid'> & { readonly beat?: number },
  terms: ClaimTerms,
  since: number,
  wallMs: number,
): Entrant {
  return {
    token: base.token,
    mode: base.mode,
    ...(terms.job === undefined ? {} : { job: terms.job }),
    host: base.host,
    pid: base.pid,
    since,
    ...(terms.maxHoldMs === Number.POSITIVE_INFINITY ? {} : { latestEnd: since + terms.maxHoldMs }),
    ttlMs: terms.ttlMs,
    until: wallMs + terms.ttlMs,
    beat: (base.beat ?? 0) + 1,
  };
}

/** Only if the key is absent: the whole of an uncontended acquisition. `undefined`: something is there. */
export async function createClaim(
  context: ClaimContext,
  key: string,
  token: string,
  mode: Mode,
  terms: ClaimTerms,
): Promise<Claim | undefined> {
  const monoMs = context.clock.monotonicMs();
  const wallMs = context.clock.wallMs();
  const entrant = entrantOf({ token, mode, host: context.host, pid: context.pid }, terms, wallMs, wallMs);
  const record: LockRecord = { v: 1, holders: [entrant] };
  const version = await context.store.create(key, encodeRecord(record), terms.ttlMs);
  return version === undefined ? undefined : new Claim(context, key, entrant, record, version, monoMs, wallMs);
}

/** Enters the record that was found, if its modes allow. `'raced'`: it changed in between, look again. */
export async function joinClaim(
  context: ClaimContext,
  key: string,
  found: Entry,
  token: string,
  mode: Mode,
  terms: ClaimTerms,
): Promise<Claim | 'raced'> {
  const monoMs = context.clock.monotonicMs();
  const wallMs = context.clock.wallMs();
  const record = decodeRecord(found.value);
  const entrant = entrantOf({ token, mode, host: context.host, pid: context.pid }, terms, wallMs, wallMs);
  const decision = decide(record, entrant, wallMs);
  if (!decision.granted) return 'raced';
  const version = await context.store.replace(key, encodeRecord(decision.record), found.version, decision.ttlMs);
  return version === undefined ? 'raced' : new Claim(context, key, entrant, decision.record, version, monoMs, wallMs);
}

/** Puts a new token, host and pid in the place of `oldToken`. `undefined`: no such entry, or it kept changing. */
export async function takeOverClaim(
  context: ClaimContext,
  key: string,
  oldToken: string,
  token: string,
  terms: ClaimTerms,
): Promise<Claim | undefined> {
  for (let races = 0; races < maxRaces; races++) {
    const found = await context.store.read(key);
    const record = found === undefined ? undefined : decodeRecord(found.value);
    const old = record?.holders.find((holder) => (holder.token === oldToken || holder.token === token) && !holder.minHold);
    if (found === undefined || record === undefined || old === undefined) return undefined;
    const monoMs = context.clock.monotonicMs();
    const wallMs = context.clock.wallMs();
    const entrant = entrantOf({ ...old, token, host: context.host, pid: context.pid }, terms, old.since, wallMs);
    const decision = decide({ v: 1, holders: record.holders.map((holder) => (holder === old ? entrant : holder)) }, entrant, wallMs);
    if (!decision.granted) return undefined;
    const version = await context.store.replace(key, encodeRecord(decision.record), found.version, decision.ttlMs);
    if (version !== undefined) return new Claim(context, key, entrant, decision.record, version, monoMs, wallMs);
    await jitter(context.clock, races);
  }
  return undefined;
}

/** May `mode` enter what was found? `undefined`: yes. */
export function refusal(context: ClaimContext, found: Entry, token: string, mode: Mode, terms: ClaimTerms): Refusal | undefined {
  const record = decodeRecord(found.value);
  if (record === undefined) return { blockers: [], unreadable: true };
  const wallMs = context.clock.wallMs();
  const decision = decide(record, entrantOf({ token, mode, host: context.host, pid: context.pid }, terms, wallMs, wallMs), wallMs);
  return decision.granted ? undefined : { blockers: decision.blockers };
}

/** The first race is run again at once; who keeps losing steps aside for a few milliseconds. */
async function jitter(clock: Clock, races: number): Promise<void> {
  if (races > 0) await new Promise<void>((resolve) => clock.setTimer(resolve, Math.random() * Math.min(2 ** races, 20)));
}
