import { printable } from '../lock/holder.ts';
import { isHold, nameOf, type TableFact } from './facts.ts';
import type { Numbers } from './numbers.ts';
import type { LaneView, Range, Span, SpanKind } from './view.ts';

/** A screen is a thousand or two of points wide, and a span takes two of them at least. */
const spansInLane = 400;
/** While a lane is gathered, it has room for what `joined` may still make one of. More would be spans by the hundred thousand. */
const spansGathered = 4 * spansInLane;

/** Gathers what happened to one table, in any order. */
export interface Lane {
  add(fact: TableFact): void;
  view(): LaneView;
}

/** What is near each other, of one kind and of one job is one span, so that their number is bounded. */
export function createLane(table: string, { fromMs, toMs }: Range, names: Numbers<string>): Lane {
  const grainMs = (toMs - fromMs) / spansInLane;
  let slotMs = grainMs;
  let bySlot = new Map<string, Span>();
  let [holds, skips, conflicts] = [0, 0, 0];
  const put = (span: Span): void => {
    const slot = `${Math.floor(span[1] / slotMs)} ${keyOf(span)}`;
    const before = bySlot.get(slot);
    bySlot.set(slot, before === undefined ? span : both(before, span));
  };
  /** Where no two are of one kind and job, longer slots make them no fewer. */
  const coarsen = (): void => {
    while (bySlot.size > spansGathered && slotMs < toMs - fromMs) {
      const spans = [...bySlot.values()];
      slotMs *= 2;
      bySlot = new Map();
      for (const span of spans) put(span);
    }
  };
  return {
    add(fact) {
      if (isHold(fact)) holds++;
      else if (fact.kind === 'skip' && fact.reason === 'busy') skips++;
      else if (fact.kind === 'conflict') conflicts++;
      if (!isShown(fact)) return;
      put(spanOf(fact, fromMs, names));
      coarsen();
    },
    view() {
      const sorted = [...bySlot.values()].sort(([, a], [, b]) => a - b);
      let spans = joined(sorted, grainMs);
      for (let coarser = 2 * grainMs; spans.length > spansInLane && coarser <= 2 * (toMs - fromMs); coarser *= 2)
        spans = joined(spans, coarser);
      return { resource: table, title: printable(table), holds, skips, conflicts, spans: mostFrequent(spans) };
    },
  };
}

/** A locker that closes, or work that is called off, says nothing of the table; who waits is seen by what comes of it. */
function isShown({ kind, reason }: TableFact): boolean {
  return kind !== 'wait' && reason !== 'closed' && reason !== 'aborted';
}

const goesOn = -1;

function spanOf(fact: TableFact, fromMs: number, names: Numbers<string>): Span {
  const [blocker] = fact.by;
  const from = Math.round(fact.fromMs - fromMs);
  const to = Number.isFinite(fact.toMs) ? Math.round(fact.toMs - fromMs) : goesOn;
  return [fact.kind, from, to, names.numberOf(nameOf(fact)), 1, blocker === undefined ? -1 : names.numberOf(nameOf(blocker))];
}

function keyOf([kind, , , job, , by]: Span): string {
  return `${kind satisfies SpanKind} ${job} ${by}`;
}

function both([kind, fromA, toA, job, countA, by]: Span, [, fromB, toB, , countB]: Span): Span {
  const to = toA === goesOn || toB === goesOn ? goesOn : Math.max(toA, toB);
  return [kind, Math.min(fromA, fromB), to, job, countA + countB, by];
}

/** Spans of so many jobs that no grain makes them few enough. */
function mostFrequent(spans: readonly Span[]): readonly Span[] {
  if (spans.length <= spansInLane) return spans;
  const shown = [...spans].sort((a, b) => b[4] - a[4]).slice(0, spansInLane);
  return shown.sort(([, a], [, b]) => a - b);
}

/** `spans` are in the order of their beginnings. */
function joined(spans: readonly Span[], grainMs: number): readonly Span[] {
  const done: Span[] = [];
  const last = new Map<string, number>();
  for (const span of spans) {
    const index = last.get(keyOf(span));
    const before = index === undefined ? undefined : done[index];
    if (index !== undefined && before !== undefined && (before[2] === goesOn || span[1] - before[2] < grainMs)) {
      done[index] = both(before, span);
    } else {
      last.set(keyOf(span), done.push(span) - 1);
    }
  }
  return done;
}
