import { type Now, never, passedMs } from '../clock.ts';
import { List } from '../list.ts';
import { latestDateMs } from '../record/dates.ts';
import type { Waiting } from '../record/record.ts';
import { type Orders, type Refusal, unknownRefusal } from './orders.ts';
import type { Neighbours, Seat } from './seat.ts';
import { type Acquaintance, type Intent, type Pending, type State, type Surroundings, stranger } from './states.ts';
import type { Stay } from './stay.ts';

/** How long a process serves its own waiters without asking whether others wait: some twelve holds of 5 ms, and a wait that nobody notices. */
export const turnMs = 64;
/** Compare-and-swap races in a row before an attempt is given up. Each one means that somebody else succeeded. */
export const maxRaces = 64;
/** Races run again without a pause. Where 36 tasks share a record, one write in three loses (simulated), so one in two hundred loses five in a row. */
const racesAtOnce = 4;
/** Shared by all machines where nobody extends, hands over or takes over: most never do. */
const none: readonly never[] = [];

/** All that a machine knows. Changed by transitions alone. */
export class Facts {
  state: State = 'out';
  readonly orders: Orders & Neighbours;
  readonly around: Surroundings;
  /** Somebody here has asked for so many looks at most. */
  countsLooks = false;
  /** Asked and waiting. */
  readonly queue: List<Seat> = new List();
  readonly seats: List<Seat> = new List();
  stay: Stay | undefined;
  known: Acquaintance | undefined;
  /** Requests so far. */
  sends = 0;
  /** When the request under way was sent. */
  sent: Now = never;
  /** What the write under way says. */
  pending: Pending | undefined;
  /** The last seat of a stay, whose release waits for the answer. */
  leaver: Intent | undefined;
  /** Our place in the line, if we are in it. */
  lined: Waiting | undefined;
  /** The place we asked for last, if nobody knows whether we got it: the next look tells. */
  maybeLined: Waiting | undefined;
  /** Before when, for sure, nobody had let us in. */
  notBefore: Now = this.sent;
  nextLookMonoMs = 0;
  /** The store called while a request was under way. */
  isPoked = false;
  /** Whoever came has not met anybody yet, nor nobody. */
  isArriving = false;
  turnEndsMonoMs = 0;
  /** The record does not say yet who sits here now. */
  isStale = false;
  /** What we got last was over before the store had answered. Once that may be this process, which was stopped meanwhile. */
  isLate = false;
  /** Whoever sat here last was soon done: within a turn. */
  isBrief = false;
  nextSeatEndMonoMs: number = Number.POSITIVE_INFINITY;
  minHoldUntil: Now = never;
  races = 0;
  /** Races: not before then, on the monotonic clock. */
  pausedUntilMonoMs = 0;
  /** The record was read just now. */
  isFresh = false;
  /** How many of those who extend are in the write under way. */
  extendingSent = 0;
  extending: readonly Intent[] = none;
  detaching: readonly { readonly seat: Seat; readonly settle: (token: string | undefined | Error) => void }[] = none;
  /** `sends`: what was asked for by then is older than this. */
  restoring: readonly { readonly token: string; readonly seat: Seat; readonly sends: number }[] = none;
  readonly next: (m: Facts, now: Now) => void;

  constructor(orders: Orders & Neighbours, around: Surroundings, next: (m: Facts, now: Now) => void) {
    this.orders = orders;
    this.around = around;
    this.next = next;
  }

  /** In a state that rests, does what is to be done next; in any other, the answer to come decides. */
  step(now: Now): void {
    this.next(this, now);
  }

  /** A request is about to be ordered. */
  send(state: State, now: Now): void {
    this.state = state;
    this.sends++;
    this.isFresh = false;
    this.sent = now;
  }

  /** We are among the holders. A turn begins. */
  hold(stay: Stay, now: Now): void {
    this.stay = stay;
    this.state = 'held';
    this.pending = undefined;
    this.races = 0;
    this.forgetPlace();
    if (this.known !== undefined) {
      this.known.refusal = unknownRefusal;
      this.known.doubtful = this.known.doubtful.filter(({ token }) => token !== stay.token);
    }
    this.minHoldUntil = never;
    this.nextSeatEndMonoMs = Number.POSITIVE_INFINITY;
    this.beginTurn(now);
  }

  /** A lock that was held since then is let go, and owes a shortest hold. */
  owe(since: Now, minHoldMs: number, now: Now): void {
    const leftMs = minHoldMs - passedMs(since, now);
    if (leftMs > this.minHoldLeftMs(now)) this.minHoldUntil = { monoMs: now.monoMs + leftMs, wallMs: now.wallMs + leftMs };
  }

