/** How long turns take: ours, what is said of others', and the pace at which they go by. Guesses: a wrong one costs a look or a wait, never a lock. */

import type { Now } from '../clock.ts';
import type { Entrant } from '../record/record.ts';
import type { Facts } from './facts.ts';
import type { Acquaintance } from './states.ts';
import type { Stay } from './stay.ts';

/** How long a holder's turn takes, by itself or by whoever let it in. */
export function usualOf(holder?: Entrant): number | undefined {
  return holder?.usualMs ?? holder?.guessMs;
}

/** How long our turns take here, this one counted, which ends now. Rather too little: to look too early costs a request, too late keeps all in line waiting. */
function usualMs(m: Facts, stay: Stay, now: Now): number {
  const tookMs = (stay.leavesMonoMs ?? now.monoMs) - stay.beganMonoMs;
  const beforeMs = m.known?.usualMs ?? tookMs;
  return Math.max(1, Math.round(beforeMs + (tookMs - beforeMs) / (tookMs < beforeMs ? 2 : 8)));
}

/** What we say of others' turns: by ours, or where this is our first by what was said of it as well. One that was long shall not keep all in line asleep. */
export function guessMs(m: Facts, stay: Stay, now: Now): number {
  const oursMs = usualMs(m, stay, now);
  const toldMs = m.known?.usualMs === undefined ? stay.entrant.guessMs : undefined;
  return toldMs === undefined ? oursMs : Math.round((toldMs + oursMs) / 2);
}

export function learn(m: Facts, stay: Stay, now: Now): void {
  if (m.known !== undefined) m.known.usualMs = usualMs(m, stay, now);
}

/** What was said of its turn before is said until it knows better. */
export function asTold(anew: Entrant, { usualMs, guessMs }: Entrant): Entrant {
  return anew.usualMs === undefined ? { ...anew, guessMs: usualMs ?? guessMs } : anew;
}

/** A turn of `holder` has been seen, which began then. It may not be the next after the one before. */
export function sawBegin(known: Acquaintance, holder: string, beganMonoMs: number): void {
  const place = known.refusal.ahead.findIndex(({ token }) => token === holder);
  if (place !== -1) {
    const paceMs = (beganMonoMs - known.holderMonoMs) / (place + 1);
    known.paceMs = Math.min(paceMs, known.lastPaceMs);
    known.lastPaceMs = paceMs;
  }
  watch(known, holder, beganMonoMs);
}

/** From now on it is looked at. */
export function watch(known: Acquaintance, holder: string | undefined, beganMonoMs: number): void {
  known.holder = holder;
  known.holderMonoMs = beganMonoMs;
  known.looks = 0;
}
