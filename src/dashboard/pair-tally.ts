import { type Fact, nameOf } from './facts.ts';
import type { Pace } from './pace.ts';
import type { PairView } from './view.ts';

/** Counts who was in whose way, in any order. */
export interface PairTally {
  add(fact: Fact): void;
  /** The most frequent first. */
  pairs(pace: Pace): Promise<readonly PairView[]>;
}

type Cell = { skips: number; waits: number };
interface Asker {
  readonly waits: Fact[];
  /** Skips that had waited. */
  readonly endings: Fact[];
}

/** Work that does not wait has asked before it is skipped. */
const leastWaitMs = 50;

export function createPairTally(): PairTally {
  const byBlocked = new Map<string, Map<string, Cell>>();
  const askers = new Map<string, Asker>();
  const count = (fact: Fact, what: keyof Cell): void => {
    const row = byBlocked.get(nameOf(fact)) ?? new Map<string, Cell>();
    byBlocked.set(nameOf(fact), row);
    for (const blocker of new Set(fact.by.map(nameOf))) {
      const cell = row.get(blocker) ?? { skips: 0, waits: 0 };
      row.set(blocker, cell);
      cell[what]++;
    }
  };
  const askerOf = ({ job, host, pid }: Fact): Asker => {
    const key = JSON.stringify([job, host, pid]);
    const asker = askers.get(key) ?? { waits: [], endings: [] };
    askers.set(key, asker);
    return asker;
  };
  return {
    add(fact) {
      if (fact.kind === 'wait') askerOf(fact).waits.push(fact);
      if (fact.kind !== 'skip') return;
      if (fact.reason === 'busy') count(fact, 'skips');
      if (fact.waitedMs >= leastWaitMs) askerOf(fact).endings.push(fact);
    },
    async pairs(pace) {
      for (const asker of askers.values()) {
        for (const wait of withoutEnded(asker)) count(wait, 'waits');
        await pace();
      }
      askers.clear();
      return [...byBlocked]
        .flatMap(([blocked, row]) => [...row].map(([by, cell]): PairView => ({ blocked, by, ...cell })))
        .sort((a, b) => b.skips - a.skips || b.waits - a.waits || (a.blocked < b.blocked ? -1 : 1));
    },
  };
}

/** How often somebody was in somebody's way. */
export function timesOf(pairs: readonly PairView[]): number {
  return pairs.reduce((sum, { skips, waits }) => sum + skips + waits, 0);
}

/** A wait that ended in a skip is that skip. Each skip ends the first wait that is as long ago as it had waited. */
function withoutEnded({ waits, endings }: Asker): readonly Fact[] {
  if (endings.length === 0) return waits;
  const left = [...waits].sort((a, b) => a.fromMs - b.fromMs);
  const begun = endings
    .map(({ fromMs, waitedMs }) => ({ fromMs: fromMs - waitedMs - 1, toMs: fromMs }))
    .sort((a, b) => a.fromMs - b.fromMs);
  const kept: Fact[] = [];
  let next = 0;
  for (const wait of left) {
    while (next < begun.length && (begun[next] as (typeof begun)[number]).toMs < wait.fromMs) next++;
    const ending = begun[next];
    if (ending !== undefined && wait.fromMs >= ending.fromMs) next++;
    else kept.push(wait);
  }
  return kept;
}