  /** Of the shortest hold that those who have left owe; by whichever clock is further ahead, so that a clock that is set back makes it no longer. */
  minHoldLeftMs(now: Now): number {
    return Math.min(this.minHoldUntil.monoMs - now.monoMs, this.minHoldUntil.wallMs - now.wallMs);
  }

  /** The record says who sits here. Whether others wait will be known by the next write. */
  beginTurn(now: Now): void {
    this.turnEndsMonoMs = now.monoMs + turnMs;
    this.isStale = false;
  }

  /** When the record shall say who sits here, if it does not. Where others wait a turn ends by itself: one that soon does is not told of. */
  tellsMonoMs({ hasLine }: Stay): number {
    return this.isStale ? this.turnEndsMonoMs + (hasLine ? turnMs : 0) : Number.POSITIVE_INFINITY;
  }

  /** A seat is over, and with it what it had asked for. */
  dropExtensions(over: Seat): void {
    if (this.extending.length === 0) return;
    const isOver = ({ seat }: Intent): boolean => seat === over;
    this.extendingSent -= this.extending.slice(0, this.extendingSent).filter(isOver).length;
    const dropped = this.extending.filter(isOver);
    this.extending = this.extending.filter((each) => !isOver(each));
    for (const { settle } of dropped) settle(false);
  }

  /** Those who extend and hand over, who will be told by whoever takes them. */
  takeIntents(): Pick<Facts, 'extending' | 'detaching'> {
    const { extending, detaching } = this;
    this.extending = none;
    this.detaching = none;
    return { extending, detaching };
  }

  /** We are in no line, or it no longer matters. */
  forgetPlace(): void {
    this.lined = undefined;
    this.maybeLined = undefined;
  }

  /** Somebody's call waits for what is done here. */
  get isAwaited(): boolean {
    return this.leaver !== undefined || this.queue.size + this.extending.length + this.detaching.length > 0;
  }

  /** Nothing goes on here any more: whoever comes next finds all as it was in the beginning. */
  rest(): void {
    this.known = undefined;
    this.pending = undefined;
    this.countsLooks = false;
    this.isPoked = false;
    this.races = 0;
    this.pausedUntilMonoMs = 0;
    this.orders.rest();
  }

  /** A race was lost. `false`: too often. */
  raced(now: Now): boolean {
    this.races++;
    // Each lost race means that somebody else got on; who loses more than those around it steps aside for a few milliseconds.
    const lost = this.races - racesAtOnce;
    if (lost > 0) this.pausedUntilMonoMs = now.monoMs + this.orders.luck() * Math.min(2 ** lost, 20);
    return this.races <= maxRaces;
  }

  /** Tokens of ours that are nobody's any more; with a time, only those that keep no shortest hold. */
  isDoubtful(token: string, wallMs: number = Number.POSITIVE_INFINITY): boolean {
    return this.known?.doubtful.some((each) => each.token === token && each.keptUntilMs <= wallMs) ?? false;
  }

  doubt(token: string, ttlMs: number, now: Now): void {
    const known = this.acquaint();
    const keptUntilMs = token === this.stay?.token ? now.wallMs + this.minHoldLeftMs(now) : 0;
    const doubt = { token, untilMonoMs: now.monoMs + 2 * ttlMs, keptUntilMs };
    known.doubtful = [...known.doubtful.filter((each) => each.untilMonoMs > now.monoMs && each.token !== token), doubt];
  }

  /** Others have been met here. */
  acquaint(): Acquaintance {
    this.known ??= stranger();
    return this.known;
  }

  /** Who is in the way of whoever asks now. */
  refusal(): Refusal {
    if (this.stay === undefined) return this.known?.refusal ?? unknownRefusal;
    return { blockers: [this.stay.entrant], ahead: this.stay.record.line };
  }

  /** Who is in the way of whoever comes to wait behind those who wait here. */
  refusalBehindLine(wallMs: number): Refusal {
    const { blockers, ahead } = this.refusal();
    if (this.lined !== undefined) return { blockers, ahead: [...ahead, this.lined] };
    const { head } = this.queue;
    return head === undefined || blockers.length + ahead.length > 0
      ? { blockers, ahead }
      : { blockers, ahead: [waitingOf(this, head, wallMs)] };
  }
}

/** Our place in the line, for whoever is first. */
export function waitingOf(m: Facts, { mode, limit, options }: Seat, wallMs: number): Waiting {
  const { job, ttlMs, maxHoldMs, retry } = options;
  return {
    token: m.orders.newToken(),
    mode,
    job,
    ...m.around.identity,
    since: wallMs,
    ttlMs,
    maxHoldMs: maxHoldMs > latestDateMs ? undefined : maxHoldMs,
    maxWaitMs: retry.maxWaitMs,
    pauseMs: retry.maxDelayMs,
    usualMs: m.known?.usualMs,
    limit,
  };
}
