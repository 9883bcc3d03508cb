import type { LoadedConfig } from '../config/index.ts';
import type { DashboardOptions } from '../dashboard/index.ts';
import type { TableRules } from '../forecast/index.ts';
import type { JournalEntry, PostgresJournal } from '../observe/index.ts';

/** Of a config: what decides who may have what. */
export function rulesOf({ source: _, envName: __, store: ___, jobs: ____, ...rules }: LoadedConfig): TableRules {
  return rules;
}

/** Enough to know how long each job holds at each hour; what is older says less. */
const historyMs = 7 * 86_400_000;
/** The dashboard asks each minute; how long jobs hold changes in days. */
const keptMs = 600_000;
/** As many as two pages of the past: read beside the page's own questions. */
const holdsRead = 2_000;

/** What the jobs of the config are going to hold, for the dashboard: their fires, for as long as the journal knows them to hold. */
export function outlookFor(config: LoadedConfig, journal: PostgresJournal): DashboardOptions['forecast'] {
  if (config.jobs === undefined) return undefined;
  let kept: { readonly entries: Promise<readonly JournalEntry[]>; readonly atMs: number } | undefined;
  return async (from, to) => {
    const nowMs = Date.now();
    if (kept === undefined || nowMs - kept.atMs > keptMs) {
      const entries = journal.entries({ kind: 'hold', begunSince: new Date(nowMs - historyMs), until: new Date(nowMs), limit: holdsRead });
      entries.catch(() => {
        kept = undefined;
      });
      kept = { entries, atMs: nowMs };
    }
    const { expectedHolds } = await import('../forecast/index.ts');
    const entries = await kept.entries;
    const span = { historyFromMs: nowMs - historyMs, historyToMs: nowMs, fromMs: from.getTime(), toMs: to.getTime() };
    return expectedHolds({ jobs: config.jobs, rules: rulesOf(config), entries, ...span });
  };
}
