import type { Script } from './script.ts';

const usualPlays = 200;
/** Of fewer, nine in ten are not told apart from all. */
const fewestPlays = 20;
/** So many fires are played in a quarter of a minute (2 cores, November 2026); to try other times takes as long again, or twice. */
const playedFires = 4_000_000;

/** Fewer where jobs fire by the second: the more fires there are, the less the plays differ. */
export function playsFor({ moments }: Pick<Script, 'moments'>): number {
  const fires = moments.reduce((sum, { due }) => sum + due.length, 0);
  return Math.max(fewestPlays, Math.min(usualPlays, Math.floor(playedFires / Math.max(1, fires))));
}
