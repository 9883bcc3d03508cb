import { needsOf } from '../lock/plan/scope.ts';
import { type Around, type Encounter, encounterOf, furthestMinutes, movedByAll } from '../observe/answers/encounter.ts';
import type { FireEntry, HoldEntry, Journal, JournalEntry, JournalQuery, SkipEntry, WaitEntry } from '../observe/index.ts';

/** Of what, and when, the past is asked. */
export interface Question {
  readonly about: { readonly resource: string } | { readonly job: string };
  readonly since: Date | undefined;
  readonly until: Date | undefined;
  /** The newest, at most. */
  readonly last: number;
}

/** As many can be asked for. */
export const mostShown = 1_000;

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
  const shown = entries.slice(0, last);
  const beganMs = await beginning(journal, shown);
  const encounters: Encounter[] = [];
  for (const entry of shown) {
    const usualOfJob = usual.get(entry.job);
    const around = await knownAround(journal, entry, usualOfJob ?? 0);
    const sinceMs = Math.max(beganMs, around.sinceMs);
    encounters.push(encounterOf(entry, { ...around, sinceMs, usualMs: usualOfJob, nowMs }));
  }
  const lostFires = 'job' in about ? await firesWithoutStore(journal, { ...about, ...window, limit: last }) : [];
  return { encounters, lostFires, moveByMinutes: movedByAll(encounters), isCut: found.isCut || entries.length > last };
}

const furthestMs = furthestMinutes * 60_000;
/** A job that is moved may meet who began before: nobody is there for longer, unless a config says so (`schedule` has an hour). */
const lookBackMs = furthestMs + 3_600_000;
/** Of one table, around one skip. Where there are more, what is known begins with the oldest that was read. */
const holdsRead = 2_000;
const holdsOfJob = 50;

/** Until when the past is known: a journal that began later tells nothing of before. */
async function beginning(journal: Pick<Journal, 'entries'>, entries: readonly (SkipEntry | WaitEntry)[]): Promise<number> {
  const firstMs = Math.min(...entries.map(askedMsOf));
  if (entries.length === 0) return firstMs;
  const farMs = firstMs - furthestMs;
  if ((await journal.entries({ until: new Date(farMs), limit: 1 })).length > 0) return farMs;
  const [oldest] = (await journal.entries({ until: new Date(firstMs), limit: holdsRead })).slice(-1);
  return oldest === undefined ? firstMs : (oldest.kind === 'hold' ? oldest.from : oldest.at).getTime();
}

/** What stood, or came to stand, on the tables that it wanted, and who else was kept from them. The holders may be there for longer than that. */
async function knownAround(
  journal: Pick<Journal, 'entries'>,
  entry: SkipEntry | WaitEntry,
  usualMs: number,
): Promise<Pick<Around, 'holds' | 'skips' | 'sinceMs'>> {
  const atMs = entry.at.getTime();
  const fromMs = Math.min(askedMsOf(entry) - lookBackMs, ...entry.holders.map(({ since }) => since.getTime() - 1));
  const scope = entry.kind === 'skip' ? entry.scope : undefined;
  const resources = scope === undefined ? [entry.resource] : needsOf(scope).map(({ resource }) => resource);
  const until = new Date(atMs + furthestMs + usualMs);
  const holds: HoldEntry[] = [];
  let sinceMs = fromMs;
  for (const resource of resources) {
    const found = await journal.entries({ resource, kind: 'hold', begunSince: new Date(fromMs), until, limit: holdsRead });
    const own = found.filter((hold) => hold.kind === 'hold');
    if (found.isCut) sinceMs = Math.max(sinceMs, ...own.slice(-1).map(({ from }) => from.getTime()));
    holds.push(...own);
  }
  if (!entry.holders.some(({ state }) => state === 'waiting')) return { holds, skips: [], sinceMs };
  const skips = await journal.entries({ resource: entry.resource, kind: 'skip', begunSince: new Date(fromMs), until, limit: holdsRead });
  return { holds, skips: skips.filter((skip) => skip.kind === 'skip'), sinceMs };
}

function askedMsOf(entry: SkipEntry | WaitEntry): number {
  return entry.at.getTime() - (entry.kind === 'skip' ? entry.waitedMs : 0);
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
