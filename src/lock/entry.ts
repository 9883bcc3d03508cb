import type { Clock } from './clock.ts';
import { type Entrant, latestDateMs } from './record.ts';
import type { LockStore } from './store.ts';

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
  /** As last seen: the store did not answer now. */
  readonly stale?: true;
}

/** What a claim needs from its surroundings. */
export interface ClaimContext {
  readonly store: LockStore;
  readonly clock: Clock;
  readonly host: string;
  readonly pid: number;
}

/** CAS races in a row before a write gives up. Each one means that somebody else succeeded. */
export const maxRaces = 64;

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
    ...(since + terms.maxHoldMs > latestDateMs ? {} : { latestEnd: since + terms.maxHoldMs }),
    ttlMs: terms.ttlMs,
    until: wallMs + terms.ttlMs,
    beat: (base.beat ?? 0) + 1,
  };
}

/** The first race is run again at once; who keeps losing steps aside for a few milliseconds. */
export async function jitter(clock: Clock, races: number): Promise<void> {
  if (races > 0) await new Promise<void>((resolve) => clock.setTimer(resolve, Math.random() * Math.min(2 ** races, 20)));
}
