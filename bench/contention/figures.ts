import { type Estimate, median, quantile, spreadOf } from '../estimate.ts';
import type { Cell } from './cells.ts';
import type { Taken } from './worker.ts';

/** One time that a cell was played. */
export interface Play {
  readonly taken: readonly Taken[];
  readonly startAtMs: number;
  readonly endAtMs: number;
}

/** Of all plays together, but for the longest wait. */
export interface Figures {
  readonly turns: number;
  readonly requestsPerTurn: number;
  /** Waits in fair cycles: the mean time between two turns of one task. */
  readonly waitP99: number;
  /** The longest of each play: of one play a single moment decides in which the machine stood still. */
  readonly longestWait: Estimate;
  readonly fairCycleMs: number;
  /** Of the time in which somebody wanted it. */
  readonly heldShare: number;
  /** How often somebody held before the one before had let go. */
  readonly overlaps: number;
}

export function figuresOf(cell: Cell, plays: readonly Play[]): Figures {
  const each = plays.map((play) => ofOne(cell, play));
  const sum = (of: (one: OnePlay) => number): number => each.reduce((total, one) => total + of(one), 0);
  const waits = each.flatMap((one) => one.waits).sort((a, b) => a - b);
  const turns = sum((one) => one.waits.length);
  return {
    turns,
    requestsPerTurn: sum((one) => one.requests) / turns,
    waitP99: quantile(waits, 0.99),
    longestWait: spreadOf(each.map((one) => Math.max(...one.waits))),
    fairCycleMs: median(each.map((one) => one.fairCycleMs)),
    heldShare: sum((one) => one.heldShare) / each.length,
    overlaps: sum((one) => one.overlaps),
  };
}

interface OnePlay {
  /** In fair cycles. */
  readonly waits: readonly number[];
  readonly requests: number;
  readonly fairCycleMs: number;
  readonly heldShare: number;
  readonly overlaps: number;
}

function ofOne({ processes, tasks }: Cell, { taken, startAtMs, endAtMs }: Play): OnePlay {
  const turns = taken.flatMap((each) => each.turns).sort((a, b) => a.heldAtMs - b.heldAtMs);
  const inTime = turns.filter(({ heldAtMs }) => heldAtMs < endAtMs);
  const heldMs = inTime.reduce((sum, { heldAtMs, letGoAtMs }) => sum + Math.min(letGoAtMs, endAtMs) - heldAtMs, 0);
  const fairCycleMs = ((endAtMs - startAtMs) * processes * tasks) / inTime.length;
  return {
    waits: turns.map(({ askedAtMs, heldAtMs }) => (heldAtMs - askedAtMs) / fairCycleMs),
    requests: taken.reduce((sum, { requests }) => sum + requests, 0),
    fairCycleMs,
    heldShare: heldMs / (endAtMs - startAtMs),
    overlaps: turns.filter(({ heldAtMs }, at) => at > 0 && heldAtMs < (turns[at - 1]?.letGoAtMs ?? 0)).length,
  };
}
