import type { JournalEntry, JournalQuery } from '../observe/index.ts';
import { type Fact, factOf, startOf } from './facts.ts';

/** What the dashboard reads of a journal. */
export interface ReadJournal {
  entries(query?: JournalQuery): Promise<readonly JournalEntry[]>;
}

export interface Page {
  readonly facts: readonly Fact[];
  /** All that began at this time or later has been read, and more of the same page. */
  readonly oldestMs: number;
  readonly isLast: boolean;
}

/** Two thousand held the process up for 65 ms from answer to facts (2 cores, load 30, November 2026): nobody else should wait so long. */
const pageSize = 1_000;

/** What the journal has of a time, the newest first, a page at a time. Rejects with the journal's error. */
export async function* pagesOf(journal: ReadJournal, sinceMs: number, untilMs: number): AsyncGenerator<Page> {
  let beforeMs = untilMs;
  /** So many of those that began at the end of the last page were in it: the next one begins with them. */
  let repeated = 0;
  for (;;) {
    const limit = pageSize + repeated;
    const answer = await journal.entries({
      since: new Date(sinceMs),
      limit,
      ...(Number.isFinite(beforeMs) && { until: new Date(beforeMs) }),
    });
    // A journal that somebody wrote may not know every part of a query.
    const fresh = answer.filter((entry) => startOf(entry) < beforeMs).slice(repeated);
    const last = fresh.at(-1);
    const isLast = answer.length < limit || last === undefined;
    const facts = fresh.flatMap((entry) => factOf(entry) ?? []);
    if (last === undefined) return yield { facts, oldestMs: sinceMs, isLast };
    const oldestMs = startOf(last);
    const atEnd = fresh.filter((entry) => startOf(entry) === oldestMs).length;
    repeated = oldestMs + 1 === beforeMs ? repeated + atEnd : atEnd;
    beforeMs = oldestMs + 1;
    yield { facts, oldestMs: isLast ? sinceMs : beforeMs, isLast };
    if (isLast) return;
  }
}
