import type { Refusal } from './entry.ts';
import type { Gate } from './gate.ts';
import { type Ask, Seat } from './seat.ts';
import type { Wait } from './waiters.ts';

/** A gate, and what to ask it for. */
export interface Place {
  readonly gate: Gate;
  readonly ask: Ask;
}

/** A seat, and the gate to give it back to. */
export interface Taken {
  readonly gate: Gate;
  readonly seat: Seat;
}

export interface RefusedAt {
  readonly gate: Gate;
  readonly refusal: Refusal;
}

type OnRefused = (gate: Gate, refusal: Refusal) => void;

/** All of `places` or none, in one attempt each, all at once. Rejects with `StoreUnavailableError`. */
export async function tryTakeAll(places: readonly Place[]): Promise<readonly Taken[] | RefusedAt> {
  const outcomes = await Promise.allSettled(places.map(({ gate, ask }) => gate.tryEnter(ask)));
  const taken: Taken[] = [];
  let refused: RefusedAt | undefined;
  let fault: PromiseRejectedResult | undefined;
  outcomes.forEach((outcome, index) => {
    const { gate } = places[index] as Place;
    if (outcome.status === 'rejected') fault ??= outcome;
    else if (outcome.value instanceof Seat) taken.push({ gate, seat: outcome.value });
    else refused ??= { gate, refusal: outcome.value };
  });
  if (fault === undefined && refused === undefined) return taken;
  await giveBack(taken);
  if (refused !== undefined) return refused;
  throw fault?.reason;
}

/**
 * All of `places`, waiting until they are free. Several: first all at once; if one is busy everything goes back, and then
 * one after another in the order given, which must be the same for everybody (sorted names), so nobody can deadlock.
 */
export async function takeAll(places: readonly Place[], wait: Wait, onRefused: OnRefused): Promise<readonly Taken[]> {
  const [only] = places;
  if (places.length === 1 && only !== undefined) {
    return [{ gate: only.gate, seat: await only.gate.enter(only.ask, wait, (refusal) => onRefused(only.gate, refusal)) }];
  }
  const atOnce = await tryTakeAll(places);
  if (isTaken(atOnce)) return atOnce;
  for (;;) {
    const taken: Taken[] = [];
    try {
      for (const { gate, ask } of places) taken.push({ gate, seat: await gate.enter(ask, wait, (refusal) => onRefused(gate, refusal)) });
    } catch (error) {
      await giveBack(taken);
      throw error;
    }
    // One that was lost while waiting for the next must not pass for held.
    if (taken.every(({ gate, seat }) => gate.isLive(seat))) return taken;
    await giveBack(taken);
  }
}

export function isTaken(outcome: readonly Taken[] | RefusedAt): outcome is readonly Taken[] {
  return Array.isArray(outcome);
}

/** What was gained in vain; a record that cannot be reached is left to its TTL. */
async function giveBack(taken: readonly Taken[]): Promise<void> {
  await Promise.allSettled(taken.map(({ gate, seat }) => gate.leave(seat, false)));
}
