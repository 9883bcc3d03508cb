import type { JournalEntry } from '../observe/index.ts';
import { type JournalFlags, openJournal, readJournal } from './journal.ts';
import type { Terminal } from './terminal.ts';

/** What happened, as far back as was asked for. */
export interface History {
  readonly entries: readonly JournalEntry[];
  /** There was more: only the newest were read. */
  readonly isCut: boolean;
}

/** Some 100 MB; a fleet of twenty jobs writes as many in a month. */
const mostEntries = 200_000;

/** From the journal that `GIVEWAY_JOURNAL` names; `undefined`: none is named. Rejects when it cannot be read. */
export async function readHistory(terminal: Terminal, flags: JournalFlags, since: Date): Promise<History | undefined> {
  const open = await openJournal(terminal, flags);
  if (open === undefined) return undefined;
  try {
    const entries = await readJournal(open, (journal) => journal.entries({ since, limit: mostEntries }));
    return { entries, isCut: entries.isCut };
  } finally {
    await open.close();
  }
}
