import type { Estimate } from '../estimate.ts';
import type { StoreName } from '../lock-store.ts';
import { markdownTable } from '../table.ts';
import { targetLines as linesOf, type Target } from '../targets.ts';
import { type Cell, crowd } from './cells.ts';
import type { Figures } from './figures.ts';
import type { Waiters } from './waiters-worker.ts';

export interface Measured {
  readonly cell: Cell;
  readonly figures: Figures;
  /** Of the ideal lock server, where it was played beside. */
  readonly ideal: Figures | undefined;
}

export type Served = Pick<Waiters, 'mode' | 'count'> & ({ readonly microsEach: number } | { readonly failed: string });

export function tableOf(measured: readonly Measured[]): string {
  const head = [
    'processes × tasks',
    'hold ms',
    'turns',
    'requests each',
    'fair cycle ms',
    'wait p99, cycles',
    'longest',
    'longest, ideal',
    'held %',
    'ideal',
    'overlaps',
  ];
  const rows = measured.map(({ cell: { processes, tasks, holdMs }, figures, ideal }) => [
    `${processes} × ${tasks}`,
    holdMs,
    figures.turns,
    figures.requestsPerTurn.toFixed(2),
    figures.fairCycleMs.toFixed(1),
    figures.waitP99.toFixed(2),
    spreadText(figures.longestWait),
    ideal === undefined ? '' : spreadText(ideal.longestWait),
    (figures.heldShare * 100).toFixed(1),
    ideal === undefined ? '' : (ideal.heldShare * 100).toFixed(1),
    figures.overlaps,
  ]);
  return markdownTable(head, rows);
}

function spreadText({ median, least, most }: Estimate): string {
  return least === most ? median.toFixed(2) : `${median.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`;
}

export function waitersTable(served: readonly Served[]): string {
  const rows = served.map((each) => [each.mode, each.count, 'failed' in each ? each.failed : each.microsEach.toFixed(1)]);
  return markdownTable(['waiters in one process', 'count', 'µs each'], rows);
}

const heldShareWanted: Readonly<Record<StoreName, number>> = { memcached: 0.93, redis: 0.93, postgres: 0.75 };
/** Ten times as many may cost each one this much more: caches and garbage, but nothing that grows with their number. */
const linearWithin = 1.5;

export function targetLines(store: StoreName, measured: readonly Measured[], served: readonly Served[]): string {
  const targets: Target[] = [];
  const alone = measured.filter(({ cell }) => cell.tasks === 1);
  for (const { cell, figures } of alone) {
    if (cell.holdMs !== 30) continue;
    const limit = cell.processes < 64 ? 10 : 20;
    targets.push({ name: `requests each, ${cell.processes} processes, 30 ms`, value: figures.requestsPerTurn, bound: '≤', limit });
  }
  if (alone.length > 0) {
    const worst = alone.reduce((a, b) => (b.figures.longestWait.median > a.figures.longestWait.median ? b : a));
    const name = `longest wait in fair cycles, the worst cell (${worst.cell.processes} processes, ${worst.cell.holdMs} ms)`;
    targets.push({ name, value: worst.figures.longestWait.median, bound: '≤', limit: 2 });
  }
  for (const { cell, figures } of measured) {
    const { processes, tasks, holdMs } = cell;
    if (processes !== crowd.processes || tasks !== crowd.tasks || holdMs !== crowd.holdMs) continue;
    targets.push({ name: 'share of the time held, 4 × 8, 5 ms', value: figures.heldShare, bound: '≥', limit: heldShareWanted[store] });
  }
  targets.push({ name: 'overlaps', value: measured.reduce((sum, { figures }) => sum + figures.overlaps, 0), bound: '≤', limit: 0 });
  const microsOf = (mode: string, count: number): number => {
    const found = served.find((each) => each.mode === mode && each.count === count);
    return found !== undefined && 'microsEach' in found ? found.microsEach : Number.NaN;
  };
  for (const mode of new Set(served.map((each) => each.mode))) {
    const value = microsOf(mode, 10_000) / microsOf(mode, 1_000);
    targets.push({ name: `10,000 waiters, time each beside 1,000, ${mode}`, value, bound: '≤', limit: linearWithin });
  }
  return linesOf(targets);
}
