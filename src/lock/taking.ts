import { Claim } from './claim.ts';
import { createClaim, joinClaim, refusal, takeOverClaim } from './claiming.ts';
import type { ClaimContext, ClaimTerms, Refusal } from './entry.ts';
import { wishKey } from './keys.ts';
import type { Ask } from './seat.ts';
import type { Entry } from './store.ts';
import { Wish } from './wish.ts';

const maxRaces = 32;

/** One resource in the store, and what is known about taking it. */
export class Taking {
  readonly context: ClaimContext;
  readonly key: string;
  /** The token of an acquisition whose answer was lost: if it is in the record, it is ours. */
  orphan: string | undefined;
  #wish: Wish | undefined;

  constructor(context: ClaimContext, key: string) {
    this.context = context;
    this.key = key;
  }

  /** Made at first use: most locks are never contended. */
  get wish(): Wish {
    this.#wish ??= new Wish(this.context, wishKey(this.key));
    return this.#wish;
  }

  get wishStands(): boolean {
    return this.#wish?.stands ?? false;
  }
}

/** What a claim for `ask` writes about itself. */
export function termsOf({ options }: Ask): ClaimTerms {
  return { job: options.job, ttlMs: options.ttlMs, maxHoldMs: options.maxHoldMs };
}

/** How much an attempt knows of others: nothing; that they may wait, since this process has just been in; or that it is one look of a queue. */
export type Manner = 'bare' | 'back' | 'queued';

/**
 * One acquisition from the store. Nobody is asked about wishes while nobody contends: the first try is a bare `create`.
 * Whoever is back asks first: a writer, who mostly finds nobody, for the wish; a sharer for the record as well, at once. A queue, whose
 * looks mostly find a holder, asks for one after the other.
 * Rejects with `StoreUnavailableError`.
 */
export async function take(from: Taking, ask: Ask, manner: Manner): Promise<Claim | Refusal> {
  try {
    const comesStraightBack = manner === 'back' && ask.mode === 'write';
    const next = comesStraightBack ? await nextInLine(from, ask) : undefined;
    if (next !== undefined) return next;
    const created = manner === 'bare' || comesStraightBack ? await create(from, ask) : undefined;
    return created ?? (await lookAndTake(from, ask, manner));
  } catch (error) {
    from.orphan = ask.token;
    throw error;
  }
}

/** Whoever of another process is next in line, if `ask` must give way to it. Rejects with `StoreUnavailableError`. */
export async function nextInLine(from: Taking, ask: Ask): Promise<Refusal | undefined> {
  const next = await from.wish.foreign();
  return next === undefined || (ask.mode !== 'write' && next.mode === ask.mode) ? undefined : { blockers: [next], waiting: true };
}

/** The wish goes with it: left standing while this process takes its turns, it would keep those out who wait now. */
async function create(from: Taking, ask: Ask): Promise<Claim | undefined> {
  const creating = createClaim(from.context, from.key, ask.token, ask.mode, termsOf(ask));
  if (!from.wishStands) return creating;
  const [claim] = await Promise.all([creating, from.wish.withdraw()]);
  return claim;
}

async function lookAndTake(from: Taking, ask: Ask, manner: Manner): Promise<Claim | Refusal> {
  // Once: a race takes less time than anybody waits.
  let hasAsked = manner === 'back';
  for (let races = 0; races < maxRaces; races++) {
    const [found, line] = manner === 'back' && races === 0 ? await lookAtBoth(from, ask) : [await from.context.store.read(from.key)];
    const refused = found === undefined ? undefined : refusal(from.context, found, ask.token, ask.mode, termsOf(ask));
    if (refused !== undefined) return (await takeOrphan(from, refused, ask)) ?? refused;
    const mustAsk = !hasAsked && (manner === 'queued' || found !== undefined);
    hasAsked ||= mustAsk;
    const next = mustAsk ? await nextInLine(from, ask) : line;
    if (next !== undefined) return next;
    const claim =
      found === undefined ? await create(from, ask) : await joinClaim(from.context, from.key, found, ask.token, ask.mode, termsOf(ask));
    if (claim instanceof Claim) return claim;
  }
  return { blockers: [] };
}

function lookAtBoth(from: Taking, ask: Ask): Promise<[Entry | undefined, Refusal | undefined]> {
  return Promise.all([from.context.store.read(from.key), nextInLine(from, ask)]);
}

async function takeOrphan(from: Taking, { blockers }: Refusal, ask: Ask): Promise<Claim | undefined> {
  const [blocker] = blockers;
  if (blocker === undefined || blocker.token !== from.orphan || blocker.mode !== ask.mode) return undefined;
  return takeOverClaim(from.context, from.key, blocker.token, ask.token, termsOf(ask));
}
