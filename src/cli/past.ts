import type { PostgresJournal } from '../observe/index.ts';
import { journalUnread } from './exit-codes.ts';
import { type JournalFlags, openJournal } from './journal.ts';
import type { Terminal } from './terminal.ts';

/** The journal of the fleet, for a command that can do without. */
export interface Past {
  /** What `read` makes of it, or why there is nothing to be read. Never rejects. */
  ask<T>(read: (journal: PostgresJournal) => Promise<T>): Promise<T | Missing>;
  close(): Promise<void>;
}

interface Missing {
  readonly missing: string;
  /** There is one, and it did not answer. */
  readonly code?: typeof journalUnread;
}

const unnamed: Missing = {
  missing:
    'no journal is named. Workers write one with postgresJournal, or with GIVEWAY_JOURNAL under giveway run; set GIVEWAY_JOURNAL=postgres://… here to read it',
};

/** Connects when it is first asked. Rejects with `InvalidOptionError`. */
export async function openPast(terminal: Terminal, flags: JournalFlags): Promise<Past> {
  const open = await openJournal(terminal, flags);
  if (open === undefined) return { ask: async () => unnamed, close: async () => {} };
  return {
    ask: (read) =>
      read(open.journal).catch((error: unknown) => ({
        missing: `the journal could not be read: ${open.problem ?? error}`,
        code: journalUnread,
      })),
    close: () => open.close(),
  };
}
