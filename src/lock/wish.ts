import { clockSkewMs } from './decide.ts';
import { type ClaimContext, entrantOf } from './entry.ts';
import { decodeRecord, type Entrant, encodeRecord } from './record.ts';
import type { Ask } from './seat.ts';
import type { Entry, Version } from './store.ts';
import { newToken } from './token.ts';

/** How long a wish stands without being renewed, in milliseconds on the backend's clock: half the time waited so far, within these. */
const shortestTtlMs = 2_000;
const longestTtlMs = 10_000;

/**
 * Who is next in line for a resource: one process's wait, said in a key of its own beside the record, so that no waiter
 * ever writes into a holder's record. Best effort: a store that does not answer only costs the priority.
 */
export class Wish {
  readonly #context: ClaimContext;
  readonly #key: string;
  readonly #token: string = newToken();
  #standing: { readonly version: Version; readonly entrant: Entrant; readonly renewAtMonoMs: number } | undefined;
  /** On the wall clock: until when the wish of somebody who goes first may stand. */
  #yieldsUntilMs = 0;

  constructor(context: ClaimContext, key: string) {
    this.#context = context;
    this.#key = key;
  }

  get stands(): boolean {
    return this.#standing !== undefined;
  }

  /** When it must be renewed, on the monotonic clock. */
  get renewAtMonoMs(): number {
    return this.#standing?.renewAtMonoMs ?? Number.POSITIVE_INFINITY;
  }

  /** Puts or renews the wish, unless that of somebody stands who has waited for longer. `changed`: theirs may have been granted. */
  async keep({ mode, options }: Ask, since: number, changed: boolean): Promise<void> {
    const { clock, host, pid, store } = this.#context;
    const [monoMs, wallMs] = [clock.monotonicMs(), clock.wallMs()];
    const before = this.#standing;
    if (before !== undefined && monoMs < before.renewAtMonoMs && before.entrant.mode === mode) return;
    if (before === undefined && !changed && wallMs < this.#yieldsUntilMs) return;
    const wishTtlMs = Math.min(Math.max((wallMs - since) / 2, shortestTtlMs), longestTtlMs);
    const base = { token: this.#token, mode, host, pid, beat: before?.entrant.beat ?? 0 };
    const entrant = entrantOf(base, { job: options.job, ttlMs: wishTtlMs, maxHoldMs: options.maxHoldMs }, since, wallMs);
    const value = encodeRecord({ v: 1, holders: [entrant] });
    this.#standing = undefined;
    try {
      let version = before === undefined ? undefined : await store.replace(this.#key, value, before.version, wishTtlMs);
      version ??= await store.create(this.#key, value, wishTtlMs);
      version ??= await this.#displace(entrant, value, wishTtlMs);
      if (version !== undefined) this.#standing = { version, entrant, renewAtMonoMs: monoMs + wishTtlMs / 2 };
    } catch {
      // Without the wish we only wait longer.
    }
  }

  /** Takes the wish back. */
  async withdraw(): Promise<void> {
    const standing = this.#standing;
    this.#standing = undefined;
    if (standing !== undefined) await this.#context.store.remove(this.#key, standing.version).catch(() => false);
  }

  /** The wish of another process, if one stands. Rejects when the store does not answer. */
  async foreign(): Promise<Entrant | undefined> {
    const entry = await this.#context.store.read(this.#key);
    const entrant = wisherIn(entry);
    if (entrant === undefined || entrant.token === this.#token) return undefined;
    this.#standing = undefined;
    return entrant;
  }

  /** Goes before somebody who has waited for less: to the millisecond on one host, with the clock skew between two. */
  async #displace(mine: Entrant, value: string, ttlMs: number): Promise<Version | undefined> {
    const { clock, host, store } = this.#context;
    const entry = await store.read(this.#key);
    const theirs = wisherIn(entry);
    if (entry === undefined || theirs === undefined) return undefined;
    if (mine.since + (theirs.host === host ? 0 : clockSkewMs) < theirs.since) return store.replace(this.#key, value, entry.version, ttlMs);
    // Their clock may be ahead by any amount.
    this.#yieldsUntilMs = Math.min(theirs.until, clock.wallMs() + longestTtlMs);
    return undefined;
  }
}

function wisherIn(entry: Entry | undefined): Entrant | undefined {
  return entry === undefined ? undefined : decodeRecord(entry.value)?.holders[0];
}
