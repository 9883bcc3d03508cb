import { Claim, type ClaimContext, type ClaimTerms, createClaim, joinClaim, type Refusal, refusal, takeOverClaim } from './claim.ts';
import { latestEnd } from './decide.ts';
import { StoreUnavailableError } from './errors.ts';
import type { Beating, Heartbeat } from './heartbeat.ts';
import { Seat, type Ask } from './seat.ts';
import { type Wait, Waiters } from './waiters.ts';
import { Wish } from './wish.ts';

/** How long a process may serve its own waiters, or let sharers in, without asking whether others wait. */
const turnMs = 40;
/** How long an idle shared claim is kept under load, so that a batch that follows writes nothing. */
const lingerMs = 20;
/** Seats taken within `loadWindowMs` that count as load. */
const loadSeats = 6;
const loadWindowMs = 100;
/** How long a process that shared a resource looks for wishes before it enters again. */
const recentShareMs = 5_000;
const maxRaces = 32;

/** What a gate needs from its locker. */
export interface GateContext extends ClaimContext {
  readonly heartbeat: Heartbeat;
  /** Something about the record an operator should see. */
  notice(resource: string, message: string): void;
}

/**
 * One resource as this process sees it: its claim, the seats on it, and who waits here. The only place where local order
 * and the store meet.
 */
export class Gate implements Beating {
  readonly resource: string;
  readonly #context: GateContext;
  readonly #key: string;
  readonly #wish: Wish;
  readonly #waiters: Waiters;
  readonly #seats = new Set<Seat>();
  #claim: Claim | undefined;
  /** The store operation that changes who holds; at most one. Never rejects. */
  #changing: Promise<void> | undefined;
  #renewing = false;
  #lineCheckedMonoMs = 0;
  #lastSharedMonoMs = Number.NEGATIVE_INFINITY;
  #minHoldUntilMs = 0;
  #lingering: Disposable | undefined;
  #load = { sinceMonoMs: 0, seats: 0 };
  /** The token of an acquisition whose answer was lost: if it is in the record, it is ours. */
  #orphan: string | undefined;
  #refused: { readonly refusal: Refusal; readonly endsMs: number } | undefined;

