import { needsOf } from '../lock/plan/scope.ts';
import { encounterOf } from '../observe/answers/encounter.ts';
import type { Material } from '../observe/answers/report.ts';
import type { HoldEntry, JournalEntry, PostgresJournal } from '../observe/index.ts';
import { isMet, withoutEndedWaits } from './last-skips.ts';

/** More is not read: the newest tell what is to be changed now. */
const most = { encounters: 2_000, holdsOfJob: 500, holdsOfTable: 2_000, conflicts: 1_000, jobs: 200 };
/** A holder may have been there since. */
const lookBackMs = 3_600_000;

/** What the journal tells of the time, and of what there was more. Rejects with the database's error. */
export async function materialOf(
  journal: Pick<PostgresJournal, 'entries' | 'jobs'>,
  since: Date,
  until: Date,
): Promise<Material & { readonly isCut: readonly string[] }> {
  const window = { since, until };
  const met = await journal.entries({ ...window, kind: ['skip', 'wait'], limit: most.encounters });
  const aborted = await journal.entries({ ...window, kind: ['conflict', 'late-lock'], limit: most.conflicts });
  const entries = withoutEndedWaits(met.filter(isMet));
  // Those that were kept from something first, whoever else there is.
  const all = [...new Set([...entries.flatMap(({ job }) => job ?? []), ...(await journal.jobs())])];
  const jobs = all.slice(0, most.jobs);
  const holds: HoldEntry[] = [];
  let areHoldsCut = false;
  for (const job of jobs) {
    const own = await journal.entries({ job, kind: 'hold', begunSince: since, until, limit: most.holdsOfJob });
    areHoldsCut ||= own.isCut;
    holds.push(...own.filter(isHold));
  }
  const wanted = (entry: (typeof entries)[number]): readonly string[] =>
    entry.kind === 'skip' && entry.scope !== undefined ? needsOf(entry.scope).map(({ resource }) => resource) : [entry.resource];
  const around = { begunSince: new Date(since.getTime() - lookBackMs), until };
  const byTable = new Map<string, readonly HoldEntry[]>();
  for (const resource of new Set(entries.flatMap(wanted))) {
    const held = await journal.entries({ resource, kind: 'hold', ...around, limit: most.holdsOfTable });
    areHoldsCut ||= held.isCut;
    byTable.set(resource, held.filter(isHold));
  }
  // A job without a name cannot be asked for: what it held of the tables that somebody was kept from.
  holds.push(...[...byTable.values()].flat().filter(({ job, from }) => job === undefined && from >= since));
  const skips = entries.filter((entry) => entry.kind === 'skip');
  const nowMs = Date.now();
  return {
    encounters: entries.map((entry) => {
      const wantedHolds = wanted(entry).flatMap((resource) => byTable.get(resource) ?? []);
      // Whether a move would help is a question about one job, which `why` answers.
      return encounterOf(entry, { holds: wantedHolds, skips, sinceMs: since.getTime(), usualMs: undefined, nowMs });
    }),
    holds,
    conflicts: aborted.filter((entry) => entry.kind === 'conflict'),
    lateLocks: aborted.filter((entry) => entry.kind === 'late-lock'),
    isCut: [
      ...(met.isCut ? ['skips and waits'] : []),
      ...(areHoldsCut ? ['holds'] : []),
      ...(all.length > jobs.length ? ['jobs'] : []),
      ...(aborted.isCut ? ['conflicts'] : []),
    ],
  };
}

function isHold(entry: JournalEntry): entry is HoldEntry {
  return entry.kind === 'hold';
}
