import type { Fact } from './facts.ts';
import { patienceMs, within } from './latest.ts';
import { pagesOf, type ReadJournal } from './pages.ts';

/** What was read of a journal, kept while somebody asks: each look reads what is new, and what nobody has asked for before. */
export interface Chronicle {
  /** Reads what is new and, within `budgetMs`, what is older, back to `fromMs`: who finds it is not enough asks again. Never rejects. */
  read(fromMs: number, budgetMs: number): Promise<Known>;
}

export interface Known {
  readonly chunks: readonly Chunk[];
  /** All that began at this time or later is there. */
  readonly knownFromMs: number;
  /** There is more than is kept. */
  readonly isCut: boolean;
  /** The journal did not answer. */
  readonly isStale: boolean;
}

/** Some facts, so that whoever goes through all of them can pause between. */
export interface Chunk {
  readonly facts: readonly Fact[];
  /** When the last of them ended. */
  readonly lastMs: number;
}

/** The longest time that can be asked for: as long as a journal in a table keeps its rows, if nothing is said. */
export const longestMs: number = 7 * 86_400_000;
/** What the first look reads. Later ones read as much beyond the time asked for: a hold that goes into it may have begun there. */
const hourMs = 3_600_000;
/** Who writes a journal gathers entries, and tries again every half minute while its database does not answer. */
const lateMs = 60_000;
/** Of some 150 bytes each: a hundred megabytes. */
const mostFacts = 700_000;
/** Nobody asked for so long: what was read is let go. */
const forgottenMs = 300_000;
const chunkSize = 1_000;

export function createChronicle(journal: ReadJournal, now: () => number = Date.now): Chronicle {
  let past = nothing(now());
  let askedMs = now();
  let reading: { readonly fromMs: number; readonly done: Promise<boolean> } | undefined;

  async function readNew(atMs: number): Promise<void> {
    const { settledMs, open } = past;
    const found: Fact[] = [];
    for await (const { facts } of pagesOf(journal, settledMs, Number.POSITIVE_INFINITY)) found.push(...facts);
    const settlesMs = Math.max(settledMs, atMs - lateMs);
    // One whose process died comes again for as long as it might still be held, over since it began.
    const wentOn = new Set(open.filter(({ toMs }) => toMs === Number.POSITIVE_INFINITY).map(keyOf));
    const settled = found.filter((fact) => fact.toMs < settlesMs && (fact.toMs >= settledMs || wentOn.has(keyOf(fact))));
    past = { ...past, settledMs: settlesMs, open: found.filter(({ toMs }) => toMs >= settlesMs) };
    keep(settled);
  }

  async function readOlder(backToMs: number, untilMonoMs: number): Promise<void> {
    const sinceMs = now() - longestMs - hourMs;
    for await (const { facts, oldestMs, isLast } of pagesOf(journal, sinceMs, past.knownFromMs)) {
      // The first look found what had not ended before its hour.
      keep(facts.filter(({ toMs }) => toMs < past.firstMs));
      past.knownFromMs = isLast ? sinceMs : oldestMs;
      past.isWhole = isLast;
      if (isLast || oldestMs <= backToMs || past.isFull || performance.now() >= untilMonoMs) return;
    }
  }

  function keep(facts: readonly Fact[]): void {
    if (facts.length === 0) return;
    const lastMs = facts.reduce((last, { toMs }) => Math.max(last, toMs), 0);
    const before = past.chunks.at(-1);
    if (before !== undefined && before.facts.length + facts.length <= chunkSize)
      past.chunks[past.chunks.length - 1] = { facts: [...before.facts, ...facts], lastMs: Math.max(lastMs, before.lastMs) };
    else past.chunks.push({ facts, lastMs });
    past.count += facts.length;
    if (past.count > mostFacts) letGoOfOldest();
  }

  function letGoOfOldest(): void {
    const oldest = past.chunks.reduce((a, b) => (b.lastMs < a.lastMs ? b : a));
    past.chunks.splice(past.chunks.indexOf(oldest), 1);
    past.count -= oldest.facts.length;
    past.knownFromMs = Math.max(past.knownFromMs, oldest.lastMs);
    past.isFull = true;
  }

  async function readNow(fromMs: number, budgetMs: number): Promise<void> {
    const atMs = now();
    if (atMs - askedMs > forgottenMs) past = nothing(atMs);
    askedMs = atMs;
    const untilMonoMs = performance.now() + budgetMs;
    await readNew(atMs);
    const backToMs = fromMs - hourMs;
    // The first hour is there with all that went on in it.
    if (fromMs < past.firstMs && past.knownFromMs > backToMs && !past.isFull && !past.isWhole) await readOlder(backToMs, untilMonoMs);
  }

  return {
    async read(fromMs, budgetMs) {
      // Somebody reads already: for an answer that will do, or only to wait for.
      while (reading !== undefined && reading.fromMs > fromMs && (await within(reading.done, patienceMs)));
      reading ??= {
        fromMs,
        done: readNow(fromMs, budgetMs).then(
          () => true,
          () => false,
        ),
      };
      const mine = reading;
      void mine.done.then(() => {
        if (reading === mine) reading = undefined;
      });
      const isStale = !(await within(mine.done, patienceMs));
      const { chunks, open, knownFromMs, firstMs, isFull, isWhole } = past;
      const isEnough = fromMs >= firstMs;
      return {
        chunks: [...chunks, { facts: open, lastMs: Number.POSITIVE_INFINITY }],
        knownFromMs: isEnough ? fromMs : knownFromMs,
        isCut: (isFull || isWhole) && !isEnough && knownFromMs > fromMs,
        isStale,
      };
    },
  };
}

interface Past {
  /** What the first look read from. */
  readonly firstMs: number;
  /** What ended before will not change. */
  readonly settledMs: number;
  /** What had not ended by then. */
  readonly open: readonly Fact[];
  readonly chunks: Chunk[];
  count: number;
  knownFromMs: number;
  /** As many are kept as may be. */
  isFull: boolean;
  /** The journal has no more of the longest time. */
  isWhole: boolean;
}

function nothing(atMs: number): Past {
  const firstMs = atMs - hourMs;
  return { firstMs, settledMs: firstMs, open: [], chunks: [], count: 0, knownFromMs: firstMs, isFull: false, isWhole: false };
}

function keyOf({ kind, table, host, pid, fromMs }: Fact): string {
  return `${kind} ${table} ${host} ${pid} ${fromMs}`;
}