  constructor(context: GateContext, resource: string, key: string, wishKey: string) {
    this.#context = context;
    this.resource = resource;
    this.#key = key;
    this.#wish = new Wish(context, wishKey);
    this.#waiters = new Waiters(context, resource, key, {
      heldHere: () => this.#claim !== undefined,
      attempt: (ask) => this.#attemptForQueue(ask),
      keepWish: (ask) => this.#wish.keep(ask.mode, ask.options.job, ask.options.maxHoldMs),
      withdrawWish: () => this.#wish.withdraw(),
      wishRenewsAtMonoMs: () => this.#wish.renewAtMonoMs,
      liveUntilMs: () => this.#refused?.endsMs ?? 0,
    });
  }

  /** Nothing held, nobody waiting, nothing under way: the gate can be forgotten. */
  get idle(): boolean {
    return this.#claim === undefined && this.#changing === undefined && this.#waiters.size === 0 && this.#recentlySharedLeftMs() <= 0 && (this.#refused?.endsMs ?? 0) <= this.#context.clock.wallMs();
  }

  /** One attempt. A refusal is a value; rejects with `StoreUnavailableError`. */
  tryEnter(ask: Ask): Promise<Seat | Refusal> {
    return this.#seatOr(ask, (refused) => refused);
  }

  /** Waits for a seat. Rejects with `ResourceBusyError`, `StoreUnavailableError`, or when the wait is aborted. */
  async enter(ask: Ask, wait: Wait, onRefused: (refused: Refusal) => void): Promise<Seat> {
    const outcome = await this.#seatOr(ask, (refused) => {
      onRefused(refused);
      return { waiting: this.#waiters.join(ask, wait, refused) };
    });
    return outcome instanceof Seat ? outcome : outcome.waiting;
  }

  /** Gives a seat back. `false`: it was no longer ours. Rejects when the store does not answer. */
  async leave(seat: Seat, heldForWork = true): Promise<boolean> {
    if (seat.left) return false;
    seat.left = true;
    this.#seats.delete(seat);
    const claim = seat.claim;
    if (claim.lost === 'stolen' || claim.lost === 'vanished') return false;
    if (this.#claim !== claim) return claim.release();
    if (heldForWork && seat.ask.options.minHoldMs > 0) this.#minHoldUntilMs = Math.max(this.#minHoldUntilMs, seat.sinceWallMs + seat.ask.options.minHoldMs);
    if (this.#seats.size > 0) return claim.isLive();
    if (this.#minHoldUntilMs <= this.#context.clock.wallMs()) {
      if (this.#waiters.size > 0 && claim.mode === 'write' && (await this.#handOn(claim))) return true;
      if (this.#claim !== claim) return claim.lost === undefined;
      if (claim.mode !== 'write' && this.#waiters.size === 0 && this.#underLoad()) return this.#linger(claim);
    }
    return this.#letGo(claim);
  }

  /** Renews with a new TTL now. `false`: no longer ours. */
  async extend(seat: Seat, ttlMs: number): Promise<boolean> {
    if (!this.isLive(seat)) return false;
    seat.extend(ttlMs, this.#context.clock);
    const renewed = await this.#renew(seat.claim, seat.ask.mode === 'write' ? ttlMs : Math.max(ttlMs, ...[...this.#seats].map((other) => other.ttlMs)));
    return renewed && this.isLive(seat);
  }

  /** Judges a seat's deadlines now, and tells those who lost. */
  isLive(seat: Seat): boolean {
    if (seat.left || seat.lost !== undefined) return false;
    if (!seat.claim.isLive()) {
      if (seat.claim === this.#claim) this.#claimLost(seat.claim);
      else seat.lose(seat.claim.lost ?? 'expired');
      return false;
    }
    if (seat.holdLeftMs(this.#context.clock) <= 0) seat.lose('max-hold');
    else if (seat.remainingMs(this.#context.clock) <= 0) seat.lose('expired');
    return seat.lost === undefined;
  }

  /**
   * Gives a seat's entry up without touching the record, so that another process can carry it on. A sharer beside others
   * first gets an entry of its own. The token to carry on, or `undefined` when the entry was lost.
   */
  async detach(seat: Seat): Promise<string | undefined> {
    if (!this.isLive(seat)) return undefined;
    seat.left = true;
    this.#seats.delete(seat);
    if (this.#seats.size > 0) {
      const entry = await this.#context.store.read(this.#key);
      const own = entry === undefined ? 'raced' : await joinClaim(this.#context, this.#key, entry, seat.ask.token, seat.ask.mode, termsOf(seat.ask));
      if (own !== 'raced') return own.token;
      seat.left = false;
      this.#seats.add(seat);
      return this.detach(seat);
    }
    this.#claim = undefined;
    this.#context.heartbeat.forget(this);
    await seat.claim.abandon();
    this.#waiters.wake();
    return seat.claim.token;
  }

  /** Takes over the entry of `token`, under the token of `ask`. `undefined`: no such entry. */
  async restore(token: string, ask: Ask, maxHoldMs: number): Promise<Seat | undefined> {
    while (this.#changing !== undefined) await this.#changing;
    return this.#change(async () => {
      const claim = await takeOverClaim(this.#context, this.#key, token, ask.token, { ...termsOf(ask), maxHoldMs });
      if (claim === undefined) return undefined;
      const standing = this.#liveClaim();
      if (standing === undefined) {
        this.#adopt(claim);
        return this.#seatFirst(claim, ask);
      }
      await claim.release();
      return standing.mode === ask.mode && ask.mode !== 'write' ? this.#seat(standing, ask) : undefined;
    });
  }

  /** Tells everybody who waits here that it is over. */
  stopWaiting(reason: Error): void {
    this.#waiters.rejectAll(reason);
  }

  /** Waits for what is under way, and lets a lingering claim go. Never rejects. */
  async settle(): Promise<void> {
    while (this.#changing !== undefined) await this.#changing;
    if (this.#claim !== undefined && this.#seats.size === 0) await this.#letGo(this.#claim).catch(() => {});
  }

  beat(nowMonoMs: number): number | undefined {
    const claim = this.#claim;
    if (claim === undefined) return undefined;
    if (!claim.isLive()) {
      this.#claimLost(claim);
      return undefined;
    }
    for (const seat of [...this.#seats]) this.isLive(seat);
    if (this.#claim !== claim) return undefined;
    if (!this.#renewing && nowMonoMs >= this.#renewAtMonoMs(claim)) this.#renewBehind(claim);
    return this.#nextLookMonoMs(claim, nowMonoMs);
  }

  /** A seat, or what `refuse` makes of a refusal, at once: nobody who comes later can get in before a waiter is in the queue. */
  async #seatOr<T>(ask: Ask, refuse: (refused: Refusal) => T): Promise<Seat | T> {
    for (;;) {
      while (this.#changing !== undefined) await this.#changing;
      if (this.#waiters.size > 0) return refuse(this.#knownRefusal());
      const claim = this.#liveClaim();
      if (claim === undefined) {
        return this.#change(async () => {
          const taken = await this.#takeOrRefuse(ask, this.#recentlySharedLeftMs() > 0);
          return taken instanceof Claim ? this.#seatFirst(taken, ask) : refuse(taken);
        });
      }
      if (this.#lingering !== undefined && claim.mode !== ask.mode) {
        await this.#letGo(claim);
        continue;
      }
      if (claim.mode === 'write' || claim.mode !== ask.mode) return refuse(this.#knownRefusal());
      if (!(this.#underLoad() && this.#lineIsFresh())) {
        const next = await this.#change(() => this.#nextInLine(ask));
        if (next !== undefined) return refuse(next);
        if (this.#liveClaim() !== claim) continue;
      }
      if (ask.options.heartbeat || claim.remainingMs() >= ask.options.ttlMs) return this.#seat(claim, ask);
      const renewed = await this.#change(() => this.#renew(claim, ask.options.ttlMs));
      if (renewed && this.#liveClaim() === claim) return this.#seat(claim, ask);
    }
  }

  async #attemptForQueue(ask: Ask): Promise<Refusal | undefined> {
    while (this.#changing !== undefined) await this.#changing;
    if (this.#liveClaim() !== undefined) return undefined;
    const unwanted = await this.#change(async () => {
      const taken = await this.#takeOrRefuse(ask, true);
      // Whoever the attempt was made for may have stopped waiting; the claim serves who is first now.
      return taken instanceof Claim && this.#serve(taken) ? undefined : taken;
    });
    if (!(unwanted instanceof Claim)) return unwanted;
    await this.#letGo(unwanted).catch(() => {});
    return undefined;
  }

  async #takeOrRefuse(ask: Ask, careful: boolean): Promise<Claim | Refusal> {
    const taken = await this.#take(ask, careful).catch((error: unknown) => {
      this.#orphan = ask.token;
      return this.#orLiveHolder(error, ask);
    });
    if (taken instanceof Claim) {
      this.#adopt(taken);
      return taken;
    }
    if (taken.unreadable) this.#context.notice(this.resource, `the record of "${this.resource}" is garbage or of a later version; it is treated as busy and left alone`);
    this.#refused = { refusal: taken, endsMs: taken.waiting || taken.blockers.length === 0 ? 0 : latestEnd(taken.blockers) };
    return taken;
  }

  /** One acquisition from the store. `careful`: whoever is next in line goes first. */
  async #take(ask: Ask, careful: boolean): Promise<Claim | Refusal> {
    const context = this.#context;
    const terms = termsOf(ask);
    if (!careful) {
      const claim = await createClaim(context, this.#key, ask.token, ask.mode, terms);
      if (claim !== undefined) return claim;
    }
    for (let races = 0; races < maxRaces; races++) {
      const found = await context.store.read(this.#key);
      const refused = found === undefined ? undefined : refusal(context, found, ask.token, ask.mode, terms);
      if (refused !== undefined) return (await this.#takeOrphan(refused, ask)) ?? refused;
      if (!this.#wish.stands && (careful || found !== undefined)) {
        const next = await this.#wish.foreign();
        if (next !== undefined && (ask.mode === 'write' || next.mode !== ask.mode)) return { blockers: [next], waiting: true };
      }
      const claim = found === undefined ? await createClaim(context, this.#key, ask.token, ask.mode, terms) : await joinClaim(context, this.#key, found, ask.token, ask.mode, terms);
      if (claim instanceof Claim) return claim;
    }
    return { blockers: [] };
  }

  async #takeOrphan({ blockers }: Refusal, ask: Ask): Promise<Claim | undefined> {
    const [blocker] = blockers;
    if (blocker === undefined || blocker.token !== this.#orphan || blocker.mode !== ask.mode) return undefined;
    return takeOverClaim(this.#context, this.#key, blocker.token, ask.token, termsOf(ask));
  }

  /** A waiter that has just seen a live holder must not take a dead store for permission to run. */
  #orLiveHolder(error: unknown, ask: Ask): Refusal {
    const seen = this.#refused;
    if (error instanceof StoreUnavailableError && ask.options.onStoreDown === 'run' && seen !== undefined && seen.endsMs > this.#context.clock.wallMs()) return seen.refusal;
    throw error;
  }

  #adopt(claim: Claim): void {
    this.#claim = claim;
    this.#refused = undefined;
    this.#orphan = undefined;
    this.#minHoldUntilMs = 0;
    this.#lineCheckedMonoMs = this.#context.clock.monotonicMs();
    if (this.#wish.stands) void this.#wish.withdraw();
  }

  /** Seats whoever took the claim, and the sharers that came meanwhile. */
  #seatFirst(claim: Claim, ask: Ask): Seat {
    const seat = this.#seat(claim, ask);
    if (claim.mode !== 'write') this.#serve(claim);
    return seat;
  }

  /** Seats who is first in the queue, and all behind it that share its mode. `false`: nobody was seated. */
  #serve(claim: Claim): boolean {
    const seated = this.#waiters.serve(claim.mode, (ask) => this.#seat(claim, ask));
    if (seated && claim.mode !== 'write') this.#serve(claim);
    return seated;
  }

  #seat(claim: Claim, ask: Ask): Seat {
    const { clock, heartbeat } = this.#context;
    this.#lingering?.[Symbol.dispose]();
    this.#lingering = undefined;
    const seat = new Seat(claim, ask, clock);
    this.#seats.add(seat);
    if (claim.mode !== 'write') this.#countShare();
    heartbeat.at(this, this.#nextLookMonoMs(claim, clock.monotonicMs()));
    return seat;
  }

  #countShare(): void {
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs - this.#load.sinceMonoMs > loadWindowMs) this.#load = { sinceMonoMs: nowMs, seats: 0 };
    this.#load.seats++;
    this.#lastSharedMonoMs = nowMs;
  }

  /** Passes a write claim to the next local waiter; the record follows behind. */
  async #handOn(claim: Claim): Promise<boolean> {
    const next = this.#waiters.head;
    if (next?.mode !== 'write' || claim.remainingMs() < claim.ttlMs / 3) return false;
    if (!this.#lineIsFresh() && (await this.#change(() => this.#nextInLine(next))) !== undefined) return false;
    if (this.#liveClaim() !== claim || this.#waiters.head !== next) return false;
    const terms = termsOf(next);
    if (claim.fence !== undefined) {
      const passed = await this.#change(() => claim.passOn(next.token, terms).catch(() => false));
      // The waiter may have left during the request: then the claim is let go like any other.
      return passed && this.#liveClaim() === claim && this.#waiters.head === next && this.#serve(claim);
    }
    this.#serve(claim);
    this.#renewBehind(claim, this.#context.clock.wallMs());
    return true;
  }

  #linger(claim: Claim): boolean {
    this.#lingering = this.#context.clock.setTimer(() => {
      if (this.#seats.size === 0 && this.#claim === claim) this.#letGo(claim).catch(() => {});
    }, lingerMs);
    return claim.isLive();
  }

  #letGo(claim: Claim): Promise<boolean> {
    const minHoldUntilMs = this.#minHoldUntilMs;
    this.#lingering?.[Symbol.dispose]();
    this.#lingering = undefined;
    this.#claim = undefined;
    this.#context.heartbeat.forget(this);
    const released = this.#change(() => claim.release(minHoldUntilMs));
    if (this.#waiters.size > 0) this.#waiters.wake();
    return released;
  }

  #claimLost(claim: Claim): void {
    this.#claim = undefined;
    this.#context.heartbeat.forget(this);
    const seats = [...this.#seats];
    this.#seats.clear();
    for (const seat of seats) seat.lose(claim.lost ?? 'expired');
    this.#waiters.wake();
  }

  #liveClaim(): Claim | undefined {
    if (this.#claim !== undefined && !this.#claim.isLive()) this.#claimLost(this.#claim);
    return this.#claim;
  }

  #knownRefusal(): Refusal {
    const claim = this.#claim;
    return claim === undefined ? (this.#refused?.refusal ?? { blockers: [] }) : { blockers: [claim.entrant] };
  }

  /** Whoever of another process is next in line, if `ask` must give way to it. Remembers when nobody is. */
  async #nextInLine(ask: Ask): Promise<Refusal | undefined> {
    const next = await this.#wish.foreign().catch(() => undefined);
    if (next !== undefined && (ask.mode === 'write' || next.mode !== ask.mode)) return { blockers: [next], waiting: true };
    this.#lineCheckedMonoMs = this.#context.clock.monotonicMs();
    return undefined;
  }

  #lineIsFresh(): boolean {
    return this.#context.clock.monotonicMs() - this.#lineCheckedMonoMs < turnMs;
  }

  #underLoad(): boolean {
    return this.#load.seats >= loadSeats && this.#context.clock.monotonicMs() - this.#load.sinceMonoMs <= loadWindowMs;
  }

  #recentlySharedLeftMs(): number {
    return recentShareMs - (this.#context.clock.monotonicMs() - this.#lastSharedMonoMs);
  }

  /** Runs the one operation that may change who holds. */
  async #change<T>(operation: () => Promise<T>): Promise<T> {
    const running = operation();
    const settled = running.then(
      () => {},
      () => {},
    );
    this.#changing = settled;
    try {
      return await running;
    } finally {
      if (this.#changing === settled) this.#changing = undefined;
    }
  }

  /** The seats that want to be kept alive, and may be. */
  #kept(): readonly Seat[] {
    return [...this.#seats].filter((seat) => seat.ask.options.heartbeat && seat.lost === undefined);
  }

  #renewAtMonoMs(claim: Claim): number {
    if (this.#kept().length === 0) return Number.POSITIVE_INFINITY;
    const leftMs = claim.ttlMs / 3;
    return claim.fault === undefined ? claim.confirmedMonoMs + leftMs : claim.fault.monoMs + Math.min(leftMs / 4, 1_000);
  }

  #nextLookMonoMs(claim: Claim, nowMonoMs: number): number {
    const { clock } = this.#context;
    const ends = [...this.#seats].filter((seat) => seat.lost === undefined).map((seat) => seat.remainingMs(clock));
    const renewAt = this.#renewing ? Number.POSITIVE_INFINITY : this.#renewAtMonoMs(claim);
    return Math.min(renewAt, nowMonoMs + Math.max(0, Math.min(claim.remainingMs(), ...ends)));
  }

  /** Renews without anybody waiting for it; what comes of it is seen in `claim`. */
  #renewBehind(claim: Claim, since?: number): void {
    this.#renewing = true;
    this.#renew(claim, undefined, since)
      .catch(() => {})
      .finally(() => {
        this.#renewing = false;
        if (this.#claim === claim) this.#context.heartbeat.at(this, this.#nextLookMonoMs(claim, this.#context.clock.monotonicMs()));
      });
  }

  async #renew(claim: Claim, ttlMs?: number, since?: number): Promise<boolean> {
    const seats = [...this.#seats];
    const seat = this.#kept()[0] ?? seats[0];
    if (seat === undefined) return false;
    const latest = Math.max(...seats.map((each) => each.sinceWallMs + each.ask.options.maxHoldMs));
    const terms: ClaimTerms = {
      job: seat.ask.options.job,
      ttlMs: ttlMs ?? Math.max(...seats.map((each) => each.ttlMs)),
      maxHoldMs: latest - (since ?? claim.entrant.since),
    };
    const renewed = await claim.renew(terms, since);
    if (!renewed && claim === this.#claim) this.#claimLost(claim);
    return renewed;
  }
}

function termsOf({ options }: Ask): ClaimTerms {
  return { job: options.job, ttlMs: options.ttlMs, maxHoldMs: options.maxHoldMs };
}
