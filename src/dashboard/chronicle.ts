import { type Chunk, chunkOf } from './chunk.ts';
import type { Fact } from './facts.ts';
import { patienceMs, within } from './latest.ts';
import { pacer } from './pace.ts';
import { type Page, pagesOf, type ReadJournal } from './pages.ts';

/** What was read of a journal, kept while somebody asks: each look reads what is new, and what nobody has asked for before. */
export interface Chronicle {
  /**
   * Reads what is new, and begins to read what is older, back to `fromMs`. Answers after `budgetMs` with what is known by then: who finds
   * it is not enough asks again. Never rejects.
   */
  read(fromMs: number, budgetMs: number): Promise<KnownPast>;
}

export interface KnownPast {
  readonly chunks: readonly Chunk[];
  /** All that began at this time or later is there. */
  readonly knownFromMs: number;
  /** There is more than is kept. */
  readonly isCut: boolean;
  /** The journal did not answer. */
  readonly isStale: boolean;
}

/** The longest time that can be asked for: as long as a journal in a table keeps its rows, if nothing is said. */
export const longestMs: number = 7 * 86_400_000;
/** What the first look reads. Later ones read as much beyond the time asked for: a hold that goes into it may have begun there. */
const hourMs = 3_600_000;
/** Who writes a journal gathers entries, and tries again every half minute while its database does not answer. */
const lateMs = 60_000;
/** A fact takes some 80 bytes, and a screen shows no more. */
const mostFacts = 700_000;
/** Nobody asked for so long: what was read is let go. */
const forgottenMs = 300_000;
/** Nobody asked for so long: older entries are read no further. */
const leftMs = 30_000;
const chunkSize = 1_000;

export function createChronicle(journal: ReadJournal, now: () => number = Date.now): Chronicle {
  let past = nothing(now());
  let askedMs = now();
  let backToMs = Number.POSITIVE_INFINITY;
  let readingNew: Promise<boolean> | undefined;
  let readingOlder: Promise<boolean> | undefined;

  async function readNew(atMs: number): Promise<void> {
    const { settledMs, open } = past;
    const found: Fact[] = [];
    for await (const { facts } of pagesOf(journal, settledMs, Number.POSITIVE_INFINITY)) found.push(...facts);
    const settlesMs = Math.max(settledMs, atMs - lateMs);
    // One whose process died comes again for as long as it might still be held, over since it began.
    const wentOn = new Set(open.filter(({ toMs }) => toMs === Number.POSITIVE_INFINITY).map(keyOf));
    const settled = found.filter((fact) => fact.toMs < settlesMs && (fact.toMs >= settledMs || wentOn.has(keyOf(fact))));
    past = { ...past, settledMs: settlesMs, open: found.filter(({ toMs }) => toMs >= settlesMs) };
    const pace = pacer();
    for (let from = 0; from < settled.length; from += chunkSize) {
      keep(settled.slice(from, from + chunkSize));
      await pace();
    }
  }

  async function readOlder(): Promise<void> {
    while (past.knownFromMs > backToMs && !past.isWhole && !past.isFull && now() - askedMs < leftMs) {
      // Goes on where it stopped: from anew, what began at the end of a page would come twice.
      past.older ??= pagesOf(journal, now() - longestMs - hourMs, past.knownFromMs);
      const { older } = past;
      const page = await older.next().catch((error) => {
        past.older = undefined;
        throw error;
      });
      if (page.done || past.older !== older) return;
      const { facts, oldestMs, isLast } = page.value;
      // The first look found what had not ended before its hour.
      keep(facts.filter(({ toMs }) => toMs < past.firstMs));
      past.knownFromMs = oldestMs;
      past.isWhole = isLast;
    }
  }

  function keep(facts: readonly Fact[]): void {
    if (facts.length === 0) return;
    const before = past.chunks.at(-1);
    if (before !== undefined && before.count + facts.length <= chunkSize)
      past.chunks[past.chunks.length - 1] = chunkOf([...before.facts(), ...facts]);
    else past.chunks.push(chunkOf(facts));
    past.count += facts.length;
    if (past.count > mostFacts) letGoOfOldest();
  }

  function letGoOfOldest(): void {
    const oldest = past.chunks.reduce((a, b) => (b.lastMs < a.lastMs ? b : a));
    past.chunks.splice(past.chunks.indexOf(oldest), 1);
    past.count -= oldest.count;
    past.knownFromMs = Math.max(past.knownFromMs, oldest.lastMs);
    past.isFull = true;
  }

  return {
    async read(fromMs, budgetMs) {
      const atMs = now();
      if (atMs - askedMs > forgottenMs) [past, backToMs] = [nothing(atMs), Number.POSITIVE_INFINITY];
      askedMs = atMs;
      readingNew ??= succeeds(readNew(atMs)).finally(() => {
        readingNew = undefined;
      });
      let isStale = !(await within(readingNew, patienceMs));
      // The first hour is there with all that went on in it.
      const isEnough = fromMs >= past.firstMs;
      if (!isEnough && !isStale) {
        backToMs = Math.min(backToMs, fromMs - hourMs);
        let hasFailed = false;
        readingOlder ??= succeeds(readOlder()).finally(() => {
          readingOlder = undefined;
        });
        const ended = readingOlder.then((isDone) => {
          hasFailed = !isDone;
          return true;
        });
        await within(ended, budgetMs);
        isStale = hasFailed;
      }
      const { chunks, open, knownFromMs, isFull, isWhole } = past;
      return {
        chunks: [...chunks, { count: open.length, lastMs: Number.POSITIVE_INFINITY, facts: () => open }],
        knownFromMs: isEnough ? fromMs : knownFromMs,
        isCut: (isFull || isWhole) && !isEnough && knownFromMs > fromMs,
        isStale,
      };
    },
  };
}

function succeeds(reading: Promise<void>): Promise<boolean> {
  return reading.then(
    () => true,
    () => false,
  );
}

interface ReadSoFar {
  /** What the first look read from. */
  readonly firstMs: number;
  /** What ended before will not change. */
  readonly settledMs: number;
  /** What had not ended by then. */
  readonly open: readonly Fact[];
  readonly chunks: Chunk[];
  count: number;
  knownFromMs: number;
  /** What the journal has before, once somebody asked. */
  older: AsyncGenerator<Page> | undefined;
  /** As many are kept as may be. */
  isFull: boolean;
  /** The journal has no more of the longest time. */
  isWhole: boolean;
}

function nothing(atMs: number): ReadSoFar {
  const firstMs = atMs - hourMs;
  return {
    firstMs,
    settledMs: firstMs,
    open: [],
    chunks: [],
    count: 0,
    knownFromMs: firstMs,
    older: undefined,
    isFull: false,
    isWhole: false,
  };
}

function keyOf({ kind, table, host, pid, fromMs }: Fact): string {
  return `${kind} ${table} ${host} ${pid} ${fromMs}`;
}
