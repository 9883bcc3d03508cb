import { Claim } from './claim.ts';
import { joinClaim, takeOverClaim } from './claiming.ts';
import { latestEnd } from './decide.ts';
import type { ClaimContext, Refusal } from './entry.ts';
import { StoreUnavailableError } from './errors.ts';
import type { Heartbeat } from './heartbeat.ts';
import { Keeper, type Kept } from './keeper.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { type Ask, Seat } from './seat.ts';
import { type Manner, nextInLine, Taking, take, termsOf } from './taking.ts';
import { Traffic } from './traffic.ts';
import { type Wait, Waiters } from './waiters.ts';

/** How long an idle shared claim is kept under load, so that a batch that follows writes nothing. */
const lingerMs = 4;

const noSeats: readonly Seat[] = [];

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
export class Gate implements Kept {
  readonly resource: string;
  readonly #context: GateContext;
  readonly #taking: Taking;
  readonly #traffic: Traffic;
  /** Made when somebody first waits here: most locks never do. */
  #waiters: Waiters | undefined;
  #seats: readonly Seat[] = noSeats;
  #claim: Claim | undefined;
  readonly #keeper: Keeper;
  /** The store operation that changes who holds. */
  readonly #changing = new OneAtATime();
  #minHoldUntilMs = 0;
  #lingering: Disposable | undefined;
  /** Who was in the way at the last look, and until when, on the wall clock, they may still be working. */
  #refused: { readonly refusal: Refusal; readonly endsMs: number } | undefined;

  constructor(context: GateContext, resource: string, key: string) {
    this.#context = context;
    this.resource = resource;
    this.#taking = new Taking(context, key);
    this.#traffic = new Traffic(context.clock);
    this.#keeper = new Keeper(this, context.clock, context.heartbeat);
  }

  /** Nothing held, nobody waiting, nothing worth remembering: the gate can be forgotten. */
  get idle(): boolean {
    const nothingHere = this.#claim === undefined && this.#changing.running === undefined && this.#waiting === 0;
    return nothingHere && !this.#traffic.mayComeBack && (this.#refused?.endsMs ?? 0) <= this.#context.clock.wallMs();
  }

