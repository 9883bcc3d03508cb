import type { Cell } from './cells.ts';
import type { Taken } from './worker.ts';

export interface Figures {
  readonly turns: number;
  readonly requestsPerTurn: number;
  /** Waits in fair cycles: the mean time between two turns of one task. */
  readonly waitP99: number;
  readonly longestWait: number;
  readonly fairCycleMs: number;
  /** Of the time in which somebody wanted it. */
  readonly heldShare: number;
  /** How often somebody held before the one before had let go. */
  readonly overlaps: number;
}

export function figuresOf({ processes, tasks }: Cell, taken: readonly Taken[], startAtMs: number, endAtMs: number): Figures {
  const turns = taken.flatMap((each) => each.turns).sort((a, b) => a.heldAtMs - b.heldAtMs);
  const waits = turns.map(({ askedAtMs, heldAtMs }) => heldAtMs - askedAtMs).sort((a, b) => a - b);
  const inTime = turns.filter(({ heldAtMs }) => heldAtMs < endAtMs);
  const heldMs = inTime.reduce((sum, { heldAtMs, letGoAtMs }) => sum + Math.min(letGoAtMs, endAtMs) - heldAtMs, 0);
  const fairCycleMs = ((endAtMs - startAtMs) * processes * tasks) / inTime.length;
  return {
    turns: turns.length,
    requestsPerTurn: taken.reduce((sum, { requests }) => sum + requests, 0) / turns.length,
    waitP99: (waits[Math.floor(waits.length * 0.99)] ?? Number.NaN) / fairCycleMs,
    longestWait: (waits.at(-1) ?? Number.NaN) / fairCycleMs,
    fairCycleMs,
    heldShare: heldMs / (endAtMs - startAtMs),
    overlaps: turns.filter(({ heldAtMs }, at) => at > 0 && heldAtMs < (turns[at - 1]?.letGoAtMs ?? 0)).length,
  };
}
