import { needsOf } from '../lock/plan/scope.ts';
import { type Encounter, encounterOf, type Known, movedByAll } from '../observe/answers/encounter.ts';
import type { FireEntry, HoldEntry, Journal, JournalEntry, JournalQuery, SkipEntry, WaitEntry } from '../observe/index.ts';

/** Of what, and when, the past is asked. */
export interface Question {
  readonly about: { readonly resource: string } | { readonly job: string };
  readonly since: Date | undefined;
  readonly until: Date | undefined;
  /** The newest, at most. */
  readonly last: number;
}

/** What is known of who was kept from a table, or from what a job wanted. `missing` says why it is not known. */
export type LastSkips = FoundSkips | { readonly missing: string };

export interface FoundSkips {
  /** The newest first. */
  readonly encounters: readonly Encounter[];
  /** Fires of the job that were skipped since the store was down, the newest first. */
  readonly lostFires: readonly FireEntry[];
  /** So much later all of them would have met nobody. */
  readonly moveByMinutes: number | undefined;
  /** There were more. */
  readonly isCut: boolean;
}

/** The last skips and waits. */
export async function lastSkips(journal: Pick<Journal, 'entries'>, { about, since, until, last }: Question): Promise<FoundSkips> {
  const window = { ...(since && { since }), ...(until && { until }) };
  // A skip may have a wait before it.
  const found = await journal.entries({ ...about, ...window, kind: ['skip', 'wait'], limit: 2 * last });
  const entries = withoutEndedWaits(found.filter(isMet));
  const usual = new Map<string | undefined, number | undefined>();
  for (const { job } of entries) if (!usual.has(job)) usual.set(job, await usualMs(journal, job));
  const nowMs = Date.now();
  const everyHold = new Map<string, HoldEntry>();
  const encounters: Encounter[] = [];
  for (const entry of entries.slice(0, last)) {
    const holds = await holdsAround(journal, entry);
    for (const hold of holds) everyHold.set(`${hold.resource} ${hold.host} ${hold.pid} ${hold.from.getTime()} ${hold.job}`, hold);
    encounters.push(encounterOf(entry, { holds, usualMs: usual.get(entry.job), nowMs }));
  }
  const known: Known = { holds: [...everyHold.values()], usualMs: 'job' in about ? usual.get(about.job) : undefined, nowMs };
  const lostFires = 'job' in about ? await firesWithoutStore(journal, { ...about, ...window, limit: last }) : [];
  return { encounters, lostFires, moveByMinutes: movedByAll(encounters, known), isCut: found.isCut || entries.length > last };
}

const lookBackMs = 3_600_000;
const lookAheadMs = 1_800_000;
/** Of one table, around one skip. Where there are more, nobody is to be avoided by moving. */
const holdsRead = 2_000;
const holdsOfJob = 50;

/** What stood, or came to stand, on the tables that it wanted. The holders may be there for longer than that. */
async function holdsAround(journal: Pick<Journal, 'entries'>, entry: SkipEntry | WaitEntry): Promise<readonly HoldEntry[]> {
  const atMs = entry.at.getTime();
  const askedMs = atMs - (entry.kind === 'skip' ? entry.waitedMs : 0);
  const fromMs = Math.min(askedMs - lookBackMs, ...entry.holders.map(({ since }) => since.getTime() - 1));
  const scope = entry.kind === 'skip' ? entry.scope : undefined;
  const resources = scope === undefined ? [entry.resource] : needsOf(scope).map(({ resource }) => resource);
  const holds: JournalEntry[] = [];
  for (const resource of resources) {
    const around = { begunSince: new Date(fromMs), until: new Date(atMs + lookAheadMs) };
    holds.push(...(await journal.entries({ resource, kind: 'hold', ...around, limit: holdsRead })));
  }
  return holds.filter((hold) => hold.kind === 'hold');
}

async function firesWithoutStore(journal: Pick<Journal, 'entries'>, asked: JournalQuery): Promise<readonly FireEntry[]> {
  const fires = await journal.entries({ ...asked, kind: 'fire', outcome: 'store-down' });
  return fires.filter((entry) => entry.kind === 'fire');
}

/** The median of its last holds. */
async function usualMs(journal: Pick<Journal, 'entries'>, job: string | undefined): Promise<number | undefined> {
  if (job === undefined) return undefined;
  const holds = await journal.entries({ job, kind: 'hold', limit: holdsOfJob });
  const lengths = holds.flatMap((hold) => (hold.kind === 'hold' && hold.to !== undefined ? [hold.to.getTime() - hold.from.getTime()] : []));
  return lengths.sort((a, b) => a - b)[Math.floor(lengths.length / 2)];
}

export function isMet(entry: JournalEntry): entry is SkipEntry | WaitEntry {
  return entry.kind === 'skip' || entry.kind === 'wait';
}

/** A wait that ended in a skip is that skip. */
export function withoutEndedWaits(all: readonly (SkipEntry | WaitEntry)[]): readonly (SkipEntry | WaitEntry)[] {
  return all.filter((entry) => entry.kind === 'skip' || !all.some((other) => endsWait(other, entry)));
}

function endsWait(skip: SkipEntry | WaitEntry, wait: WaitEntry): boolean {
  if (skip.kind !== 'skip' || skip.job !== wait.job || skip.pid !== wait.pid || skip.host !== wait.host) return false;
  // The clock of the wait is not that of its length, to a millisecond.
  return wait.at <= skip.at && wait.at.getTime() >= skip.at.getTime() - skip.waitedMs - 1;
}