  get #waiting(): number {
    return this.#waiters?.size ?? 0;
  }

  /** One attempt. A refusal is a value; rejects with `StoreUnavailableError`. */
  tryEnter(ask: Ask): Promise<Seat | Refusal> {
    return this.#seatOr(ask, (refused) => refused);
  }

  /** Waits for a seat. Rejects with `ResourceBusyError`, `StoreUnavailableError`, or when the wait is aborted. */
  async enter(ask: Ask, wait: Wait, onRefused: (refused: Refusal) => void): Promise<Seat> {
    const outcome = await this.#seatOr(ask, (refused) => {
      onRefused(refused);
      this.#waiters ??= this.#createWaiters();
      return { waiting: this.#waiters.join(ask, wait, refused) };
    });
    return outcome instanceof Seat ? outcome : outcome.waiting;
  }

  /** Gives a seat back. `false`: it was no longer ours. Rejects when the store does not answer. */
  async leave(seat: Seat, worked = true): Promise<boolean> {
    if (seat.left) return false;
    seat.left = true;
    this.#drop(seat);
    const { claim } = seat;
    if (claim.lost === 'stolen' || claim.lost === 'vanished') return false;
    if (this.#claim !== claim) return claim.release();
    if (worked && seat.ask.options.minHoldMs > 0)
      this.#minHoldUntilMs = Math.max(this.#minHoldUntilMs, seat.sinceWallMs + seat.ask.options.minHoldMs);
    if (this.#seats.length > 0) return claim.isLive();
    if (this.#minHoldUntilMs <= this.#context.clock.wallMs()) {
      if (this.#waiting > 0 && claim.mode === 'write' && (await this.#handOn(claim))) return true;
      if (this.#claim !== claim) return claim.lost === undefined;
      if (claim.mode !== 'write' && this.#waiting === 0 && this.#traffic.underLoad) return this.#linger(claim);
    }
    return this.#letGo(claim);
  }

  /** Renews with a new TTL now. `false`: no longer ours. Rejects when the store does not answer. */
  async extend(seat: Seat, ttlMs: number): Promise<boolean> {
    if (!this.isLive(seat)) return false;
    seat.extend(ttlMs, this.#context.clock);
    return (await this.#keeper.renew(seat.claim)) && this.isLive(seat);
  }

  /** Judges a seat's deadlines now, and tells those who lost. */
  isLive(seat: Seat): boolean {
    if (seat.left || seat.lost !== undefined) return false;
    if (!seat.claim.isLive()) {
      this.claimLost(seat.claim);
      seat.lose(seat.claim.lost ?? 'expired');
      return false;
    }
    const { clock } = this.#context;
    if (seat.holdLeftMs(clock) <= 0) seat.lose('max-hold');
    else if (seat.remainingMs(clock) <= 0) seat.lose('expired');
    return seat.lost === undefined;
  }

  /**
   * Gives a seat's entry up without touching the record, so that another process can carry it on. A sharer beside others
   * first gets an entry of its own. The token to carry on, or `undefined` when the entry was lost.
   */
  async detach(seat: Seat): Promise<string | undefined> {
    while (this.isLive(seat) && this.#seats.length > 1) {
      const found = await this.#context.store.read(this.#taking.key);
      const own =
        found === undefined
          ? 'raced'
          : await joinClaim(this.#context, this.#taking.key, found, seat.ask.token, seat.ask.mode, termsOf(seat.ask));
      if (own === 'raced') {
        // Its own entry may be what is gone: a renewal finds that out.
        await this.#keeper.renew(seat.claim);
        continue;
      }
      seat.left = true;
      this.#drop(seat);
      return own.token;
    }
    if (!this.isLive(seat)) return undefined;
    seat.left = true;
    this.#forget();
    await seat.claim.abandon();
    this.#waiters?.wake();
    return seat.claim.token;
  }

  /** Takes over the entry of `token`, under the token of `ask`. `undefined`: no such entry. */
  async restore(token: string, ask: Ask): Promise<Seat | undefined> {
    while (this.#changing.running !== undefined) await this.#changing.running;
    return this.#changing.run(async () => {
      const claim = await takeOverClaim(this.#context, this.#taking.key, token, ask.token, termsOf(ask));
      if (claim === undefined) return undefined;
      const standing = this.liveClaim();
      if (standing === undefined) {
        this.#adopt(claim);
        return this.#seatFirst(claim, ask);
      }
      await claim.release();
      return standing.mode === ask.mode && ask.mode !== 'write' ? this.#seat(standing, ask, claim.entrant.since) : undefined;
    });
  }

  /** Tells everybody who waits here that it is over. */
  stopWaiting(reason: Error): void {
    this.#waiters?.rejectAll(reason);
  }

  /** Waits for what is under way, and lets a lingering claim go. Never rejects. */
  async settle(): Promise<void> {
    while (this.#changing.running !== undefined) await this.#changing.running;
    if (this.#claim !== undefined && this.#seats.length === 0) await this.#letGo(this.#claim).catch(() => {});
  }

  seats(): readonly Seat[] {
    return this.#seats;
  }

  liveClaim(): Claim | undefined {
    if (this.#claim !== undefined && !this.#claim.isLive()) this.claimLost(this.#claim);
    return this.#claim;
  }

  claimLost(claim: Claim): void {
    if (claim !== this.#claim) return;
    const seats = this.#seats;
    this.#forget();
    for (const seat of seats) seat.lose(claim.lost ?? 'expired');
    this.#waiters?.wake();
  }

  #createWaiters(): Waiters {
    const { wish, key } = this.#taking;
    return new Waiters(this.#context, this.resource, key, {
      heldHere: () => this.#claim !== undefined,
      attempt: (ask) => this.#attemptForQueue(ask),
      keepWish: (ask, since, changed) => wish.keep(ask, since, changed),
      withdrawWish: () => wish.withdraw(),
      wishRenewsAtMonoMs: () => wish.renewAtMonoMs,
      liveUntilMs: () => this.#refused?.endsMs ?? 0,
    });
  }

  #drop(seat: Seat): void {
    this.#seats = this.#seats.length === 1 && this.#seats[0] === seat ? noSeats : this.#seats.filter((each) => each !== seat);
  }

  /** A seat, or what `refuse` makes of a refusal, at once: nobody who comes later can get in before a waiter is in the queue. */
  async #seatOr<T>(ask: Ask, refuse: (refused: Refusal) => T): Promise<Seat | T> {
    for (;;) {
      while (this.#changing.running !== undefined) await this.#changing.running;
      if (this.#waiting > 0) return refuse(this.#knownRefusal());
      const claim = this.liveClaim();
      if (claim === undefined) {
        return this.#changing.run(async () => {
          const taken = await this.#takeOrRefuse(ask, this.#traffic.mustAsk ? 'back' : 'bare');
          return taken instanceof Claim ? this.#seatFirst(taken, ask) : refuse(taken);
        });
      }
      if (this.#lingering !== undefined && claim.mode !== ask.mode) {
        await this.#letGo(claim);
        continue;
      }
      if (claim.mode === 'write' || claim.mode !== ask.mode) return refuse(this.#knownRefusal());
      if (!(this.#traffic.underLoad && this.#traffic.isOurTurn(ask.mode))) {
        const next = await this.#changing.run(() => this.#whoGoesFirst(ask));
        if (next !== undefined) {
          const refused = refuse(next);
          if (this.#lingering !== undefined) this.#letGo(claim).catch(() => {});
          return refused;
        }
        if (this.liveClaim() !== claim) continue;
      }
      const seat = this.#seat(claim, ask);
      if (ask.options.heartbeat || claim.remainingMs() >= ask.options.ttlMs) return seat;
      if ((await this.#changing.run(() => this.#keeper.renew(claim))) && this.isLive(seat)) return seat;
      seat.left = true;
      this.#drop(seat);
    }
  }

  /** One careful attempt for whoever waits longest. `undefined`: the resource is held here now. */
  async #attemptForQueue(ask: Ask): Promise<Refusal | undefined> {
    while (this.#changing.running !== undefined) await this.#changing.running;
    if (this.liveClaim() !== undefined) return undefined;
    const unserved = await this.#changing.run(async () => {
      const taken = await this.#takeOrRefuse(ask, 'queued');
      // Whoever the attempt was made for may have stopped waiting; the claim serves who is first now.
      return taken instanceof Claim && this.#serve(taken) ? undefined : taken;
    });
    if (!(unserved instanceof Claim)) return unserved;
    await this.#letGo(unserved).catch(() => {});
    return undefined;
  }

  async #takeOrRefuse(ask: Ask, manner: Manner): Promise<Claim | Refusal> {
    const taken = await take(this.#taking, ask, manner).catch((error: unknown) => this.#orLiveHolder(error, ask));
    if (manner !== 'bare') this.#traffic.asked();
    if (taken instanceof Claim) {
      this.#adopt(taken);
      return taken;
    }
    if (taken.unreadable)
      this.#context.notice(
        this.resource,
        `the record of "${this.resource}" is garbage or of a later version; it is treated as busy and left alone`,
      );
    this.#traffic.metOthers();
    this.#refused = { refusal: taken, endsMs: taken.waiting || taken.blockers.length === 0 ? 0 : latestEnd(taken.blockers) };
    return taken;
  }

  /** A waiter that has just seen a live holder must not take a dead store for permission to run. */
  #orLiveHolder(error: unknown, ask: Ask): Refusal {
    const seen = this.#refused;
    if (
      error instanceof StoreUnavailableError &&
      ask.options.onStoreDown === 'run' &&
      seen !== undefined &&
      seen.endsMs > this.#context.clock.wallMs()
    )
      return { ...seen.refusal, stale: true };
    throw error;
  }

  #adopt(claim: Claim): void {
    this.#claim = claim;
    this.#refused = undefined;
    this.#taking.orphan = undefined;
    this.#minHoldUntilMs = 0;
    this.#traffic.took();
    if (this.#taking.wishStands) void this.#taking.wish.withdraw();
  }

  /** Seats whoever took the claim, and the sharers that came meanwhile. */
  #seatFirst(claim: Claim, ask: Ask): Seat {
    const seat = this.#seat(claim, ask, claim.entrant.since);
    if (claim.mode !== 'write') this.#serve(claim);
    return seat;
  }

  /** Seats who is first in the queue, and all behind it that share its mode. `false`: nobody was seated. */
  #serve(claim: Claim): boolean {
    const seated = this.#waiters?.serve(claim.mode, (ask) => this.#seat(claim, ask)) ?? false;
    if (seated && claim.mode !== 'write') this.#serve(claim);
    return seated;
  }

  #seat(claim: Claim, ask: Ask, sinceWallMs?: number): Seat {
    this.#stopLingering();
    const seat = new Seat(claim, ask, this.#context.clock, sinceWallMs);
    // A spread reserves room for seventeen.
    this.#seats = this.#seats.length === 0 ? [seat] : [...this.#seats, seat];
    if (claim.mode !== 'write') this.#traffic.countShare();
    this.#keeper.lookAgain(claim);
    return seat;
  }

  /** Passes a write claim to the next local waiter; the record follows behind. */
  async #handOn(claim: Claim): Promise<boolean> {
    const next = this.#waiters?.head;
    if (next?.mode !== 'write' || claim.remainingMs() < claim.ttlMs / 3) return false;
    const inTurn = this.#traffic.isOurTurn('write');
    if (!inTurn && (await this.#changing.run(() => this.#whoGoesFirst(next))) !== undefined) return false;
    if (this.liveClaim() !== claim || this.#waiters?.head !== next) return false;
    if (claim.fence !== undefined) {
      const passed = await this.#changing.run(() => claim.passOn(next.token, termsOf(next)).catch(() => false));
      // The waiter may have left during the request: then the claim is let go like any other.
      return passed && this.liveClaim() === claim && this.#waiters?.head === next && this.#serve(claim);
    }
    this.#serve(claim);
    // A turn that goes on is said at once: work that never lets the event loop turn would else never say it.
    if (inTurn) this.#keeper.announce(claim);
    else this.#keeper.renewBehind(claim, this.#context.clock.wallMs());
    return true;
  }

  /** Whoever of another process is next in line, if `ask` must give way to it. A store that does not answer names nobody. */
  async #whoGoesFirst(ask: Ask): Promise<Refusal | undefined> {
    const next = await nextInLine(this.#taking, ask).catch(() => undefined);
    this.#traffic.asked();
    if (next === undefined) this.#traffic.lineChecked();
    else this.#traffic.metOthers();
    return next;
  }

  #linger(claim: Claim): boolean {
    this.#lingering = this.#context.clock.setTimer(() => {
      if (this.#seats.length === 0 && this.#claim === claim) this.#letGo(claim).catch(() => {});
    }, lingerMs);
    return claim.isLive();
  }

  #stopLingering(): void {
    this.#lingering?.[Symbol.dispose]();
    this.#lingering = undefined;
  }

  #letGo(claim: Claim): Promise<boolean> {
    this.#forget();
    this.#traffic.letGo(claim.mode);
    const released = this.#changing.run(() => claim.release(this.#minHoldUntilMs));
    this.#waiters?.wake();
    return released;
  }

  #forget(): void {
    this.#stopLingering();
    this.#claim = undefined;
    this.#seats = noSeats;
    this.#keeper.forget();
  }

  #knownRefusal(): Refusal {
    return this.#claim === undefined ? (this.#refused?.refusal ?? { blockers: [] }) : { blockers: [this.#claim.entrant] };
  }
}
