/** Reads what workers and nemesis wrote down, and says whether the promises held. Pure. */
import { lateLosses, overlapsIn, strangersFreed } from './exclusion.ts';
import type { Line } from './history.ts';
import { badEnds, hangs, orphans } from './liveness.ts';
import type { Terms } from './terms.ts';
import { type Breach, nameOf, turnsIn } from './turns.ts';

export type FindingKind = 'overlap' | 'stranger-freed' | 'late-loss' | 'orphan' | 'hang' | 'bad-end';

/** A promise that was broken. */
export interface Finding {
  readonly kind: FindingKind;
  /** Milliseconds after the first line of the history. */
  readonly atMs: number;
  /** Who broke it. */
  readonly worker: string;
  readonly text: string;
}

export interface Verdict {
  readonly acquisitions: number;
  /** Of them, those made while the store was down, by somebody who had asked for that. */
  readonly unprotected: number;
  /** Losses that were signalled. */
  readonly losses: number;
  /** Overlaps that the store's documentation allows, each ended by a signal in time. */
  readonly explained: number;
  readonly unexplained: number;
  /** Empty: every promise held. */
  readonly findings: readonly Finding[];
}

export function check(lines: readonly Line[], terms: Terms): Verdict {
  const history = [...lines].sort((a, b) => a.at - b.at);
  const startedAt = history[0]?.at ?? 0;
  const turns = turnsIn(history);
  const acquired = turns.filter(({ answer }) => answer?.what === 'acquired');
  const overlaps = overlapsIn(turns, history, terms);
  const unexplained = overlaps.filter(({ isExplained }) => !isExplained);
  const found: Readonly<Record<FindingKind, readonly Breach[]>> = {
    overlap: unexplained.map(({ stale, fresh, resource, from, to }) => ({
      at: from,
      worker: stale.worker,
      text: `${nameOf(stale)} and ${nameOf(fresh)} both held "${resource}" for ${(to - from).toFixed(1)} ms`,
    })),
    'stranger-freed': strangersFreed(turns, history, terms),
    'late-loss': lateLosses(turns, history, terms),
    orphan: orphans(turns, history, terms),
    hang: hangs(turns, history),
    'bad-end': badEnds(history),
  };
  return {
    acquisitions: acquired.length,
    unprotected: acquired.filter(({ isProtected }) => !isProtected).length,
    losses: turns.filter(({ lost }) => lost !== undefined).length,
    explained: overlaps.length - unexplained.length,
    unexplained: unexplained.length,
    findings: Object.entries(found).flatMap(([kind, list]) =>
      list.map(({ at, worker, text }) => ({ kind: kind as FindingKind, atMs: Math.round(at - startedAt), worker, text })),
    ),
  };
}
