import { Claim } from './claim.ts';
import { createClaim, joinClaim, refusal, takeOverClaim } from './claiming.ts';
import type { ClaimContext, ClaimTerms, Refusal } from './entry.ts';
import { wishKey } from './keys.ts';
import type { Ask } from './seat.ts';
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

/**
 * One acquisition from the store. Nobody is asked about wishes while nobody contends: the first try is a bare `create`.
 * `careful`: whoever is next in line goes first. Rejects with `StoreUnavailableError`.
 */
export async function take(from: Taking, ask: Ask, careful: boolean): Promise<Claim | Refusal> {
  try {
    return (careful ? undefined : await create(from, ask)) ?? (await lookAndTake(from, ask, careful));
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

function create(from: Taking, ask: Ask): Promise<Claim | undefined> {
  return createClaim(from.context, from.key, ask.token, ask.mode, termsOf(ask));
}

async function lookAndTake(from: Taking, ask: Ask, careful: boolean): Promise<Claim | Refusal> {
  for (let races = 0; races < maxRaces; races++) {
    const found = await from.context.store.read(from.key);
    const refused = found === undefined ? undefined : refusal(from.context, found, ask.token, ask.mode, termsOf(ask));
    if (refused !== undefined) return (await takeOrphan(from, refused, ask)) ?? refused;
    const next = careful || found !== undefined ? await nextInLine(from, ask) : undefined;
    if (next !== undefined) return next;
    const claim =
      found === undefined ? await create(from, ask) : await joinClaim(from.context, from.key, found, ask.token, ask.mode, termsOf(ask));
    if (claim instanceof Claim) return claim;
  }
  return { blockers: [] };
}

async function takeOrphan(from: Taking, { blockers }: Refusal, ask: Ask): Promise<Claim | undefined> {
  const [blocker] = blockers;
  if (blocker === undefined || blocker.token !== from.orphan || blocker.mode !== ask.mode) return undefined;
  return takeOverClaim(from.context, from.key, blocker.token, ask.token, termsOf(ask));
}
