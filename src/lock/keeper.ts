import type { Claim } from './claim.ts';
import type { Clock } from './clock.ts';
import type { Beating, Heartbeat } from './heartbeat.ts';
import type { Seat } from './seat.ts';
import { nextLookMonoMs, renewAtMonoMs, renewalTerms } from './upkeep.ts';

/** Hand-overs within a turn go into the record this often at most. */
const announceEveryMs = 20;

/** What is kept: a claim and the seats on it. */
export interface Kept {
  /** Only while its deadline has not passed. */
  liveClaim(): Claim | undefined;
  seats(): readonly Seat[];
  /** Judges a seat's deadlines now, and tells it when it lost. */
  isLive(seat: Seat): boolean;
  /** The claim is no longer ours. */
  claimLost(claim: Claim): void;
}

/** Keeps a gate's claim: looks at it when the heartbeat says so, and renews it in time. */
export class Keeper implements Beating {
  readonly #kept: Kept;
  readonly #clock: Clock;
  readonly #heartbeat: Heartbeat;
  #renewing = false;
  /** On the wall clock: the last hand-over of this claim. The record may not show it yet. */
  #handedOnAt: number | undefined;
  #announcing: Disposable | undefined;
  #renewedMonoMs = Number.NEGATIVE_INFINITY;

  constructor(kept: Kept, clock: Clock, heartbeat: Heartbeat) {
    this.#kept = kept;
    this.#clock = clock;
    this.#heartbeat = heartbeat;
  }

  beat(nowMonoMs: number): number | undefined {
    const claim = this.#kept.liveClaim();
    if (claim === undefined) return undefined;
    for (const seat of this.#kept.seats()) this.#kept.isLive(seat);
    if (!this.#renewing && nowMonoMs >= renewAtMonoMs(claim, this.#kept.seats())) this.renewBehind(claim);
    return this.#nextLookMonoMs(claim);
  }

  /** The seats have changed. */
  lookAgain(claim: Claim): void {
    this.#heartbeat.at(this, this.#nextLookMonoMs(claim));
  }

  /** There is nothing to keep any more. */
  forget(): void {
    this.#announcing?.[Symbol.dispose]();
    this.#announcing = undefined;
    this.#handedOnAt = undefined;
    this.#renewedMonoMs = Number.NEGATIVE_INFINITY;
    this.#heartbeat.forget(this);
  }

  /** `false`: the claim is lost. Rejects when the store does not answer. */
  async renew(claim: Claim, since: number = claim.entrant.since): Promise<boolean> {
    const terms = renewalTerms(this.#kept.seats(), since);
    if (terms === undefined) return false;
    const renewed = await claim.renew(terms, since);
    if (!renewed) this.#kept.claimLost(claim);
    return renewed;
  }

  /** Renews without anybody waiting for it; what comes of it is seen in `claim`. */
  renewBehind(claim: Claim, since: number | undefined = this.#handedOnAt): void {
    this.#handedOnAt = since;
    if (this.#renewing) return;
    this.#renewing = true;
    this.#renewedMonoMs = this.#clock.monotonicMs();
    this.renew(claim, since)
      .catch(() => {})
      .finally(() => {
        this.#renewing = false;
        if (this.#kept.liveClaim() !== claim) return;
        if (this.#handedOnAt !== since) this.announce(claim, this.#handedOnAt);
        this.lookAgain(claim);
      });
  }

  /**
   * The claim was handed on. The record follows when the next holder has begun, since a request that is written first keeps
   * it waiting; hand-overs in quick succession share one.
   */
  announce(claim: Claim, since: number = this.#clock.wallMs()): void {
    this.#handedOnAt = since;
    if (this.#announcing !== undefined || this.#renewing) return;
    const announce = (): void => {
      this.#announcing = undefined;
      if (this.#kept.liveClaim() === claim && this.#kept.seats().length > 0) this.renewBehind(claim);
    };
    this.#announcing = this.#clock.setTimer(
      announce,
      Math.max(0, this.#renewedMonoMs + announceEveryMs - this.#clock.monotonicMs()),
      false,
    );
  }

  #nextLookMonoMs(claim: Claim): number {
    return nextLookMonoMs(claim, this.#kept.seats(), this.#renewing, this.#clock);
  }
}
