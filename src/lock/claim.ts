import { decide, depart } from './decide.ts';
import { type ClaimContext, type ClaimTerms, entrantOf, jitter, maxRaces } from './entry.ts';
import { type LostReason, StoreUnavailableError } from './errors.ts';
import { decodeRecord, type Entrant, encodeRecord, type LockRecord, type Mode } from './record.ts';
import type { Version } from './store.ts';

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
  /** The record; `undefined` as long as our entry, as we wrote it, is all of it. Most are, and there may be thousands. */
  #whole: LockRecord | undefined;
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
    this.#whole = record.holders.length === 1 ? undefined : record;
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

  /** As it was last seen or written. */
  get #record(): LockRecord {
    return this.#whole ?? { v: 1, holders: [this.#entrant] };
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
      // Sharers come and go: what was last seen of them is rarely so any more, and to find that out costs a request.
      if (this.#whole !== undefined && !(await this.#look())) return false;
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
    this.#whole = record.holders.length === 1 ? undefined : record;
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
    this.#whole = record;
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
