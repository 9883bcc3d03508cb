import type { JournalEntry, SkipEntry } from '../observe/index.ts';
import { shortly } from './durations.ts';
import { type JournalFlags, openJournal } from './journal.ts';
import { shownNames } from './sight.ts';
import { printable, type Terminal } from './terminal.ts';
import { jobInWords, placeInWords } from './words.ts';

/** What is known of the last skips of a resource. `missing` says why it is not known. */
export type LastSkips = { readonly skips: readonly SkipEntry[] } | { readonly missing: string };

const shown = 5;

/** From the journal that `GIVEWAY_JOURNAL` names. Rejects only with `InvalidOptionError`. */
export async function lastSkips(terminal: Terminal, flags: JournalFlags, resource: string): Promise<LastSkips> {
  const open = await openJournal(terminal, flags);
  if (open === undefined) {
    return {
      missing:
        'no journal is named. Workers write one with postgresJournal, or with GIVEWAY_JOURNAL under giveway run; set GIVEWAY_JOURNAL=postgres://… here to read it',
    };
  }
  try {
    const entries = await open.journal.entries({ resource, kind: 'skip', limit: shown });
    return { skips: entries.filter(isSkip) };
  } catch {
    return { missing: `the journal could not be read: ${open.problem}` };
  } finally {
    await open.close();
  }
}

function isSkip(entry: JournalEntry): entry is SkipEntry {
  return entry.kind === 'skip';
}

export function skipsInWords(last: LastSkips, nowMs: number): readonly string[] {
  if ('missing' in last) return [`Last skips: ${printable(last.missing.replace(/\.$/, ''))}.`];
  if (last.skips.length === 0) return ['Last skips: none in the journal.'];
  return ['Last skips:', ...last.skips.map((skip) => `  ${skipInWords(skip, nowMs)}`)];
}

/** `null`: they are not known. */
export function skipsJson(last: LastSkips): readonly object[] | null {
  if ('missing' in last) return null;
  return last.skips.map(({ holders, ...skip }) => ({
    ...skip,
    ...shownNames(skip),
    holders: holders.map((holder) => ({ ...holder, ...shownNames(holder) })),
  }));
}

const reasons: Readonly<Record<SkipEntry['reason'], string>> = {
  busy: 'it was busy',
  'store-down': 'the store did not answer',
  closed: 'its process was ending',
  aborted: 'its own signal ended the wait',
};

function skipInWords({ at, job, host, pid, reason, holders, waitedMs }: SkipEntry, nowMs: number): string {
  const waited = waitedMs >= 1_000 ? ` after ${shortly(waitedMs)} of waiting` : '';
  const [first] = holders;
  const more = holders.length > 1 ? ` and ${holders.length - 1} more` : '';
  const holder =
    first === undefined ? '' : `, held by ${jobInWords(first.job)} (${first.mode}) ${placeInWords(first.host, first.pid)}${more}`;
  const age = shortly(Math.max(0, nowMs - at.getTime()));
  return `${age} ago: ${jobInWords(job)} ${placeInWords(host, pid)}, was skipped${waited}: ${reasons[reason]}${holder}`;
}
