/** Whether it pays to read first: guessed from what was so before. */

import type { Facts } from './facts.ts';
import type { Guess } from './states.ts';
import type { Stay } from './stay.ts';

/** One step with each time, as processors guess branches: what was otherwise once may have been chance. */
const guesses: readonly Guess[] = ['no', 'rather not', 'rather', 'yes'];

/** Then it pays: to read costs a request, and to be refused two. */
export function isLikely(guess: Guess): boolean {
  return guess === 'rather' || guess === 'yes';
}

/** Whoever came has found it taken, or not. */
export function arrived(m: Facts, isTaken: boolean): void {
  if (m.known !== undefined && m.isArriving) m.known.taken = again(m.known.taken, isTaken);
  m.isArriving = false;
}

/** Others have written since, as was read, or nobody had when we left; told once of each stay. */
export function wasChanged(m: Facts, stay: Stay, isChanged: boolean): void {
  if (stay.isJudged) return;
  stay.isJudged = true;
  const { changed } = m.acquaint();
  if (stay.isAlone) changed.alone = again(changed.alone, isChanged);
  else changed.shared = again(changed.shared, isChanged);
}

/** Before we leave. */
export function readsFirst({ known }: Facts, { isAlone }: Stay): boolean {
  return known === undefined ? !isAlone : isLikely(isAlone ? known.changed.alone : known.changed.shared);
}

function again(guess: Guess, wasSo: boolean): Guess {
  return guesses[guesses.indexOf(guess) + (wasSo ? 1 : -1)] ?? guess;
}
