import type { SkipReason } from '../lock/api/run.ts';
import { printable } from '../lock/holder.ts';
import type { JournalEntry, SeenHolder } from '../observe/index.ts';
import { viewOfSeen } from './holder-view.ts';
import type { HolderView, SpanKind } from './view.ts';

/** What the dashboard keeps of an entry of the journal. All that it knows of the journal's entries stands in this file. */
export interface Fact {
  /** `fire`: a fire whose work ran under it, whatever tables that took besides. */
  readonly kind: SpanKind | 'fire';
  /** Of a fire, its schedule's name. */
  readonly table: string;
  readonly job: string | undefined;
  readonly host: string;
  readonly pid: number;
  readonly fromMs: number;
  /** As `fromMs` for what takes no time, and where nobody told of an end; `Infinity`: it goes on. */
  readonly toMs: number;
  readonly waitedMs: number;
  /** Of a skip. */
  readonly reason: SkipReason | undefined;
  /** Who was in the way, the first of them. */
  readonly by: readonly Omit<HolderView, 'id'>[];
}

type OfTable = Pick<Fact, 'job' | 'host' | 'pid'> & { readonly resource: string };

/** As many are shown with a skip. */
const blockersKept = 3;
const nobody: Fact['by'] = [];

/** `undefined`: nothing ran, and nothing was in the way. */
export function factOf(entry: JournalEntry): Fact | undefined {
  switch (entry.kind) {
    case 'hold': {
      const { from, to, outcome, isProtected, waitedMs } = entry;
      const kind = !isProtected ? 'unprotected' : outcome === 'lost' || outcome === 'not-ours' ? 'lost' : 'held';
      const toMs = outcome === 'ongoing' ? Number.POSITIVE_INFINITY : (to ?? from).getTime();
      return { kind, ...about(entry), fromMs: from.getTime(), toMs, waitedMs, reason: undefined, by: nobody };
    }
    case 'skip':
      return {
        kind: 'skip',
        ...about(entry),
        ...instant(entry.at),
        waitedMs: entry.waitedMs,
        reason: entry.reason,
        by: blockers(entry.holders),
      };
    case 'wait':
      return { kind: 'wait', ...about(entry), ...instant(entry.at), waitedMs: 0, reason: undefined, by: blockers(entry.holders) };
    case 'conflict':
      return { kind: 'conflict', ...about(entry), ...instant(entry.at), waitedMs: 0, reason: undefined, by: nobody };
    case 'fire': {
      const { name, job, host, pid, at, to, outcome } = entry;
      if (outcome !== 'ran') return undefined;
      const toMs = to?.getTime() ?? Number.POSITIVE_INFINITY;
      return { kind: 'fire', table: name, job, host, pid, fromMs: at.getTime(), toMs, waitedMs: 0, reason: undefined, by: nobody };
    }
    default:
      return undefined;
  }
}

/** Where the next page of the journal begins. */
export function startOf(entry: JournalEntry): number {
  return (entry.kind === 'hold' ? entry.from : entry.at).getTime();
}

/** Something that happened to a table. */
export type TableFact = Fact & { readonly kind: SpanKind };

export function isOfTable(fact: Fact): fact is TableFact {
  return fact.kind !== 'fire';
}

/** Is it work that ran with a table? */
export function isHold({ kind }: Fact): boolean {
  return kind === 'held' || kind === 'unprotected' || kind === 'lost';
}

/** What work without a name is called. */
export const nameless = 'a job without a name';

/** What a job is called where names are shown. */
export function nameOf({ job }: { readonly job: string | undefined }): string {
  return job === undefined ? nameless : printable(job);
}

function about({ resource, job, host, pid }: OfTable): Pick<Fact, 'table' | 'job' | 'host' | 'pid'> {
  return { table: resource, job, host, pid };
}

function instant(at: Date): { readonly fromMs: number; readonly toMs: number } {
  return { fromMs: at.getTime(), toMs: at.getTime() };
}

/** Those who only waited ahead of it were kept from the table themselves. */
function blockers(holders: readonly SeenHolder[]): Fact['by'] {
  const holding = holders.filter(({ state }) => state !== 'waiting');
  return (holding.length > 0 ? holding : holders).slice(0, blockersKept).map(viewOfSeen);
}
